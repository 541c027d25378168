from django.apps import AppConfig


class BreachesConfig(AppConfig):
    name = "breaches"

    def ready(self) -> None:
        from breaches import personal  # noqa: F401 - what it declares counts
