"""Legal holds: what a matter needs is kept, and only kept. One is looked at again after six months at the latest.

A hold names people, and places an ErasureBlock for each; or it describes what it is about (purposes, systems, a
company, days of collection), and is a rule that every delete asks: whoever comes to it later is held as well. What
falls due meanwhile is restricted (retention/purge.py) and goes with the first run after the release.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from processing.models import Purpose, System
from retention import restricting
from retention.models import LegalHold
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Organisation, Relationship

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
    check_scope(bool(chosen), is_described, bool(purposes or systems or organisation), collected_from, collected_to)
    hold = LegalHold.objects.create(
        matter=matter.strip(),
        reason=reason,
        organisation=organisation,
        collected_from=collected_from,
        collected_to=collected_to,
        placed_by=actor,
        placed_at=now,
        custodian=actor,
        review_due=review_due,
    )
    hold.purposes.set(purposes)
    hold.systems.set(systems)
    if chosen:
        hold_people(hold, chosen, purposes, actor=actor, now=now)
    else:
        hold_by_rule(hold, purposes, systems, actor=actor, now=now)
    _note(PLACED, hold, actor, now, people=len(chosen), by_rule=not chosen, reason=reason)
    told(PLACED, hold, chosen, at=hold.placed_at, now=now)
    return hold


@transaction.atomic
def place_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Place what the journal says was placed after the backup. False if what it is about is not in it."""
    named = found(data)
    if named is None or is_known(data["hold"]):
        return False
    days = {name: named[name] for name in ("organisation", "collected_from", "collected_to")}
    hold = LegalHold.objects.create(
        uuid=data["hold"],
        matter=str(_("Restored from the journal")),
        reason=data["reason"],
        placed_by=data["by"],
        placed_at=datetime.fromisoformat(data["at"]),
        custodian=data.get("custodian", data["by"]),
        review_due=date.fromisoformat(data["review_due"]),
        **days,
    )
    people = named["people"]
    hold.purposes.set(named["purposes"])
    hold.systems.set(named["systems"])
    if people:
        hold_people(hold, people, named["purposes"], actor=actor, now=now)
    else:
        hold_by_rule(hold, named["purposes"], named["systems"], actor=actor, now=now)
    _note(PLACED, hold, actor, now, people=len(people), by_rule=not people, reason=hold.reason)
    return True


def found(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the journal says a hold is about, as far as it is here. None when all of one kind is missing: with less than
    it named it would be about something else.
    """
    rows: dict[str, list[Any]] = {
        "people": list(DataSubject.objects.filter(uuid__in=data["people"])),
        "purposes": list(Purpose.objects.filter(slug__in=data["purposes"])),
        "systems": list(System.objects.filter(slug__in=data["systems"])),
        "organisations": list(Organisation.objects.filter(uuid__in=data["organisations"])),
    }
    if any(data[name] and not some for name, some in rows.items()):
        return None
    days = {name: date.fromisoformat(data[name]) if data[name] else None for name in ("collected_from", "collected_to")}
    companies = rows.pop("organisations")
    return {**rows, **days, "organisation": companies[0] if companies else None}


def is_known(uuid: str) -> bool:
    return LegalHold.objects.filter(uuid=uuid).exists()


def hold_people(
    hold: LegalHold, people: list[DataSubject], purposes: Sequence[Purpose], *, actor: str, now: datetime
) -> None:
    # In one order, so that two holds over the same people wait for each other instead of deadlocking.
    for subject in sorted(people, key=lambda one: one.pk):
        for purpose in list[Purpose | None](purposes) or [None]:
            blocks.place(
                subject, kind=ErasureBlock.Kind.HOLD, placed_for=hold.uuid, purpose=purpose, now=now, actor=actor
            )


def hold_by_rule(
    hold: LegalHold,
    purposes: Sequence[Purpose],
    systems: Sequence[System],
    *,
    but_for: Collection[tuple[int | None, ...]] = (),
    actor: str,
    now: datetime,
) -> None:
    """`but_for`: what is in force already, as (purpose, system, company, first day, last day)."""
    days = [day.toordinal() if day else None for day in (hold.collected_from, hold.collected_to)]
    for purpose in list[Purpose | None](purposes) or [None]:
        for system in list[System | None](systems) or [None]:
            of = purpose.pk if purpose else None, system.pk if system else None
            if (*of, hold.organisation_id, *days) in but_for:
                continue
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


def check_scope(
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


def told(
    action: str, hold: LegalHold, people: Sequence[DataSubject], *, at: datetime, now: datetime, **more: str
) -> None:
    """A restored backup must not delete what is held, so it is also written outside PostgreSQL.

    Ids, codes and days only: what somebody wrote as the number of the matter is not among them.
    """
    named = [str(one.uuid) for one in people if not one.is_test]
    if people and not named:
        return
    data = {
        "action": action,
        "hold": str(hold.uuid),
        "people": named,
        "purposes": [purpose.slug for purpose in hold.purposes.order_by("slug")],
        "systems": [system.slug for system in hold.systems.order_by("slug")],
        "organisations": [str(hold.organisation.uuid)] if hold.organisation else [],
        "collected_from": hold.collected_from.isoformat() if hold.collected_from else "",
        "collected_to": hold.collected_to.isoformat() if hold.collected_to else "",
        "reason": hold.reason,
        "by": hold.placed_by,
        "custodian": hold.custodian,
        "at": at.isoformat(),
        "review_due": hold.review_due.isoformat(),
    }
    outbox.post(Outbox.Kind.JOURNAL, data | more, about=None, now=now)


def _note(kind: str, hold: LegalHold, actor: str, now: datetime, **data: object) -> None:
    record(kind=kind, at=now, actor=actor, object=hold.uuid, data=data)
