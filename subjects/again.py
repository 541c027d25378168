"""Erasing once more what a restored backup brought back. What it was is known exactly, so nothing is weighed anew."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from core.arrays import Among
from subjects import deletes
from subjects.erasure import Erased, end_needs
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem, Relationship


def erase_again(
    *,
    items: Sequence[UUID],
    gone: Sequence[UUID],
    person: UUID | None = None,
    purposes: Sequence[str] = (),
    spared: Sequence[UUID] = (),
    now: datetime,
) -> Erased:
    """Inside the caller's transaction: these items, all about the people who were gone, what these purposes held but
    for what was spared.

    Whatever blocked it in the backup had been released by the time of the erasure: it is released here, and a hold
    that names nobody, which may be over others still, is not asked. An erasure names no purpose that anything blocked,
    so over a person whose purpose it names nothing stood, not over all of them either.
    """
    leaving = set(DataSubject.objects.filter(Among("uuid", gone, "uuid")).values_list("pk", flat=True))
    found = PersonalDataItem.objects.filter(Among("uuid", items, "uuid"))
    chosen = dict(found.values_list("pk", "subject"))
    named = Q(subject__uuid=person, purpose__slug__in=list(purposes))
    asked = DataSubject.objects.filter(uuid__in=[person] if person else [])
    people = deletes.lock_people([], {*leaving, *chosen.values(), *asked.values_list("pk", flat=True)})
    theirs = Q(subject__in=leaving)
    over = Q(subject__uuid=person) & (Q(purpose=None) | Q(purpose__slug__in=list(purposes))) if purposes else named
    _release(theirs | over | Q(item__in=list(chosen)) | _over(list(chosen)), now=now)
    kept = Q(item__uuid__in=list(spared))
    needs = ItemPurpose.objects.filter(theirs | Q(item__in=list(chosen)) | (named & ~kept))
    pairs = Relationship.objects.filter(theirs | named).values_list("subject", "purpose")
    return end_needs(
        list(needs.values_list("pk", flat=True)),
        now=now,
        pairs=list(pairs),
        people=people,
        settled=leaving,
        rules=False,
    )


def is_left(
    *,
    items: Sequence[UUID],
    gone: Sequence[UUID],
    person: UUID | None = None,
    purposes: Sequence[str] = (),
    spared: Sequence[UUID] = (),
) -> bool:
    """Whether anything of what was to be erased again is still here."""
    named = {"subject__uuid": person, "purpose__slug__in": list(purposes)}
    needs, ties = ItemPurpose.objects.filter(**named), Relationship.objects.filter(**named)
    # With what was spared, the dealing stays that it is about.
    resting = Exists(needs.filter(subject=OuterRef("subject"), purpose=OuterRef("purpose")))
    return any(
        rows.exists()
        for rows in (
            PersonalDataItem.objects.filter(Among("uuid", items, "uuid")),
            DataSubject.objects.filter(Among("uuid", gone, "uuid")),
            needs.exclude(item__uuid__in=list(spared)),
            ties.filter(~resting),
        )
    )


def _over(items: list[int]) -> Q:
    """Blocks of whole people or purposes that stand over one of these items."""
    same = ItemPurpose.objects.filter(item__in=items, subject=OuterRef("subject"))
    purpose = Q(purpose=None) & Exists(same) | Exists(same.filter(purpose=OuterRef("purpose")))
    return Q(item=None) & purpose


def _release(which: Q, *, now: datetime) -> None:
    ErasureBlock.objects.filter(which, released_at=None).update(released_at=now)
