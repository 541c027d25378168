"""Changing what a legal hold is about, and who answers for it. Of retention/holds.py, for its length.

The blocks follow in the same transaction: what it comes to hold is held before anything is let go, and a run that is at
work sees either what it was about or what it is about, never neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from ledger.entries import record
from retention import holds, holds_scope, restricting
from retention.holds_scope import Scope
from retention.models import LegalHold
from subjects import blocks
from subjects.models import ErasureBlock

CHANGED = "hold.changed"
# Codes, because the ledger is kept long and read by many; what is behind one stands in the file of the matter.
REASONS = {
    "more": _("More is needed than it held"),
    "less": _("Less is needed than it held"),
    "order": _("A court or an authority said so"),
    "mistake": _("It was entered wrongly"),
    "handover": _("Somebody else answers for it from now on"),
}


@dataclass(frozen=True)
class Changed:
    """How many blocks were placed and released by it."""

    placed: int
    released: int


def scope_of(hold: LegalHold) -> Scope:
    """What it is about now."""
    people = [] if hold.is_rule else list(holds.people_held(hold).order_by("pk"))
    return replace(holds_scope.described_by(hold), people=people)


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
    _note(hold, scope, done, why, actor=actor, now=now)
    holds.told(CHANGED, hold, scope, at=now, now=now, why=why)
    restricting.settle_soon()
    return done


@transaction.atomic
def change_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Change what the journal says was changed after the backup. False if what it is about is not in it."""
    hold = LegalHold.objects.select_for_update().filter(uuid=data["hold"], released_at=None).first()
    scope = holds_scope.found(data)
    if hold is None or scope is None:
        return False
    # As of then: the next line tells by it that it is a later change (has_changed).
    at = datetime.fromisoformat(data["at"])
    done = _apply(hold, scope, custodian=data["custodian"], changed_at=at, actor=actor, now=now)
    _note(hold, scope, done, data["why"], actor=actor, now=now)
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
    holds_scope.check(scope)


def _apply(
    hold: LegalHold, scope: Scope, *, custodian: str, changed_at: datetime, actor: str, now: datetime
) -> Changed:
    """Place, then release: in this order nothing is free in between, not even for whoever reads without waiting."""
    was = holds_scope.described_by(hold)
    hold.custodian, hold.changed_at = custodian, changed_at
    hold.save(update_fields=["custodian", "changed_at"])
    holds_scope.keep(hold, scope)
    before = {block.pk: block for block in _active(hold)}
    if scope.people:
        holds.hold_people(hold, scope, at=changed_at, actor=actor, now=now)
    else:
        there = {holds_scope.key_of_block(block) for block in before.values() if block.subject_id is None}
        holds.hold_by_rule(hold, scope, but_for=there, at=changed_at, actor=actor, now=now)
    over = [pk for pk, block in before.items() if not _stays(block, scope, was)]
    placed = sum(block.pk not in before for block in _active(hold))
    return Changed(placed, blocks.release(hold.uuid, only=over, now=now, actor=actor))


def _active(hold: LegalHold) -> list[ErasureBlock]:
    active = ErasureBlock.objects.filter(placed_for=hold.uuid, released_at=None)
    return list(active.select_related("purpose", "system", "organisation").order_by("pk"))


def _stays(block: ErasureBlock, scope: Scope, was: Scope) -> bool:
    """Whoever ceased to be what a hold is about (left the company, got another role) is held by name, and so is what
    came to two records while they were one (subjects/leaving.py, office/held.py). It stays as long as the hold is
    about the same purpose and people.
    """
    if block.subject_id is None:
        return holds_scope.key_of_block(block) in {holds_scope.key_of(rule) for rule in holds_scope.rules(scope)}
    purposes = {purpose.pk for purpose in scope.purposes}
    if scope.people and block.item_id is None:
        named = {person.pk for person in scope.people}
        return block.subject_id in named and (block.purpose_id in purposes if purposes else not block.purpose_id)
    same = holds_scope.whose(scope) == holds_scope.whose(was)
    return same and (not purposes or block.purpose_id in purposes)


def _note(hold: LegalHold, scope: Scope, done: Changed, why: str, *, actor: str, now: datetime) -> None:
    counts = {"placed": done.placed, "released": done.released}
    data = {"why": why, **counts, "custodian": hold.custodian, "scope": holds_scope.told(scope)}
    record(kind=CHANGED, at=now, actor=actor, object=hold.uuid, data=data)
