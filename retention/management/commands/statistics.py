"""manage.py statistics FILE.csv --recipe RECIPE.yml --by a[,b]: a table to publish, or counts with noise."""

import csv
from argparse import ArgumentParser
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from retention import statistics
from retention.anonymise import Result
from retention.management.commands.anonymise import load, worked


class Command(WritingCommand):
    help = (
        "Counts anonymous rows, as CSV: a table in which small cells are left out and nobody can work them out (c), or"
        " with --epsilon counts with noise, spent from what a year may tell."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV in UTF-8 with a header, as it was before the recipe")
        parser.add_argument("--recipe", required=True, help="YAML, as for anonymise")
        parser.add_argument("--by", required=True, help="one field, or two with a comma between")
        parser.add_argument("--least", type=int, default=statistics.LEAST, help="smallest cell shown (%(default)s)")
        parser.add_argument("--epsilon", help="counts with noise: how much they may tell, such as 0.5")
        parser.add_argument("--values", default="", help="with --epsilon: the values to count, comma between")
        parser.add_argument("--each", type=int, default=1, help="with --epsilon: most rows of one person (%(default)s)")
        parser.add_argument("--name", default="statistics", help="with --epsilon: what the ledger calls it, as a slug")

    def writes(self, options: Mapping[str, object]) -> bool:
        return bool(options["epsilon"])

    def handle(self, *args: Any, **options: Any) -> None:
        result, by = worked(*load(options["file"], options["recipe"])), options["by"].split(",")
        out = csv.writer(self.stdout, lineterminator="\n")
        try:
            if options["epsilon"]:
                out.writerows(self._noisy(result, by, options))
            else:
                out.writerows(statistics.lines(statistics.table(result, by, least=options["least"])))
        except DomainError as error:
            fields = " ".join(f"{name}: {text}" for name, text in error.fields.items())
            raise CommandError(fields or str(error.message)) from error

    def _noisy(self, result: Result, by: list[str], options: dict[str, Any]) -> list[tuple[str, int]]:
        if len(by) != 1:
            raise CommandError("Counts with noise are by one field.")
        try:
            epsilon = Decimal(options["epsilon"])
        except InvalidOperation as error:
            raise CommandError("Give --epsilon as a number, such as 0.5.") from error
        now, values = timezone.now(), [value for value in options["values"].split(",") if value]
        counts = statistics.noisy_counts(
            result,
            by[0],
            values,
            epsilon=epsilon,
            name=options["name"],
            each=options["each"],
            actor="system:command",
            now=now,
        )
        left = Decimal(str(settings.EPSILON_PER_YEAR)) - statistics.spent_in(now.year)
        self.stderr.write(f"epsilon left in {now.year}: {left}")
        return list(counts.items())
