"""Figures from the rows that runs made anonymous: which there are, a table published of them, counts with noise."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from core.desk import names_of
from core.errors import DomainError
from ledger.models import Entry
from retention import anonymity_record, differencing, statistics, told_again
from retention.anonymise import ANONYMOUS, recipe
from retention.models import Run
from retention.models_safety import EpsilonSpent


class PublishedBefore(DomainError):
    code = "published-before"
    message = _("This table was published already. It is the same table: take it from the list below.")


@dataclass(frozen=True)
class Budget:
    """What a year may tell about people, and what has been told."""

    year: int
    most: Decimal
    most_at_once: Decimal
    spent: Decimal
    releases: list[EpsilonSpent]

    @property
    def left(self) -> Decimal:
        return self.most - self.spent


def sets() -> QuerySet[Run]:
    """Runs that left anonymous rows, the newest first, with `rows`. One under way has not been measured."""
    done = Run.objects.filter(status=Run.Status.FINISHED, measured__status=ANONYMOUS, anonymous_rows__isnull=False)
    return done.annotate(rows=Sum("anonymous_rows__times")).select_related("rule__purpose").order_by("-pk")


def fields(run: Run) -> list[str]:
    """What its rows can be counted by."""
    by = recipe((run.rule.recipe if run.rule else None) or {})
    return [*by.quasi, *by.sensitive]


def rows(run: Run) -> Iterator[tuple[Mapping[str, str], int]]:
    yield from run.anonymous_rows.values_list("values", "times").iterator(chunk_size=2000)


@transaction.atomic
def publish(run: Run, by: Sequence[str], *, actor: str, now: datetime) -> statistics.Table:
    """Record that this table goes out, once, under an anonymity record that is in date.

    Raises Invalid, TooSparse, PublishedBefore, NotFit, or ToldTogether with what is out already.
    """
    Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    names = fields(run)
    out = [found["by"] for found in published(run)]
    if any(sorted(found) == sorted(by) for found in out):
        raise PublishedBefore
    under = anonymity_record.fit(run, now=now)
    made = statistics.table_of(rows(run), by)
    tables = [(one, statistics.table_of(rows(run), one)) for one in out]
    differencing.weigh(rows(run), [*tables, (by, made)])
    text = json.dumps(list(statistics.lines(made)), sort_keys=True)
    # By their places in the recipe, which is frozen: a name may be more than a code.
    told = {
        "by": [names.index(name) for name in by],
        "people": made.total,
        "cells": len(made.cells),
        "left_out": made.left_out,
        "beside": len(out),
        "record": str(under.uuid),
        "table_sha256": sha256(text.encode()).hexdigest(),
    }
    told_again.note_published(run, told, actor=actor, now=now)
    return made


def published(run: Run) -> list[dict[str, Any]]:
    """The tables that went out, by what, when and by whom."""
    entries = Entry.objects.filter(kind=told_again.PUBLISHED, object=run.uuid).order_by("pk")
    found = [(entry.at, json.loads(entry.body)) for entry in entries]
    names, who = fields(run), names_of([body["actor"] for _at, body in found])
    return [
        {"by": [names[place] for place in body["data"]["by"]], "at": at, "who": who.get(body["actor"], "")}
        for at, body in found
    ]


def budget(year: int) -> Budget:
    """The ledger of a year, with the name of whoever released each as `who`."""
    releases = list(EpsilonSpent.objects.filter(year=year).order_by("-pk"))
    names = names_of([one.actor for one in releases])
    for one in releases:
        one.who = names.get(one.actor, "")  # type: ignore[attr-defined]
    most, most_at_once = (Decimal(str(value)) for value in (settings.EPSILON_PER_YEAR, settings.EPSILON_PER_RELEASE))
    return Budget(year, most, most_at_once, statistics.spent_in(year), releases)
