"""manage.py certificate FILE [--keys JWKS]: check the certificate of a run, without database and network."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.signing import BadSignature
from retention.certificate_check import check


class Command(BaseCommand):
    help = "Checks the certificate of a run that erased: signature, counts, Merkle root and seal. Exits 1 if it fails."
    # Nothing is read but the files.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="as downloaded from the page of the run")
        parser.add_argument("--keys", type=Path, help="a copy of /.well-known/jwks.json (default: our own keys)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text("utf-8")
            published = json.loads(options["keys"].read_text("utf-8")) if options["keys"] else None
        except (OSError, ValueError) as error:
            raise CommandError(f"{getattr(error, 'filename', None) or options['keys']} cannot be read.") from error
        try:
            signed, problems = check(text, published=published)
        except BadSignature as error:
            raise CommandError("The signature is not valid: changed, cut, or signed by other keys.") from error
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError("The certificate does not hold.")
        counts, cause = signed["counts"], signed["cause"]
        named = f"rule {cause['rule']} version {cause['version']}" if "rule" in cause else f"request {cause['request']}"
        let_go = signed.get("let_go")
        place = signed["ledger"]["seal"]["root"] if signed["ledger"] else "not sealed when it was made"
        self.stdout.write(
            f"Run {signed['jti']} ({named}) of {signed['finished_at']} by {signed['iss']} holds:\n"
            f"{counts['items']} records and {counts['subjects']} people erased, {counts['keys']} keys destroyed,"
            f" {signed['held']} rows held, {signed['indeterminate']} without a date, in {counts['batches']} batches.\n"
            f"{signed.get('case_files', 0)} files of closed cases forgotten,"
            f" {signed.get('changed', 0)} records changed where they stand.\n"
            + (f"Let go by {let_go['by']} at {let_go['at']}.\n" if let_go else "")
            + f"In the ledger under the root: {place}"
        )
