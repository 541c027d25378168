from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"

    def ready(self) -> None:
        from core.models import Outbox
        from core.outbox import register_carrier
        from retention import erasure, examinations, personal, replay, tombstones, writebacks  # noqa: F401 - its declarations count
        from subjects.erasure import register_eraser
        from subjects.items import register_late_write_keeper, register_write_guard
        from subjects.late import register_crowd_guard, register_person_guard

        examinations.register_all()
        register_carrier(Outbox.Kind.JOURNAL, replay.carry)
        register_eraser(erasure.erase)
        register_write_guard(writebacks.is_refused)
        register_late_write_keeper(writebacks.keep)
        register_person_guard(writebacks.is_gone)
        register_crowd_guard(tombstones.erased_since)
