from django.apps import AppConfig


class CookiesConfig(AppConfig):
    name = "cookies"

    def ready(self) -> None:
        from consents import browsers
        from cookies import (
            personal,  # noqa: F401 - what it declares counts
            withdrawing,
        )

        browsers.register(withdrawing.end, withdrawing.purposes)
