from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        from consents import collected, examinations, forget, gates, personal  # noqa: F401 - it registers itself
        from subjects import erasure, intake

        examinations.register_all()
        gates.register()
        erasure.register_relationship_guard(forget.standing)
        erasure.register_cleaner(forget.clean)
        intake.register_consents(collected.capture_all)
