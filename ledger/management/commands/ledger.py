"""`manage.py ledger seal [--witness DIR]` and `manage.py ledger verify [--expect ROOT] [--json]`."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from ledger.seals import seal
from ledger.verify import Report, verify
from ledger.witness import directory, export


class Command(WritingCommand):
    help = "Seal the evidence, or check all of it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        sealing = actions.add_parser("seal", help="seal every entry whose transaction has ended")
        sealing.add_argument("--witness", type=Path, help="directory of the witness file to bring up to date")
        verifying = actions.add_parser("verify", help="recompute every seal; exit 1 if anything is wrong")
        verifying.add_argument("--expect", metavar="ROOT", help="root or hash of a seal that must be there")
        verifying.add_argument("--json", action="store_true", help="one JSON line")

    def writes(self, options: Mapping[str, object]) -> bool:
        return options["action"] != "verify"

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "seal":
            self._seal(options["witness"] or directory())
        else:
            self._verify(verify(options["expect"]), as_json=options["json"])

    def _seal(self, folder: Path | None) -> None:
        made = seal(now=timezone.now())
        self.stdout.write(f"sealed {made.count} entries: {made.root}" if made else "nothing new to seal")
        try:
            if folder:
                export(folder)
        except DomainError as error:
            raise CommandError(str(error.message)) from error

    def _verify(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report.as_dict()))
        else:
            self.stdout.write(
                f"{report.seals} seals over {report.sealed} entries ({report.pruned} removed by retention), "
                f"{report.waiting} waiting for the next seal; last root {report.root or 'none'}"
            )
            for finding in report.findings:
                self.stdout.write(f"WRONG {finding.code} seal={finding.seal} entry={finding.entry}")
        if not report.ok:
            raise SystemExit(1)
