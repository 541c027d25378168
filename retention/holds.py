"""Legal holds: what a matter needs is kept, and only kept. One is looked at again after six months at the latest.

A hold places an ErasureBlock for everybody it is about; every delete asks for those itself. What falls due meanwhile is
restricted (retention/purge.py) and goes with the first run after the release.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller
from ledger.entries import record
from processing.models import Purpose
from retention.models import LegalHold
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Relationship

LONGEST = relativedelta(months=6)
REASONS = {
    "claim": _("A claim by us or against us"),
    "investigation": _("An investigation by an authority"),
    "dispute": _("A dispute that may become a claim"),
    "order": _("A court's order to keep it"),
}


@transaction.atomic
def place(
    people: Iterable[DataSubject],
    *,
    matter: str,
    reason: str,
    purposes: Sequence[Purpose] = (),
    review_due: date,
    actor: str,
    now: datetime,
) -> LegalHold:
    """Keep what these people's data is needed for in this matter: all of it, or what some purposes hold."""
    _check(matter, reason, review_due, now)
    hold = LegalHold.objects.create(
        matter=matter.strip(), reason=reason, placed_by=actor, placed_at=now, review_due=review_due
    )
    hold.purposes.set(purposes)
    count, parts = 0, list[Purpose | None](purposes) or [None]
    # In one order, so that two holds over the same people wait for each other instead of deadlocking.
    for subject in sorted(people, key=lambda one: one.pk):
        for purpose in parts:
            blocks.place(
                subject, kind=ErasureBlock.Kind.HOLD, placed_for=hold.uuid, purpose=purpose, now=now, actor=actor
            )
        count += 1
    if not count:
        raise Invalid(fields={"people": _("Nobody is meant. Name people, or purposes that hold somebody's data.")})
    _note("hold.placed", hold, actor, now, people=count, reason=reason)
    return hold


def everybody(purposes: Sequence[Purpose]) -> QuerySet[DataSubject]:
    """Those of whom any of these purposes holds something, or with whom it has dealings."""
    needs = ItemPurpose.objects.filter(purpose__in=purposes).values("subject")
    ties = Relationship.objects.filter(purpose__in=purposes).values("subject")
    return DataSubject.objects.filter(Q(pk__in=needs) | Q(pk__in=ties))


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
    hold.released_by, hold.released_at = actor, now
    hold.save(update_fields=["released_by", "released_at"])
    _note("hold.released", hold, actor, now, blocks=count)
    return count


def overdue(on: date) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(released_at=None, review_due__lte=on).order_by("review_due", "pk")


def _in_force(hold: LegalHold) -> None:
    locked = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if locked.released_at:
        raise DomainError(_("This hold has been released."), code="hold-released")


def _check(matter: str, reason: str, review_due: date, now: datetime) -> None:
    today = now.astimezone(Controller.current().zone).date()
    errors = {}
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
