"""Storage only (UK GDPR Art 18): what may be kept and not otherwise used. Rights requests are always answered.

Who may use what is asked in two places: consents.permission.may_process for a person and a purpose, and
`PersonalDataItem.objects.usable_for(purpose)` for what is read.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core.errors import NotFound
from ledger.entries import record
from processing.models import Purpose
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem, Restriction
from subjects.people import hold

# Art 18(1)(a) to (d): what is being checked, or was asked to be kept, is not deleted on schedule meanwhile. A legal
# hold has a block of its own.
KEEPS = frozenset(Restriction.Ground) - {Restriction.Ground.HOLD}


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
    return restriction


@transaction.atomic
def lift(restriction: Restriction, *, now: datetime, actor: str) -> UUID | None:
    """Lift it; None if it was lifted before. The person is told beforehand by whoever calls this (Art 18(3))."""
    lifted = Restriction.objects.filter(pk=restriction.pk, lifted_at=None).update(lifted_at=now)
    if not lifted:
        return None
    blocks.release(restriction.uuid, now=now, actor=actor)
    return _note("restriction.lifted", restriction, restriction.subject, now=now, actor=actor)


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
