"""People of whom nothing is left but who they are: a hold or an open request kept them while the last of it ended.

The first run that erases after it takes them along, with their identifiers and keys. What ended was the run's of then,
and approved for it where that had to be; that a person goes with the last of their data is no further decision.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.query import QuerySet

from retention import evidence
from retention.models import Run
from retention.pace import Pace
from subjects.blocks import frozen
from subjects.deletes import by_index, lock_people
from subjects.erasure import end_needs
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem, Relationship

SIZE = 200
Clock = Callable[[], datetime]


def sweep(run: Run, clock: Clock) -> None:
    """In portions, each a transaction with its evidence. Whatever keeps somebody still is asked again inside it."""
    mine = {"subject": OuterRef("pk")}
    held = (PersonalDataItem.objects.filter(**mine), Relationship.objects.filter(**mine))
    kept = ErasureBlock.objects.filter(**mine, released_at=None)
    found = DataSubject.objects.filter(*(~Exists(rows) for rows in (*held, kept)), emptied_at__isnull=False)
    after, pace = 0, Pace(SIZE)
    while portion := _next(found, after, clock()):
        after = portion[-1]
        with pace, transaction.atomic():
            by_index()
            locked = lock_people([], portion, wait=False)
            free = DataSubject.objects.filter(~frozen(clock(), field="pk"), pk__in=locked)
            people = {pk: locked[pk] for pk in free.values_list("pk", flat=True)}
            erased = end_needs([], now=clock(), people=people)
            if erased.subjects:
                evidence.leave(run, erased, now=clock())


def _next(found: QuerySet[DataSubject], after: int, now: datetime) -> list[int]:
    rows = found.filter(~frozen(now, field="pk"), pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:SIZE])
