"""Adding a crowd to the demo, batch by batch: a run that is stopped goes on where it was, and nobody comes twice."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid5

from django.db import transaction

from consents import endings
from consents.withdraw import withdraw
from kraken_privacy.demo import cases, crowd
from kraken_privacy.demo.files import ACTOR, DIRECTOR, NAMESPACE, read
from kraken_privacy.demo.people import consent
from kraken_privacy.demo.storing import Batch, ago
from ledger import entries
from ledger.models import Entry
from processing.models import DataCategory, Purpose, Recipient
from subjects import blocks, disclosures, restrictions
from subjects.identifiers import Claim
from subjects.models import DataSubject, ErasureBlock

Row = dict[str, Any]
# The ledger remembers how far it came. Whoever was erased from the demo since does not come back.
KIND = "demo.people-added"
SIZE = 100
# One in so many asks for something, each in the way of the next case that is told in cases.yml.
ASKING = 25
# People we never met who do not want our advertising.
STRANGERS = 10


def add(count: int, *, now: datetime, say: Callable[[int, int], object] = lambda done, of: None) -> int:
    """See to it that people 1 to `count` have been made; returns how many were new. `say` hears of each batch."""
    known = _made()
    for first in range(known + 1, count + 1, SIZE):
        last = min(first + SIZE - 1, count)
        with transaction.atomic():
            _add(range(first, last + 1), now=now)
            entries.record(kind=KIND, at=now, actor=ACTOR, data={"to": last})
        say(last, count)
    while endings.expire_due(now=now):
        pass
    return max(count - known, 0)


def _made() -> int:
    bodies = Entry.objects.filter(kind=KIND).values_list("body", flat=True)
    return max((int(json.loads(body)["data"]["to"]) for body in bodies), default=0)


def _add(numbers: range, *, now: datetime) -> None:
    batch = Batch(now=now)
    rows = [crowd.somebody(number) for number in numbers]
    people = [(row, batch.add(row)) for row in rows]
    batch.save()
    for row, subject in people:
        _live(row, subject, now=now)
    _ask([row for row, _subject in people if row["number"] % ASKING == 0], now=now)
    for number in numbers:
        if number % (SIZE // STRANGERS) == 0:
            stranger = Claim("email", f"stranger.testperson{number:06}@example.org")
            withdraw(
                [stranger], purposes="all-marketing", now=ago(number % 12, now), actor=ACTOR, collected_by="system"
            )


def _live(row: Row, subject: DataSubject, *, now: datetime) -> None:
    """What this person chose since, and what was noted about them."""
    for given in row.get("consents") or ():
        consent(row["identity"], given["choices"], form=given["form"], now=ago(given["months"], now))
    if ends := row.get("withdraws"):
        at = ago(ends["months"], now)
        withdraw(subject, purposes=ends["purposes"], now=at, actor=ACTOR, collected_by="one_click")
    if row.get("objects"):
        withdraw(subject, purposes="all-marketing", now=ago(1, now), actor=ACTOR, collected_by="hosted_form")
    if ground := row.get("restriction"):
        restrictions.restrict(subject, ground=ground, now=ago(0, now), actor=ACTOR)
    if row.get("block"):
        hold = uuid5(NAMESPACE, row["name"])
        blocks.place(subject, kind=ErasureBlock.Kind.HOLD, placed_for=hold, now=ago(2, now), actor=DIRECTOR)
    if told := row.get("disclosed"):
        disclosures.record(
            subject,
            recipient=Recipient.objects.get(slug=told["recipient"]),
            categories=list(DataCategory.objects.filter(slug__in=told["categories"])),
            ground="instruction",
            purpose=Purpose.objects.get(slug=told["purpose"]),
            now=ago(1, now),
            actor=ACTOR,
        )


def _ask(rows: list[Row], *, now: datetime) -> None:
    told = [case for case in read("cases") if case.get("steps")]
    for row in rows:
        case = told[row["number"] // ASKING % len(told)]
        who = {"name": row["name"], "email": row["identity"]["email"]}
        cases.bring_about({**case, **who}, now=now)
