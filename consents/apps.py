from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        from consents import forget, gates, personal  # noqa: F401 - personal registers its categories when imported
        from subjects import erasure

        gates.register()
        erasure.register_cleaner(forget.clean)
