"""manage.py import KIND FILE: check a file; with --commit, take in what is ready."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from imports import preview, staging, work
from imports.kinds import KINDS
from imports.models import Import

ACTOR = "system:import"


class Command(WritingCommand):
    help = "Check a CSV file row by row. Nothing is taken in without --commit. Exits 1 if any row has an error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(KINDS))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mapping",
            type=Path,
            metavar="JSON",
            help='{"columns": {heading: field, …}, "fixed": {field: value, …}}; left out, headings are guessed',
        )
        parser.add_argument("--commit", action="store_true", help="take in what is ready")
        parser.add_argument("--errors", type=Path, metavar="CSV", help="write the rows with errors here")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            job = _staged(options["kind"], options["file"], options["mapping"])
            if options["commit"] and staging.counts_of(job)["ready"]:
                staging.commit(job, actor=ACTOR, now=timezone.now())
                work.advance(job, now=timezone.now(), seconds=float("inf"))
        except DomainError as error:
            raise CommandError(error.sentence) from error
        found = preview.errors(job) if job.sealed is not None else []
        if options["errors"] and job.sealed is not None:
            options["errors"].write_text("".join(staging.bad_rows(job)), "utf-8", newline="")
        counts = staging.counts_of(job)
        staging.erase(job, actor=ACTOR, now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({"kind": job.kind, "rows": counts, "errors": found}, ensure_ascii=False))
        else:
            for one in found:
                column = f"{one['column']}: " if one["column"] else ""
                self.stdout.write(f"line {one['line']}: {column}{one['sentence']}")
            self.stdout.write(", ".join(f"{state} {n}" for state, n in counts.items() if n))
        if counts["wrong"]:
            sys.exit(1)


def _staged(kind: str, file: Path, mapping: Path | None) -> Import:
    """The file, taken apart and checked to its end."""
    now = timezone.now()
    try:
        content = file.read_bytes()
        given = json.loads(mapping.read_text("utf-8")) if mapping else {}
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {type(error).__name__}") from error
    job = staging.take_in(kind, content, actor=ACTOR, now=now)
    try:
        layout = staging.layout_of(job)
        named = given.get("columns")
        columns = [named.get(header, "") for header in layout["headers"]] if named else layout["columns"]
        staging.choose(job, columns, given.get("fixed", {}), now=now)
        work.advance(job, now=now, seconds=float("inf"))
    except DomainError as error:
        staging.erase(job, actor=ACTOR, now=timezone.now())
        labels = {field.name: str(field.label) for field in KINDS[kind].fields()}
        error.fields = {name: f"{labels.get(name, name)}: {text}" for name, text in error.fields.items()}
        raise
    return job
