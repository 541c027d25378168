"""What a rule would do, before it is in force: how much now, and how much more in each month to come."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db.models import Count
from django.db.models.query import QuerySet

from retention import cases, counting, due
from retention.models import RetentionRule
from retention.rules import cutoff

MONTHS = 24


@dataclass(frozen=True)
class Month:
    begins: date
    rows: int


@dataclass(frozen=True)
class Effect:
    """`now` is due today, `held` of it is blocked, `indeterminate` has no trigger date; `later` is after all months."""

    now: int
    held: int
    indeterminate: int
    months: list[Month]
    later: int

    @property
    def coming(self) -> bool:
        return any(month.rows for month in self.months)

    @property
    def most(self) -> int:
        return max((month.rows for month in self.months), default=0) or 1


def effect(rule: RetentionRule, *, today: date, now: datetime) -> Effect:
    """A grouped query over each kind of rows that the rule governs; the rest is arithmetic with its cutoffs."""
    begins = [today.replace(day=1) + relativedelta(months=number) for number in range(1, MONTHS + 1)]
    limits = [cutoff(rule, today), *(cutoff(rule, day + relativedelta(months=1)) for day in begins)]
    buckets = [0] * (len(limits) + 1)
    limit = limits[0]
    for kind in (due.governed(rule), due.ties(rule), *_files(rule)):
        dated = kind.exclude(since=None).order_by().values("since").annotate(rows=Count("pk")).order_by("since")
        for row in dated.iterator(chunk_size=2000):
            buckets[bisect_right(limits, rule.fixed_on or row["since"])] += row["rows"]
    return Effect(
        now=buckets[0],
        held=counting.held(rule, limit, now=now),
        indeterminate=counting.undated(rule),
        months=[Month(day, rows) for day, rows in zip(begins, buckets[1:-1], strict=True)],
        later=buckets[-1],
    )


def _files(rule: RetentionRule) -> list[QuerySet[Any]]:
    """The case files that would go with it, those of open cases without a date."""
    kept = cases.ruled_by(rule)
    return [kept.rows()] if kept and rule.action == RetentionRule.Action.ERASE else []


def without_date(rule: RetentionRule, *, after: int = 0, most: int = 50) -> tuple[list[str], int | None]:
    """The public ids of people of whom something has no trigger date: to be looked at, never guessed.

    Those after a person's primary key, and the last one's when there are more.
    """
    found: list[tuple[int, UUID]] = []
    for undated in (due.indeterminate(rule), due.ties(rule).filter(since=None)):
        rows = undated.filter(subject__gt=after).order_by("subject_id")
        found += rows.values_list("subject_id", "subject__uuid").distinct()[: most + 1]
    found = sorted(set(found))[: most + 1]
    return [str(uuid) for _pk, uuid in found[:most]], found[most - 1][0] if len(found) > most else None
