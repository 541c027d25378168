"""Legal holds: what a matter needs is kept, and only kept. One is looked at again after six months at the latest.

A hold names people, and places an ErasureBlock for each; or it describes what it is about (purposes, systems, a
company, days of collection), and is a rule that every delete asks: whoever comes to it later is held as well. What
falls due meanwhile is restricted (retention/purge.py) and goes with the first run after the release.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Controller
from ledger.entries import record
from processing.models import Purpose, System
from retention.models import LegalHold
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Organisation, Relationship

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
    purposes: Sequence[Purpose] = (),
    systems: Sequence[System] = (),
    organisation: Organisation | None = None,
    collected_from: date | None = None,
    collected_to: date | None = None,
    review_due: date,
    actor: str,
    now: datetime,
) -> LegalHold:
    """Keep what this matter needs: these people's data (all of it, or what some purposes hold), or, without people,
    whatever is described, of whomever it is now or later.
    """
    chosen = list(people)
    is_described = bool(systems or organisation or collected_from or collected_to)
    _check(matter, reason, review_due, now)
    _check_scope(bool(chosen), is_described, bool(purposes or systems or organisation), collected_from, collected_to)
    hold = LegalHold.objects.create(
        matter=matter.strip(),
        reason=reason,
        organisation=organisation,
        collected_from=collected_from,
        collected_to=collected_to,
        placed_by=actor,
        placed_at=now,
        review_due=review_due,
    )
    hold.purposes.set(purposes)
    hold.systems.set(systems)
    if chosen:
        _hold_people(hold, chosen, purposes, actor=actor, now=now)
    else:
        _hold_by_rule(hold, purposes, systems, actor=actor, now=now)
    _note("hold.placed", hold, actor, now, people=len(chosen), by_rule=not chosen, reason=reason)
    return hold


def _hold_people(
    hold: LegalHold, people: list[DataSubject], purposes: Sequence[Purpose], *, actor: str, now: datetime
) -> None:
    # In one order, so that two holds over the same people wait for each other instead of deadlocking.
    for subject in sorted(people, key=lambda one: one.pk):
        for purpose in list[Purpose | None](purposes) or [None]:
            blocks.place(
                subject, kind=ErasureBlock.Kind.HOLD, placed_for=hold.uuid, purpose=purpose, now=now, actor=actor
            )


def _hold_by_rule(
    hold: LegalHold, purposes: Sequence[Purpose], systems: Sequence[System], *, actor: str, now: datetime
) -> None:
    for purpose in list[Purpose | None](purposes) or [None]:
        for system in list[System | None](systems) or [None]:
            blocks.place_rule(
                placed_for=hold.uuid,
                purpose=purpose,
                system=system,
                organisation=hold.organisation,
                collected_from=hold.collected_from,
                collected_to=hold.collected_to,
                now=now,
                actor=actor,
            )


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
def keep(hold: LegalHold, *, review_due: date, actor: str, now: datetime) -> None:
    """It was looked at and is still needed."""
    _in_force(hold)
    _check(hold.matter, hold.reason, review_due, now)
    hold.review_due, hold.reviewed_at = review_due, now
    hold.save(update_fields=["review_due", "reviewed_at"])
    _note("hold.reviewed", hold, actor, now, review_due=review_due.isoformat())


@transaction.atomic
def release(hold: LegalHold, *, actor: str, now: datetime) -> int:
    """End it; what fell due meanwhile goes with the next run. Returns how many blocks there were."""
    _in_force(hold)
    count = blocks.release(hold.uuid, now=now, actor=actor)
    # The name of a company may be that of a person: no hold that is over keeps it.
    hold.released_by, hold.released_at, hold.organisation = actor, now, None
    hold.save(update_fields=["released_by", "released_at", "organisation"])
    _note("hold.released", hold, actor, now, blocks=count)
    return count


def overdue(on: date) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(released_at=None, review_due__lte=on).order_by("review_due", "pk")


def _in_force(hold: LegalHold) -> None:
    locked = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if locked.released_at:
        raise DomainError(_("This hold has been released."), code="hold-released")


def _check_scope(
    has_people: bool, is_described: bool, is_bounded: bool, collected_from: date | None, collected_to: date | None
) -> None:
    errors: dict[str, Text] = {}
    if has_people and is_described:
        errors["people"] = _("Name people, or describe what is held by system, company and days; not both.")
    if not has_people and not is_bounded:
        errors["people"] = _("Nobody is meant. Name people, or choose purposes, systems or a company.")
    if collected_from and collected_to and collected_to < collected_from:
        errors["collected_to"] = _("The last day cannot come before the first.")
    if errors:
        raise Invalid(fields=errors)


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


def _note(kind: str, hold: LegalHold, actor: str, now: datetime, **data: object) -> None:
    record(kind=kind, at=now, actor=actor, object=hold.uuid, data=data)
