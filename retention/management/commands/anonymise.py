"""manage.py anonymise FILE.csv --recipe RECIPE.yml: show, change, measure, and write only what earned its name."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Invalid
from retention import recipes
from retention.anonymise import Recipe, Result, anonymise, change, read, recipe, written
from retention.anonymity import told


class Command(BaseCommand):
    help = (
        "Anonymises a CSV file by a recipe (docs/statistics.md) and measures the result, in one JSON line. The result"
        " is called anonymous only when k, l and t reach the recipe's thresholds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV in UTF-8 with a header")
        parser.add_argument("--recipe", required=True, help="YAML: fields, quasi, sensitive, thresholds, leave_out")
        parser.add_argument("--sample", type=int, default=0, help="first show so many rows before and after")
        parser.add_argument("--out", help="write the rows here, if they are anonymous")

    def handle(self, *args: Any, **options: Any) -> None:
        rows, by = load(options["file"], options["recipe"])
        for row in rows[: options["sample"]]:
            self.stdout.write(json.dumps({"before": row}, ensure_ascii=False))
            self.stdout.write(json.dumps({"after": change(row, by)}, ensure_ascii=False))
        result = worked(rows, by)
        measured = told(result.measured, by.thresholds) if result.measured else {"rows": 0, "status": result.status}
        self.stdout.write(json.dumps({**measured, "left_out": result.left_out}))
        if not options["out"]:
            return
        if result.missed:
            raise CommandError(
                f"The rows are pseudonymised, which is personal data still: {', '.join(result.missed)} not reached, and"
                " nothing was written. Generalise more, or leave out the few that stand alone (leave_out)."
            )
        handle = os.open(options["out"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(written(result, by))


def load(file: str, source: str) -> tuple[list[dict[str, str]], Recipe]:
    """Rows and recipe. Raises CommandError naming what is wrong."""
    try:
        by = recipe(recipes.read(Path(source).read_text("utf-8")) or {})
        with open(file, encoding="utf-8-sig", newline="") as rows:
            return read(rows), by
    except Invalid as error:
        raise CommandError(_said(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{getattr(error, 'filename', None) or source} cannot be read.") from error


def worked(rows: list[dict[str, str]], by: Recipe) -> Result:
    try:
        return anonymise(rows, by)
    except Invalid as error:
        raise CommandError(_said(error)) from error


def _said(error: Invalid) -> str:
    return " ".join(f"{name}: {text}" for name, text in error.fields.items()) or str(error.message)
