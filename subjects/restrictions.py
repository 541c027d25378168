"""Storage only (UK GDPR Art 18): what may be kept and not otherwise used. Rights requests are always answered.

Who may use what is asked in two places: consents.permission.may_process for a person and a purpose, and
`PersonalDataItem.objects.usable_for(purpose)` for what is read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core import outbox
from core.errors import NotFound
from core.models import Outbox
from ledger.entries import record
from processing.models import Purpose
from subjects import blocks
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
    """Place what the journal says was placed after the backup. False if the person, or the item, is not in it."""
    uuid, item = UUID(data["restriction"]), data["item"]
    subject = DataSubject.objects.filter(uuid=data["subject"]).first()
    if subject is None or Restriction.objects.filter(uuid=uuid).exists():
        return False
    found = PersonalDataItem.objects.filter(uuid=item, subject=subject).first() if item else None
    if item and found is None:
        return False
    purpose = Purpose.objects.filter(slug=data["purpose"]).first() if data["purpose"] else None
    # A purpose that the backup does not know yet restricts nothing here.
    if data["purpose"] and purpose is None:
        return False
    request = UUID(data["placed_for"]) if data["placed_for"] else None
    since = datetime.fromisoformat(data["since"])
    restriction = Restriction.objects.create(
        uuid=uuid, subject=subject, item=found, purpose=purpose, ground=data["ground"], since=since, placed_for=request
    )
    if restriction.ground in KEEPS:
        kind = ErasureBlock.Kind.RESTRICTION
        blocks.place(subject, kind=kind, placed_for=uuid, purpose=purpose, item=found, now=now, actor=actor)
    _note("restriction.placed", restriction, subject, now=now, actor=actor)
    return True


@transaction.atomic
def lift_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Lift what the journal says was lifted after the backup."""
    standing = Restriction.objects.filter(uuid=data["restriction"], lifted_at=None).first()
    if standing is None:
        return False
    Restriction.objects.filter(pk=standing.pk).update(lifted_at=now)
    blocks.release(standing.uuid, now=now, actor=actor)
    _note("restriction.lifted", standing, standing.subject, now=now, actor=actor)
    return True


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
    data = {
        "action": action,
        "restriction": str(restriction.uuid),
        "subject": str(subject.uuid),
        "purpose": restriction.purpose.slug if restriction.purpose else "",
        "item": str(restriction.item.uuid) if restriction.item else "",
        "ground": restriction.ground,
        "since": restriction.since.isoformat(),
        "placed_for": str(restriction.placed_for) if restriction.placed_for else "",
    }
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
