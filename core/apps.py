from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("Settings")

    def ready(self) -> None:
        # Imported here because models must be loaded first.
        from core import examinations, holidays, mail, outbox, personal, reference, roles, rules, schema  # noqa: F401
        from core.models import Outbox

        examinations.register_all()
        outbox.register_carrier(Outbox.Kind.MAIL, mail.send)
        for loader in (rules.load, holidays.load, roles.load_groups):
            reference.register(loader)
        # A signal because `migrate` offers no other place. It is sent once per app: the last comes after the
        # permissions of all of them have been made.
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(_after_migrate, sender=last, dispatch_uid="core.after_migrate")


def _after_migrate(using: str = DEFAULT_DB_ALIAS, **_rest: Any) -> None:
    """Rights and reference data, once every table is there."""
    from core import reference, roles  # models must be loaded first
    from core.readiness import is_migrated

    if using != DEFAULT_DB_ALIAS or not is_migrated():
        return
    roles.grant()
    reference.load()
