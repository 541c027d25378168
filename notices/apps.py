from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"

    def ready(self) -> None:
        from consents import notice_versions
        from notices import published

        notice_versions.register(published.days)
