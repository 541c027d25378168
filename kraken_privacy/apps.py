from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class KrakenAdminConfig(AdminConfig):
    """Django's admin on our own site object, which carries the DPO's working pages."""

    default_site = "kraken_privacy.site.KrakenAdminSite"


class KrakenConfig(AppConfig):
    """The project itself, for the sake of its commands and what joins the apps."""

    name = "kraken_privacy"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from core import commands, reference
        from kraken_privacy import examinations, gate, joins, whole  # models are only there once every app is loaded

        joins.join()
        examinations.register_all()
        register(gate.check_restored, Tags.database)
        reference.register(whole.note)
        commands.register(gate.closed_to_commands)
