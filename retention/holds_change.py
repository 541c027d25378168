"""Changing what a legal hold is about, and who answers for it. Of retention/holds.py, for its length.

The blocks follow in the same transaction: what it comes to hold is held before anything is let go, and a run that is at
work sees either what it was about or what it is about, never neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from ledger.entries import record
from processing.models import Purpose, System
from retention import holds, restricting
from retention.models import LegalHold
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, Organisation

CHANGED = "hold.changed"
# Codes, because the ledger is kept long and read by many; what is behind one stands in the file of the matter.
REASONS = {
    "more": _("More is needed than it held"),
    "less": _("Less is needed than it held"),
    "order": _("A court or an authority said so"),
    "mistake": _("It was entered wrongly"),
    "handover": _("Somebody else answers for it from now on"),
}
Key = tuple[int | None, ...]


@dataclass(frozen=True)
class Scope:
    """What a hold is about, as it is placed: people, or whatever is described."""

    people: Sequence[DataSubject] = ()
    purposes: Sequence[Purpose] = ()
    systems: Sequence[System] = ()
    organisation: Organisation | None = None
    collected_from: date | None = None
    collected_to: date | None = None


@dataclass(frozen=True)
class Changed:
    """How many blocks were placed and released by it."""

    placed: int
    released: int


def scope_of(hold: LegalHold) -> Scope:
    """What it is about now."""
    return Scope(
        people=[] if hold.is_rule else list(holds.people_held(hold).order_by("pk")),
        purposes=list(hold.purposes.order_by("pk")),
        systems=list(hold.systems.order_by("pk")),
        organisation=hold.organisation,
        collected_from=hold.collected_from,
        collected_to=hold.collected_to,
    )


@transaction.atomic
def change(hold: LegalHold, scope: Scope, *, custodian: str = "", why: str, actor: str, now: datetime) -> Changed:
    """Have it be about this from now on, and `custodian` (an actor id) answer for it. Raises Invalid naming the field.

    What it no longer holds goes with the next run if it is due. A hold that names people goes on naming people.
    """
    holds.in_force(hold)
    hold.refresh_from_db()
    _check(hold, scope, why)
    answers = custodian or hold.custodian or hold.placed_by
    done = _apply(hold, scope, custodian=answers, changed_at=now, actor=actor, now=now)
    _note(hold, done, why, actor=actor, now=now)
    holds.told(CHANGED, hold, scope.people, at=now, now=now, why=why)
    restricting.settle_soon()
    return done


@transaction.atomic
def change_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Change what the journal says was changed after the backup. False if what it is about is not in it."""
    hold = LegalHold.objects.select_for_update().filter(uuid=data["hold"], released_at=None).first()
    named = holds.found(data)
    if hold is None or named is None:
        return False
    # As of then: the next line tells by it that it is a later change (has_changed).
    at = datetime.fromisoformat(data["at"])
    done = _apply(hold, Scope(**named), custodian=data["custodian"], changed_at=at, actor=actor, now=now)
    _note(hold, done, data["why"], actor=actor, now=now)
    return True


def has_changed(data: Mapping[str, Any]) -> bool:
    """Whether there is nothing to change again: it was since, it is released, or this database does not know it."""
    before = Q(changed_at=None) | Q(changed_at__lt=datetime.fromisoformat(data["at"]))
    return not LegalHold.objects.filter(before, uuid=data["hold"], released_at=None).exists()


def _check(hold: LegalHold, scope: Scope, why: str) -> None:
    errors: dict[str, Text] = {}
    if why not in REASONS:
        errors["why"] = _("Choose why it changes.")
    if bool(scope.people) == hold.is_rule:
        errors["people"] = (
            _("It describes what it holds. To hold people by name, place another hold.")
            if hold.is_rule
            else _("It names people, so at least one has to stay. To hold by description, place another hold.")
        )
    if errors:
        raise Invalid(fields=errors)
    is_described = bool(scope.systems or scope.organisation or scope.collected_from or scope.collected_to)
    is_bounded = bool(scope.purposes or scope.systems or scope.organisation)
    holds.check_scope(bool(scope.people), is_described, is_bounded, scope.collected_from, scope.collected_to)


def _apply(
    hold: LegalHold, scope: Scope, *, custodian: str, changed_at: datetime, actor: str, now: datetime
) -> Changed:
    """Place, then release: in this order nothing is free in between, not even for whoever reads without waiting."""
    company = hold.organisation_id
    hold.organisation, hold.custodian, hold.changed_at = scope.organisation, custodian, changed_at
    hold.collected_from, hold.collected_to = scope.collected_from, scope.collected_to
    hold.save(update_fields=["organisation", "custodian", "changed_at", "collected_from", "collected_to"])
    hold.purposes.set(scope.purposes)
    hold.systems.set(scope.systems)
    before = {block.pk: block for block in _active(hold)}
    if scope.people:
        holds.hold_people(hold, list(scope.people), scope.purposes, actor=actor, now=now)
    else:
        there = {_key(block) for block in before.values() if block.subject_id is None}
        holds.hold_by_rule(hold, scope.purposes, scope.systems, but_for=there, actor=actor, now=now)
    wanted = _wanted(scope)
    over = [pk for pk, block in before.items() if not _stays(block, scope, wanted, company)]
    placed = sum(block.pk not in before for block in _active(hold))
    return Changed(placed, blocks.release(hold.uuid, only=over, now=now, actor=actor))


def _active(hold: LegalHold) -> list[ErasureBlock]:
    return list(ErasureBlock.objects.filter(placed_for=hold.uuid, released_at=None).order_by("pk"))


def _wanted(scope: Scope) -> set[Key]:
    purposes: list[int | None] = [purpose.pk for purpose in scope.purposes] or [None]
    if scope.people:
        return {(person.pk, purpose) for person in scope.people for purpose in purposes}
    systems: list[int | None] = [system.pk for system in scope.systems] or [None]
    return {(purpose, system) for purpose in purposes for system in systems}


def _key(block: ErasureBlock) -> Key:
    """Of a block by rule, all that tells it from another one of the same hold."""
    days = (day.toordinal() if day else None for day in (block.collected_from, block.collected_to))
    return block.purpose_id, block.system_id, block.organisation_id, *days


def _stays(block: ErasureBlock, scope: Scope, wanted: set[Key], company: int | None) -> bool:
    """Whoever left the company that a hold is about is held by name, and so is what came to two records while they were
    one (subjects/leaving.py, office/held.py). It stays as long as the hold is about the same purpose and company.
    """
    same_company = (scope.organisation.pk if scope.organisation else None) == company
    if block.subject_id is None:
        days = (block.collected_from, block.collected_to) == (scope.collected_from, scope.collected_to)
        of = scope.organisation.pk if scope.organisation else None
        return days and block.organisation_id == of and (block.purpose_id, block.system_id) in wanted
    if scope.people and block.item_id is None:
        return (block.subject_id, block.purpose_id) in wanted
    purposes = {purpose.pk for purpose in scope.purposes}
    return same_company and (not purposes or block.purpose_id in purposes)


def _note(hold: LegalHold, done: Changed, why: str, *, actor: str, now: datetime) -> None:
    data = {"why": why, "placed": done.placed, "released": done.released, "custodian": hold.custodian}
    record(kind=CHANGED, at=now, actor=actor, object=hold.uuid, data=data)
