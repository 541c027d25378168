from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        from consents import gates, personal  # noqa: F401 - personal registers its categories when imported

        gates.register()
