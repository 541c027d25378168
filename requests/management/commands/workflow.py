from typing import Any

from django.core.management.base import BaseCommand, no_translations

from requests.diagram import page


class Command(BaseCommand):
    help = "Prints docs/workflow.md, the states of a request and the moves between them, from the table of moves."
    requires_system_checks: list[str] = []

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(page(), ending="")
