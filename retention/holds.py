"""Legal holds: what a matter needs is kept, and only kept. One is looked at again after six months at the latest.

A hold names people, and places an ErasureBlock for each; or it describes what it is about (holds_scope.py), and is a
rule that every delete asks: whoever comes to it later is held as well. What falls due meanwhile is restricted
(retention/purge.py) and goes with the first run after the release.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError, Invalid, Text
from core.models import Controller, Outbox
from ledger.entries import record
from processing.models import Purpose
from retention import holds_scope, restricting
from retention.holds_scope import Scope
from retention.models import LegalHold
from subjects import blocks, one_person
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Relationship

PLACED, RELEASED = "hold.placed", "hold.released"
LONGEST = relativedelta(months=6)
REASONS = {
    "claim": _("A claim by us or against us"),
    "investigation": _("An investigation by an authority"),
    "dispute": _("A dispute that may become a claim"),
    "order": _("A court's order to keep it"),
}


@transaction.atomic
def place(
    people: Iterable[DataSubject] = (),
    *,
    matter: str,
    reason: str,
    review_due: date,
    actor: str,
    now: datetime,
    **described: Any,
) -> LegalHold:
    """Keep what this matter needs: these people's data (all of it, or what some purposes hold), or, without people,
    whatever is `described` (as in holds_scope.Scope), of whomever it is now or later.
    """
    scope = Scope(people=list(people), **described)
    _check(matter, reason, review_due, now)
    holds_scope.check(scope)
    hold = LegalHold(
        matter=matter.strip(),
        reason=reason,
        placed_by=actor,
        placed_at=now,
        custodian=actor,
        review_due=review_due,
    )
    _begin(hold, scope, actor=actor, now=now)
    told(PLACED, hold, scope, at=hold.placed_at, now=now)
    return hold


@transaction.atomic
def place_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Place what the journal says was placed after the backup. False if what it is about is not in it."""
    scope = holds_scope.found(data)
    if scope is None or is_known(data["hold"]):
        return False
    hold = LegalHold(
        uuid=data["hold"],
        matter=str(_("Restored from the journal")),
        reason=data["reason"],
        placed_by=data["by"],
        placed_at=datetime.fromisoformat(data["at"]),
        custodian=data.get("custodian", data["by"]),
        review_due=date.fromisoformat(data["review_due"]),
    )
    _begin(hold, scope, actor=actor, now=now)
    return True


def _begin(hold: LegalHold, scope: Scope, *, actor: str, now: datetime) -> None:
    hold.save()
    holds_scope.keep(hold, scope)
    if scope.people:
        hold_people(hold, scope, at=hold.placed_at, actor=actor, now=now)
    else:
        hold_by_rule(hold, scope, at=hold.placed_at, actor=actor, now=now)
    about = {"people": len(scope.people), "by_rule": not scope.people, "scope": holds_scope.told(scope)}
    _note(PLACED, hold, actor, now, reason=hold.reason, **about)


def is_known(uuid: str) -> bool:
    return LegalHold.objects.filter(uuid=uuid).exists()


def hold_people(hold: LegalHold, scope: Scope, *, at: datetime, actor: str, now: datetime) -> None:
    """`at`: when they came under it, which after a restore was before `now`."""
    same: dict[str, Any] = {"kind": ErasureBlock.Kind.HOLD, "placed_for": hold.uuid, "placed_at": at}
    # In one order, so that two holds over the same people wait for each other instead of deadlocking.
    for subject in sorted(scope.people, key=lambda one: one.pk):
        for purpose in list[Purpose | None](scope.purposes) or [None]:
            blocks.place(subject, **same, purpose=purpose, now=now, actor=actor)


def hold_by_rule(
    hold: LegalHold,
    scope: Scope,
    *,
    but_for: Collection[holds_scope.Key] = (),
    at: datetime,
    actor: str,
    now: datetime,
) -> None:
    """`but_for`: the rules that are in force already."""
    for rule in holds_scope.rules(scope):
        if holds_scope.key_of(rule) not in but_for:
            blocks.place_rule(placed_for=hold.uuid, **rule, placed_at=at, now=now, actor=actor)


def needs_held(hold: LegalHold) -> QuerySet[ItemPurpose]:
    """What it keeps at this moment: the same condition as in the deletes."""
    if not hold.is_rule:
        whose = Q(purpose=None) | Q(purpose=OuterRef("purpose"))
        mine = ErasureBlock.objects.filter(whose, placed_for=hold.uuid, subject=OuterRef("subject"), released_at=None)
        return ItemPurpose.objects.filter(Exists(mine))
    return ItemPurpose.objects.filter(blocks.rules_over_needs(placed_for=hold.uuid))


def people_held(hold: LegalHold) -> QuerySet[DataSubject]:
    """Whom it is about at this moment, also those of whom only dealings are known."""
    if not hold.is_rule:
        named = ErasureBlock.objects.filter(placed_for=hold.uuid, released_at=None, subject__isnull=False)
        return DataSubject.objects.filter(pk__in=named.values("subject"))
    ties = Relationship.objects.filter(blocks.rules_over_ties(placed_for=hold.uuid))
    return DataSubject.objects.filter(Q(pk__in=needs_held(hold).values("subject")) | Q(pk__in=ties.values("subject")))


@transaction.atomic
def keep(hold: LegalHold, *, review_due: date, matter: str = "", actor: str, now: datetime) -> None:
    """It was looked at and is still needed. `matter`: its number, where that was not right or is missing."""
    in_force(hold)
    hold.matter = matter.strip() or hold.matter
    _check(hold.matter, hold.reason, review_due, now)
    hold.review_due, hold.reviewed_at = review_due, now
    hold.save(update_fields=["matter", "review_due", "reviewed_at"])
    _note("hold.reviewed", hold, actor, now, review_due=review_due.isoformat())


@transaction.atomic
def release(hold: LegalHold, *, actor: str, now: datetime) -> int:
    """End it; what fell due meanwhile goes with the next run. Returns how many blocks there were."""
    in_force(hold)
    outbox.post(Outbox.Kind.JOURNAL, {"action": RELEASED, "hold": str(hold.uuid)}, about=None, now=now)
    return _end(hold, actor=actor, now=now)


@transaction.atomic
def release_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Release what the journal says was released after the backup."""
    hold = LegalHold.objects.filter(uuid=data["hold"], released_at=None).first()
    if hold is None:
        return False
    _end(hold, actor=actor, now=now)
    return True


def has_ended(uuid: str) -> bool:
    """Whether there is nothing to release: it is released, or this database does not know it."""
    return not LegalHold.objects.filter(uuid=uuid, released_at=None).exists()


def _end(hold: LegalHold, *, actor: str, now: datetime) -> int:
    count = blocks.release(hold.uuid, now=now, actor=actor)
    # The name of a company may be that of a person: no hold that is over keeps it.
    hold.released_by, hold.released_at, hold.organisation = actor, now, None
    hold.save(update_fields=["released_by", "released_at", "organisation"])
    _note(RELEASED, hold, actor, now, blocks=count)
    restricting.settle_soon()
    return count


def overdue(on: date) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(released_at=None, review_due__lte=on).order_by("review_due", "pk")


def in_force(hold: LegalHold) -> None:
    """Lock it. Raises DomainError when it has been released."""
    locked = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if locked.released_at:
        raise DomainError(_("This hold has been released."), code="hold-released")


def _check(matter: str, reason: str, review_due: date, now: datetime) -> None:
    today = now.astimezone(Controller.current().zone).date()
    errors: dict[str, Text] = {}
    if not matter.strip():
        errors["matter"] = _("Give the number of the matter.")
    if reason not in REASONS:
        errors["reason"] = _("Choose a reason.")
    if not today < review_due <= today + LONGEST:
        errors["review_due"] = _("Choose a day within the next six months.")
    if errors:
        raise Invalid(fields=errors)


def told(action: str, hold: LegalHold, scope: Scope, *, at: datetime, now: datetime, **more: str) -> None:
    """A restored backup must not delete what is held, so it is also written outside PostgreSQL.

    Ids, codes and days only: what somebody wrote as the number of the matter is not among them.
    """
    named = {one.uuid for one in scope.people if not one.is_test}
    if scope.people and not named:
        return
    data = {
        "action": action,
        "hold": str(hold.uuid),
        "people": sorted(map(str, named)),
        # Records that were made one with theirs: a backup may have them apart.
        "others": sorted(map(str, one_person.ids_of(named) - named)),
        **holds_scope.told(scope),
        "reason": hold.reason,
        "by": hold.placed_by,
        "custodian": hold.custodian,
        "at": at.isoformat(),
        "review_due": hold.review_due.isoformat(),
    }
    outbox.post(Outbox.Kind.JOURNAL, data | more, about=None, now=now)


def _note(kind: str, hold: LegalHold, actor: str, now: datetime, **data: object) -> None:
    record(kind=kind, at=now, actor=actor, object=hold.uuid, data=data)
