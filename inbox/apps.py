from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from inbox import examinations, personal, triage  # noqa: F401 - what the second declares counts
        from requests import moves

        examinations.register_all()
        moves.when_taken_up(triage.finish_replies)
