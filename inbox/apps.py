from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from breaches import expiry as breaches
        from inbox import examinations, expiry, personal, triage  # noqa: F401 - what the third declares counts
        from requests import asking_again, moves
        from requests.expiry import register_held

        examinations.register_all()
        asking_again.also_unread(triage.unread_replies)
        moves.when_taken_up(triage.finish_replies)
        register_held(expiry.over_cases)
        breaches.register_held(expiry.over_breaches)
