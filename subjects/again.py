"""Erasing once more what a restored backup brought back. What it was is known exactly, so nothing is weighed anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.arrays import Among
from processing.models import Purpose
from subjects import deletes
from subjects.erasure import Erased, end_needs
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem, Relationship


@dataclass(frozen=True)
class Then:
    """What was erased: these items, all about the people who were gone, what these purposes held about a person, but
    for what was spared. And what ended for one purpose alone: by its name, its need of records and its dealings with
    people that stay.
    """

    items: Sequence[UUID] = ()
    gone: Sequence[UUID] = ()
    # More than one where their records were made one before it was erased.
    persons: Sequence[UUID] = ()
    purposes: Sequence[str] = ()
    spared: Sequence[UUID] = ()
    ended: Mapping[str, Sequence[UUID]] = field(default_factory=dict)
    ties: Mapping[str, Sequence[UUID]] = field(default_factory=dict)


@dataclass(frozen=True)
class Here:
    """What of it this database holds, by primary key; of needs and relationships those that it says ended."""

    items: dict[int, int]
    leaving: set[int]
    needs: Q
    ties: Q
    blocks: Q


def erase_again(then: Then, *, at: datetime, now: datetime) -> Erased:
    """Inside the caller's transaction.

    Whatever blocked it in the backup had been released by the time of the erasure (`at`): it is released here, and a
    hold that names nobody, which may be over others still, is not asked. Nor is what was placed after it, and stays. So
    does what keeps the rest for a copy: the request is open again, and what was sent is not here.
    """
    here = _here(then)
    named = [
        rows.values_list("subject", flat=True)
        for rows in (ItemPurpose.objects.filter(here.needs), Relationship.objects.filter(here.ties))
    ]
    asked = _people(then.persons)
    people = deletes.lock_people([], {*here.leaving, *here.items.values(), *asked, *named[0], *named[1]})
    theirs, chosen = Q(subject__in=here.leaving), Q(item__in=list(here.items))
    blocks = ErasureBlock.objects.filter(theirs | chosen | here.blocks, released_at=None)
    staying = Q(placed_at__gt=at) | Q(kind=ErasureBlock.Kind.ACCESS)
    stay = list(blocks.filter(staying).values_list("pk", flat=True))
    blocks.update(released_at=now)
    needs = ItemPurpose.objects.filter(theirs | chosen | here.needs)
    pairs = Relationship.objects.filter(theirs | here.ties).values_list("subject", "purpose")
    erased = end_needs(
        list(needs.values_list("pk", flat=True)),
        now=now,
        pairs=list(pairs),
        people=people,
        settled=here.leaving,
        rules=False,
    )
    ErasureBlock.objects.filter(pk__in=stay).update(released_at=None)
    return erased


def is_left(then: Then) -> bool:
    """Whether anything of it is still here."""
    here = _here(then)
    # With what was spared, the dealing stays that it is about.
    resting = Exists(ItemPurpose.objects.filter(subject=OuterRef("subject"), purpose=OuterRef("purpose")))
    return (
        bool(here.items or here.leaving)
        or ItemPurpose.objects.filter(here.needs).exists()
        or Relationship.objects.filter(here.ties).filter(~resting).exists()
    )


def _here(then: Then) -> Here:
    items = dict(_items(then.items).values_list("pk", "subject"))
    persons, spared = _people(then.persons), list(_items(then.spared).values_list("pk", flat=True))
    asked = list(Purpose.objects.filter(slug__in=then.purposes))
    needs = Q(subject__in=persons, purpose__in=asked) & ~Q(item__in=spared)
    ties = Q(subject__in=persons, purpose__in=asked)
    # An erasure names no purpose that anything of the person's blocked, were it over all of them or one record.
    blocks = Q(subject__in=persons if asked else []) & (Q(purpose=None) | Q(purpose__in=asked)) | _over(list(items))
    for one in Purpose.objects.filter(slug__in={*then.ended, *then.ties}):
        ended = list(_items(then.ended.get(one.slug, ())).values_list("pk", flat=True))
        tied = _people(then.ties.get(one.slug, ()))
        needs |= Q(item__in=ended, purpose=one)
        ties |= Q(subject__in=tied, purpose=one)
        over = Q(item__in=ended) | _over(ended) | Q(subject__in=tied, item=None)
        blocks |= over & (Q(purpose=None) | Q(purpose=one))
    return Here(items=items, leaving=set(_people(then.gone)), needs=needs, ties=ties, blocks=blocks)


def _items(uuids: Sequence[UUID]) -> QuerySet[PersonalDataItem]:
    return PersonalDataItem.objects.filter(Among("uuid", uuids, "uuid"))


def _people(uuids: Sequence[UUID]) -> list[int]:
    return list(DataSubject.objects.filter(Among("uuid", uuids, "uuid")).values_list("pk", flat=True))


def _over(items: list[int]) -> Q:
    """Blocks of whole people or purposes that stand over one of these items."""
    same = ItemPurpose.objects.filter(item__in=items, subject=OuterRef("subject"))
    purpose = Q(purpose=None) & Exists(same) | Exists(same.filter(purpose=OuterRef("purpose")))
    return Q(item=None) & purpose
