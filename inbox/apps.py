from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from inbox import examinations, personal  # noqa: F401 - what the second declares counts

        examinations.register_all()
