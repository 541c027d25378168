"""manage.py doctor [--json]: is everything as it must be, and if not, what to do. Exit 1 if anything fails."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core import doctor


class Command(BaseCommand):
    help = "Look at database, workers, mail, keys and evidence; say what is wrong and how to mend it. Changes nothing."
    # What is wrong is to be told here, not to stop the command.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON line for each finding")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = False
        for name, found in doctor.examine(now=timezone.now()):
            failed |= found.status == doctor.FAIL
            self.stdout.write(_json(name, found) if options["json"] else _line(name, found))
        if failed:
            raise SystemExit(1)


def _json(name: str, found: doctor.Finding) -> str:
    way_out = "" if found.status == doctor.OK else found.way_out
    return json.dumps({"check": name, "status": found.status, "sentence": found.sentence, "way_out": way_out})


def _line(name: str, found: doctor.Finding) -> str:
    line = f"{found.status:<5} {name:<12} {found.sentence}"
    return line if found.status == doctor.OK or not found.way_out else f"{line}\n{'':<19}→ {found.way_out}"
