"""Storage only (UK GDPR Art 18): what may be kept and not otherwise used. Rights requests are always answered."""

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

# Art 18(1)(b) and (c): the person wants the data kept. Deleting it on schedule would take what they asked for.
KEEPS = frozenset({Restriction.Ground.UNLAWFUL, Restriction.Ground.CLAIMS})


@transaction.atomic
def restrict(
    subject: DataSubject,
    *,
    ground: str,
    purpose: Purpose | None = None,
    item: PersonalDataItem | None = None,
    now: datetime,
    actor: str,
) -> Restriction:
    """Restrict one item or all, for one purpose or all. Where the person wants the data kept, deletion stops too."""
    if not hold(subject):
        raise NotFound
    restriction = Restriction.objects.create(subject=subject, purpose=purpose, item=item, ground=ground, since=now)
    if ground in KEEPS:
        blocks.place(
            subject,
            kind=ErasureBlock.Kind.CLAIM,
            placed_for=restriction.uuid,
            purpose=purpose,
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
