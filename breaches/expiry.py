"""Forgetting what was written about a breach (storage limitation, Art 5(1)(e)): as long after it was closed as the
retention rule in force says, and six years where none does.

So long a claim can be brought (Limitation Act 1980 s.5). Dates, numbers, risk and decision stay: they name nobody.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import BooleanField, DateField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate
from django.db.models.query import QuerySet

from breaches.models import Breach
from core import outbox
from core.models import Controller, Outbox, Owner
from core.vault import destroy_keys
from ledger.entries import record
from subjects import blocks
from subjects.deletes import lock_people

TERM = relativedelta(years=6)
PURPOSE = "security-and-legal-claims"
# Whether a retention rule in force says when. Retention may not be imported from here.
_ruled: list[Callable[[], bool]] = []
# Conditions on breaches that are to stay for what apps above keep in them.
_held: list[Callable[[], Q]] = []


def register_held(func: Callable[[], Q]) -> None:
    if func not in _held:
        _held.append(func)


def register_rule(func: Callable[[], bool]) -> None:
    _ruled[:] = [func]


def expire(*, now: datetime, limit: int = 500) -> int:
    """Destroy the keys and the texts of breaches that are old enough, where no retention rule says when."""
    if any(says() for says in _ruled):
        return 0
    return expire_these(
        kept_breaches().filter(closed_at__lt=now - TERM, is_held=False).order_by("closed_at")[:limit], now
    )


@transaction.atomic
def expire_these(rows: QuerySet[Any], now: datetime) -> int:
    """Destroy the keys and the texts of those among these that nothing holds; returns how many."""
    lock_people([], [])
    free = kept_breaches().filter(pk__in=[row.pk for row in rows], is_held=False)
    # Locked: two workers of one run would both count what one of them lets go.
    uuids = list(free.order_by("pk").select_for_update(of=("self",)).values_list("uuid", flat=True))
    _forget(uuids, now)
    for uuid in uuids:
        line = {"action": "case.expired", "purpose": PURPOSE, "file": str(uuid)}
        outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)
    return len(uuids)


def expire_again(uuid: UUID, now: datetime) -> bool:
    """What a backup has brought back, whatever held it then. Inside the caller's transaction."""
    found = list(Breach.objects.filter(uuid=uuid, sealed__isnull=False).values_list("uuid", flat=True))
    _forget(found, now)
    return bool(found)


def _forget(uuids: list[UUID], now: datetime) -> None:
    destroy_keys(Owner.BREACH, uuids)
    Breach.objects.filter(uuid__in=uuids).update(sealed=None)
    for uuid in uuids:
        record(kind="breach.forgotten", at=now, actor="system:breaches", object=uuid)


def kept_breaches() -> QuerySet[Any]:
    """Breaches with words in them: `since` is the local date on which they were closed, `is_held` whether they stay."""
    zone = Controller.current().zone
    rows: QuerySet[Any] = Breach.objects.filter(sealed__isnull=False).annotate(
        since=TruncDate(F("closed_at"), tzinfo=zone, output_field=DateField()),
        day=TruncDate(F("aware_at"), tzinfo=zone, output_field=DateField()),
    )
    held = blocks.over_files(PURPOSE, day="day")
    for others in _held:
        held |= others()
    kept: QuerySet[Any] = rows.annotate(is_held=ExpressionWrapper(held, output_field=BooleanField()))
    return kept
