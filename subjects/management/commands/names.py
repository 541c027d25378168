"""`manage.py names reindex`: make every name found by its words, under the current key."""

from argparse import ArgumentParser
from typing import Any

from core.commands import WritingCommand
from subjects import names


class Command(WritingCommand):
    help = "After a change of BLIND_INDEX_KEYS, and once for names that were taken in before they were indexed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("reindex", help="index the names that have no word under the current key; may be stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        while indexed := names.reindex():
            done += indexed
            self.stdout.write(f"  {done} names")
        self.stdout.write(f"{done} names were indexed.")
