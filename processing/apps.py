from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProcessingConfig(AppConfig):
    name = "processing"
    verbose_name = _("Register")

    def ready(self) -> None:
        from processing import automated, examinations  # models must be loaded first

        examinations.register_all()
        automated.register()
