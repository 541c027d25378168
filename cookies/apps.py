from django.apps import AppConfig


class CookiesConfig(AppConfig):
    name = "cookies"

    def ready(self) -> None:
        from cookies import personal  # noqa: F401 - what it declares counts
