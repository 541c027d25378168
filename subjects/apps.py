from importlib import import_module

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "subjects"

    def ready(self) -> None:
        """Register what this app holds about people."""
        import_module("subjects.personal")
