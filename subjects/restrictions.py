"""Storage only (UK GDPR Art 18): what may be kept and not otherwise used. Rights requests are always answered.

Who may use what is asked in two places: consents.permission.may_process for a person and a purpose, and
`PersonalDataItem.objects.usable_for(purpose)` for what is read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q, QuerySet

from core import outbox
from core.errors import NotFound
from core.models import Outbox
from ledger.entries import record
from processing.models import Purpose
from subjects import blocks, one_person
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem, Restriction
from subjects.people import hold

# Art 18(1)(a) to (d): what is being checked, or was asked to be kept, is not deleted on schedule meanwhile. A legal
# hold has a block of its own, what was stopped by an objection (Art 21(1)) nobody asked us to keep, and what a rule of
# retention stores only, another one may delete.
KEEPS = frozenset(Restriction.Ground) - {Restriction.Ground.HOLD, Restriction.Ground.OBJECTED, Restriction.Ground.RULE}


@transaction.atomic
def restrict(
    subject: DataSubject,
    *,
    ground: str,
    purpose: Purpose | None = None,
    item: PersonalDataItem | None = None,
    placed_for: UUID | None = None,
    now: datetime,
    actor: str,
) -> Restriction:
    """Restrict one item or all, for one purpose or all, and stop its deletion on schedule.

    `placed_for` is the rights request; the same for the same request is the same restriction.
    """
    if not hold(subject):
        raise NotFound
    same = {"subject": subject, "purpose": purpose, "item": item, "ground": ground, "placed_for": placed_for}
    known = Restriction.objects.filter(**same, lifted_at=None).first() if placed_for else None
    if known:
        return known
    restriction = Restriction.objects.create(**same, since=now)
    if ground in KEEPS:
        blocks.place(
            subject,
            kind=ErasureBlock.Kind.RESTRICTION,
            placed_for=restriction.uuid,
            purpose=purpose,
            item=item,
            now=now,
            actor=actor,
        )
    _note("restriction.placed", restriction, subject, now=now, actor=actor)
    _journal("restriction.placed", restriction, subject, now=now)
    return restriction


@transaction.atomic
def lift(restriction: Restriction, *, now: datetime, actor: str) -> UUID | None:
    """Lift it; None if it was lifted before. The person is told beforehand by whoever calls this (Art 18(3))."""
    lifted = Restriction.objects.filter(pk=restriction.pk, lifted_at=None).update(lifted_at=now)
    if not lifted:
        return None
    blocks.release(restriction.uuid, now=now, actor=actor)
    _journal("restriction.lifted", restriction, restriction.subject, now=now)
    return _note("restriction.lifted", restriction, restriction.subject, now=now, actor=actor)


@transaction.atomic
def place_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Place what the journal says was placed after the backup. False if the person, or the item, is not in it.

    Of records that were made one since, each that is here has its own.
    """
    uuid, people = UUID(data["restriction"]), _people(data)
    item = PersonalDataItem.objects.filter(uuid=data["item"]).first() if data["item"] else None
    purpose = Purpose.objects.filter(slug=data["purpose"]).first() if data["purpose"] else None
    # A purpose that the backup does not know yet restricts nothing here.
    if not people or (data["purpose"] and purpose is None) or Restriction.objects.filter(uuid=uuid).exists():
        return False
    same: dict[str, Any] = {
        "item": item,
        "purpose": purpose,
        "ground": data["ground"],
        "since": datetime.fromisoformat(data["since"]),
        "placed_for": UUID(data["placed_for"]) if data["placed_for"] else None,
    }
    for subject in people:
        own = uuid if subject == people[0] else uuid5(uuid, str(subject.uuid))
        _place_again(Restriction.objects.create(uuid=own, subject=subject, **same), subject, now=now, actor=actor)
    return True


def _people(data: Mapping[str, Any]) -> list[DataSubject]:
    """Whom a line of the journal is about, by the records that are here. What is about an item is where that is."""
    if data["item"]:
        return list(DataSubject.objects.filter(items__uuid=data["item"]))
    return one_person.records(UUID(uuid) for uuid in (data["subject"], *data.get("others", ())))


def _place_again(restriction: Restriction, subject: DataSubject, *, now: datetime, actor: str) -> None:
    if restriction.ground in KEEPS:
        blocks.place(
            subject,
            kind=ErasureBlock.Kind.RESTRICTION,
            placed_for=restriction.uuid,
            purpose=restriction.purpose,
            item=restriction.item,
            placed_at=restriction.since,
            now=now,
            actor=actor,
        )
    _note("restriction.placed", restriction, subject, now=now, actor=actor)


@transaction.atomic
def lift_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Lift what the journal says was lifted after the backup."""
    standing = standing_of(data)
    for one in standing:
        Restriction.objects.filter(pk=one.pk).update(lifted_at=now)
        blocks.release(one.uuid, now=now, actor=actor)
        _note("restriction.lifted", one, one.subject, now=now, actor=actor)
    return bool(standing)


def standing_of(data: Mapping[str, Any]) -> list[Restriction]:
    """What a line of the journal calls one restriction, and a restore may have placed for several records."""
    uuid, chosen = UUID(data["restriction"]), Q(uuid=data["restriction"])
    if since := data.get("since"):
        chosen |= Q(since=since, item=None)
    rows = Restriction.objects.filter(chosen, lifted_at=None).select_related("subject", "purpose").order_by("pk")
    return [one for one in rows if one.uuid in (uuid, uuid5(uuid, str(one.subject.uuid)))]


@transaction.atomic
def let_delete(subject: DataSubject, purposes: Iterable[Purpose], *, now: datetime, actor: str) -> int:
    """The person asks for deletion after all, and it was granted: their restrictions stop it no longer.

    The data stay restricted until they are gone. Legal holds are not touched. Returns how many blocks ended.
    """
    mine = Restriction.objects.filter(subject=subject, lifted_at=None, ground__in=KEEPS)
    concerned = mine.filter(Q(purpose=None) | Q(purpose__in=list(purposes)))
    return sum(blocks.release(uuid, now=now, actor=actor) for uuid in concerned.values_list("uuid", flat=True))


def placed_for(request: UUID) -> QuerySet[Restriction]:
    """Those in force that this rights request brought about."""
    rows = Restriction.objects.filter(placed_for=request, lifted_at=None)
    return rows.select_related("purpose", "item__category", "subject").order_by("pk")


def in_force(subject: DataSubject, purpose: Purpose | None = None) -> QuerySet[Restriction]:
    """The restrictions in force; with a purpose, those that bear on it."""
    rows = Restriction.objects.filter(subject=subject, lifted_at=None)
    return rows.filter(Q(purpose=None) | Q(purpose=purpose)) if purpose else rows


def is_restricted(subject: DataSubject, purpose: Purpose | None = None, item: PersonalDataItem | None = None) -> bool:
    """Whether the person's data as a whole, or this item of it, may only be stored for this purpose.

    Without a purpose, only a restriction of every purpose counts.
    """
    rows = Restriction.objects.filter(subject=subject, lifted_at=None)
    rows = rows.filter(Q(purpose=None) | Q(purpose=purpose)) if purpose else rows.filter(purpose=None)
    return rows.filter(Q(item=None) | Q(item=item) if item else Q(item=None)).exists()


def _journal(action: str, restriction: Restriction, subject: DataSubject, *, now: datetime) -> None:
    """A restored backup must not use what may only be stored, so it is also written outside PostgreSQL: ids only."""
    if subject.is_test:
        return
    data: dict[str, Any] = {
        "action": action,
        "restriction": str(restriction.uuid),
        "subject": str(subject.uuid),
        "purpose": restriction.purpose.slug if restriction.purpose else "",
        "item": str(restriction.item.uuid) if restriction.item else "",
        "ground": restriction.ground,
        "since": restriction.since.isoformat(),
        "placed_for": str(restriction.placed_for) if restriction.placed_for else "",
    }
    others = one_person.ids_of([subject.uuid]) - {subject.uuid}
    if others and not restriction.item:
        # Records that were made one with theirs: a backup may have them apart.
        data["others"] = sorted(map(str, others))
    # About nobody: erasing the person must not take it out of the queue.
    outbox.post(Outbox.Kind.JOURNAL, data, about=None, now=now)


def _note(kind: str, restriction: Restriction, subject: DataSubject, *, now: datetime, actor: str) -> UUID:
    return record(
        kind=kind,
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=restriction.uuid,
        purpose=restriction.purpose.slug if restriction.purpose else "",
        data={"ground": restriction.ground},
        test=subject.is_test,
    )
