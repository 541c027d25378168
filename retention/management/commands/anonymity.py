import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from core.errors import Invalid
from retention import anonymity
from retention.anonymity import Measured, Thresholds


class Command(BaseCommand):
    help = (
        "Measures how well a CSV file hides its people, in one JSON line: k-anonymity, distinct and entropy"
        " l-diversity, t-closeness, (alpha,k). Exits 1 if the file cannot be measured."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV in UTF-8 with a header; - reads standard input")
        parser.add_argument("--quasi", required=True, type=_names, help="quasi-identifiers: columns, comma between")
        parser.add_argument("--sensitive", default=[], type=_names, help="sensitive columns, comma between")
        parser.add_argument("--ordered", action="store_true", help="sensitive values are numbers: distance counts")
        parser.add_argument("--order", type=_names, help="the sensitive values from lowest to highest, comma between")
        parser.add_argument("--delimiter", default=",", help="what stands between values in the file (%(default)s)")
        parser.add_argument("--k", type=int, default=Thresholds.k, help="smallest class allowed (%(default)s)")
        parser.add_argument("--l", type=int, default=Thresholds.l, help="fewest distinct values (%(default)s)")
        parser.add_argument("--t", type=float, default=Thresholds.t, help="largest distance (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        order = options["order"] or ([] if options["ordered"] else None)
        thresholds = Thresholds(options["k"], options["l"], options["t"])
        try:
            if not 0 <= thresholds.t <= 1:
                raise Invalid(said := _("t is a number from 0 to 1."), fields={"t": said})
            measured = _measure(options, order)
        except Invalid as error:
            self.stdout.write(json.dumps({"error": str(error.message), "field": next(iter(error.fields), None)}))
            sys.exit(1)
        except OSError as error:
            self.stdout.write(json.dumps({"error": error.strerror, "field": "file"}))
            sys.exit(1)
        self.stdout.write(json.dumps(anonymity.told(measured, thresholds)))


def _measure(options: dict[str, Any], order: list[str] | None) -> Measured:
    path, quasi, sensitive = options["file"], options["quasi"], options["sensitive"]
    # A file descriptor is opened like a path, and left open.
    with open(0 if path == "-" else path, encoding="utf-8-sig", newline="", closefd=path != "-") as file:
        rows = anonymity.read(file, quasi=quasi, sensitive=sensitive, delimiter=options["delimiter"])
        return anonymity.measure(rows, sensitive=sensitive, order=order)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
