from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Evidence")

    def ready(self) -> None:
        from ledger import examinations  # models must be loaded first

        examinations.register_all()
