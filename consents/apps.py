from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        from consents import carrying, collected, examinations, forget, gates, notice_versions, webhooks
        from consents import personal as personal  # it registers itself
        from core import outbox
        from core.models import Outbox
        from subjects import erasure, intake, people, sharing

        examinations.register_all()
        gates.register()
        outbox.register_carrier(Outbox.Kind.WEBHOOK, webhooks.carry)
        erasure.register_relationship_guard(forget.standing, forget.keeping)
        erasure.register_cleaner(forget.clean)
        intake.register_consents(collected.capture_all)
        intake.register_notices(notice_versions.fault_between)
        people.register_linked(carrying.together)
        sharing.register_alone(carrying.alone)
