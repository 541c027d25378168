"""What stops deletion: legal holds, pending access requests, claims. Every delete anti-joins these rows itself.

A request for a copy stops deletion on schedule from its receipt, before anybody knows whose it is. Nothing is written
about anybody then: upper apps register a query for who may be meant (`register_freeze`). It does not stop a deletion
that the person asks for, or a stranger could.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core.errors import NotFound
from ledger.entries import record
from processing.models import Purpose
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem
from subjects.people import hold

# Given the time: the primary keys of people whose data nothing deletes on schedule for now.
Freeze = Callable[[datetime], QuerySet[Any]]
_freezes: list[Freeze] = []


def register_freeze(freeze: Freeze) -> None:
    if freeze not in _freezes:
        _freezes.append(freeze)


def frozen(now: datetime) -> Q:
    """A condition on rows with a `subject`: theirs are not to be deleted on schedule now."""
    found = Q(subject__in=[])
    for freeze in _freezes:
        found |= Q(subject__in=freeze(now))
    return found


@transaction.atomic
def place(
    subject: DataSubject,
    *,
    kind: str,
    placed_for: UUID,
    purpose: Purpose | None = None,
    item: PersonalDataItem | None = None,
    now: datetime,
    actor: str,
) -> ErasureBlock:
    """Stop the deletion of everything about this person, or of what one purpose holds, or of one item; twice is once.

    It waits for an erasure of the person that is under way, and says so by NotFound when that has left nobody.
    """
    if not hold(subject):
        raise NotFound
    block, is_new = ErasureBlock.objects.get_or_create(
        subject=subject,
        purpose=purpose,
        item=item,
        placed_for=placed_for,
        released_at=None,
        defaults={"kind": kind, "placed_at": now},
    )
    if is_new:
        _note("block.placed", block, subject, now=now, actor=actor)
    return block


@transaction.atomic
def release(placed_for: UUID, *, now: datetime, actor: str) -> int:
    """End every block that this request or hold placed; returns how many there were."""
    blocks = list(
        ErasureBlock.objects.select_for_update(of=("self",))
        .filter(placed_for=placed_for, released_at=None)
        .select_related("subject", "purpose")
    )
    for block in blocks:
        block.released_at = now
        block.save(update_fields=["released_at"])
        _note("block.released", block, block.subject, now=now, actor=actor)
    return len(blocks)


def active(subject: DataSubject, *, purpose: Purpose | None = None) -> QuerySet[ErasureBlock]:
    """The blocks in force; with a purpose, those that stop that purpose's deletion."""
    blocks = ErasureBlock.objects.filter(subject=subject, released_at=None).order_by("placed_at", "pk")
    if purpose:
        blocks = blocks.filter(purpose=None) | blocks.filter(purpose=purpose)
    return blocks


def _note(kind: str, block: ErasureBlock, subject: DataSubject, *, now: datetime, actor: str) -> None:
    record(
        kind=kind,
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=block.uuid,
        purpose=block.purpose.slug if block.purpose else "",
        data={"kind": block.kind, "placed_for": str(block.placed_for)},
    )
