"""A look at what a recipe does: a few people as they are and as they would be, and how well many of them would hide."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from ledger.entries import record
from retention.anonymise import Recipe, Result, judged, recipe
from retention.anonymise_rows import Reader
from retention.models import RetentionRule
from retention.rules import cutoff

SHOWN, MEASURED = 5, 2000


@dataclass(frozen=True)
class Sample:
    before: dict[str, str]
    after: dict[str, str]


@dataclass(frozen=True)
class Seen:
    samples: list[Sample]
    people: int
    by: Recipe
    result: Result


@transaction.atomic
def look(rule: RetentionRule, *, as_of: date, by: str, now: datetime) -> Seen:
    """Of the first people that are due. Raises Invalid naming a field that the recipe does not."""
    how = recipe(rule.recipe or {})
    reader = Reader(rule, cutoff(rule, as_of), now=now)
    people = reader.read(next(reader.ahead(), [])[:MEASURED])
    rows = [one.changed(how) for one in people]
    shown = [Sample(one.row, row) for one, row in zip(people[:SHOWN], rows, strict=False)]
    data = {"rule": rule.slug, "version": rule.version, "people": len(shown)}
    record(kind="retention.sampled", at=now, actor=by, purpose=rule.purpose.slug, data=data)
    return Seen(shown, len(people), how, judged(rows, how))
