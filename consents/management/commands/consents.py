"""`manage.py consents rebuild [--check]`: compare the states with the events, and put them right."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consents import rebuild


class Command(BaseCommand):
    help = "Checks the consent states against the events, or makes them anew from the events."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        action = actions.add_parser("rebuild", help="make every state what its events add up to")
        action.add_argument("--check", action="store_true", help="only count the states that differ; exit 1 if any do")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if check:
            if wrong := rebuild.differences():
                raise CommandError(f"{wrong} states are not what their events add up to.", returncode=1)
            self.stdout.write("Every state is what its events add up to.")
            return
        self.stdout.write(f"{rebuild.rebuild()} states were put right.")
