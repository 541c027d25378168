from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        from staff import checks, events  # noqa: F401  (importing registers the checks; models must be loaded first)

        # Signals because these steps happen inside allauth and Django, which offer no other place.
        events.connect()
