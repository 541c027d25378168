"""`manage.py consents rebuild [--check]`, `import FILE [--dry-run] [--json]` and `tps FILE`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from consents import importing, rebuild, telephone_register
from core.commands import WritingCommand
from core.errors import DomainError

ACTOR = "system:import"


class Command(WritingCommand):
    help = "Checks the consent states against the events or makes them anew; takes in choices from another tool."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        action = actions.add_parser("rebuild", help="make every state what its events add up to")
        action.add_argument("--check", action="store_true", help="only count the states that differ; exit 1 if any do")
        action = actions.add_parser("import", help="take in choices as NDJSON, or as CSV if the file is called so")
        action.add_argument("file", type=Path)
        action.add_argument("--dry-run", action="store_true", help="say what would become of each row, keep nothing")
        action.add_argument("--json", action="store_true", help="one JSON object")

        action = actions.add_parser("tps", help="make the numbers in this file, one a line, the telephone register")
        action.add_argument("file", type=Path)

    def writes(self, options: Mapping[str, object]) -> bool:
        return not (options.get("check") or options.get("dry_run"))

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "import":
            self._import(options["file"], dry_run=options["dry_run"], as_json=options["json"])
        elif action == "tps":
            self._register(options["file"])
        else:
            self._rebuild(check=options["check"])

    def _register(self, file: Path) -> None:
        try:
            with file.open(encoding="utf-8") as numbers:
                count, left, wrong = telephone_register.load(numbers, now=timezone.now(), actor=ACTOR)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {type(error).__name__}") from error
        self.stdout.write(f"{count} numbers are in the register, {left} have left it.")
        if wrong:
            raise CommandError(f"These lines hold no telephone number: {', '.join(map(str, wrong[:20]))}", returncode=1)

    def _rebuild(self, *, check: bool) -> None:
        if check:
            if wrong := rebuild.differences():
                raise CommandError(f"{wrong} states are not what their events add up to.", returncode=1)
            self.stdout.write("Every state is what its events add up to.")
            return
        self.stdout.write(f"{rebuild.rebuild()} states were put right.")

    def _import(self, file: Path, *, dry_run: bool, as_json: bool) -> None:
        try:
            report = importing.take(file, actor=ACTOR, now=timezone.now(), dry_run=dry_run)
        except OSError as error:
            raise CommandError(f"{file}: {type(error).__name__}") from error
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        if as_json:
            self.stdout.write(json.dumps(importing.as_json(report), ensure_ascii=False))
        else:
            for line in importing.as_text(report):
                self.stdout.write(line)
        if report.wrong:
            raise CommandError(f"{report.wrong} rows were not taken in.", returncode=1)
