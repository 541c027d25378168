from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        from consents import collected, forget, gates, personal  # noqa: F401 - personal registers when imported
        from subjects import erasure, intake

        gates.register()
        erasure.register_relationship_guard(forget.standing)
        erasure.register_cleaner(forget.clean)
        intake.register_consents(collected.capture_all)
