from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from inbox import examinations, personal, triage  # noqa: F401 - what the second declares counts
        from requests import asking_again, moves

        examinations.register_all()
        asking_again.also_unread(triage.unread_replies)
        moves.when_taken_up(triage.finish_replies)
