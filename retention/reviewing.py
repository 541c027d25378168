"""Rules that delete nothing by themselves: somebody looks at what is due, and keeps it until a day or lets it go."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, transaction
from django.db.models import Count, Min
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Controller
from ledger.entries import record
from retention import due, evidence, runs
from retention.models import KeptRow, RetentionRule, Run
from retention.rules import cutoff
from subjects.blocks import frozen
from subjects.deletes import lock_people
from subjects.erasure import end_needs
from subjects.models import DataSubject

LONGEST = relativedelta(years=6)
REASONS = {
    "still-needed": _("It is still needed for the purpose."),
    "claim-expected": _("A claim can still be expected."),
    "contract-open": _("Something of a contract is still open."),
    "wished": _("The person wishes us to keep it."),
}


class Stopped(DomainError):
    code = "kept-by-hold"
    message = _("A hold or a pending request keeps all of it for now.")


@dataclass(frozen=True)
class Person:
    """What is due of one person: how many rows, since when at the longest, in which kinds of data."""

    pk: int
    uuid: UUID
    rows: int
    since: date
    kinds: list[str]


def rows(rule: RetentionRule, *, now: datetime) -> due.Rows:
    """Needs that nobody has looked at, or that were kept until a day that has come."""
    today = _today(now)
    return due.to_review(rule, cutoff(rule, today), today=today)


def people(rule: RetentionRule, *, after: int = 0, most: int = 25, now: datetime) -> list[Person]:
    """The next ones by primary key."""
    mine = rows(rule, now=now).filter(subject__gt=after).values("subject", "subject__uuid")
    found = list(mine.annotate(n=Count("pk"), oldest=Min("since")).order_by("subject")[:most])
    kinds: dict[int, list[str]] = {one["subject"]: [] for one in found}
    labels = rows(rule, now=now).filter(subject__in=list(kinds)).values_list("subject", "category__label").distinct()
    for subject, label in labels.order_by("subject", "category__label"):
        kinds[subject].append(label)
    return [
        Person(one["subject"], one["subject__uuid"], one["n"], one["oldest"], kinds[one["subject"]]) for one in found
    ]


@transaction.atomic
def keep(rule: RetentionRule, subject: DataSubject, *, until: date | None, reason: str, by: str, now: datetime) -> int:
    """It is looked at again on that day. Returns how many rows."""
    today, errors = _today(now), dict[str, Text]()
    _check(rule)
    if until is None or not today < until <= today + LONGEST:
        errors["until"] = _("Choose a day from tomorrow, within six years.")
    if reason not in REASONS:
        errors["reason"] = _("Say why it is kept: choose a reason.")
    if errors or until is None:
        raise Invalid(fields=errors)
    lock_people([], [subject.pk])
    needs = list(rows(rule, now=now).filter(subject=subject).values_list("pk", flat=True))
    KeptRow.objects.filter(rule=rule, need__in=needs).delete()
    same = {"rule": rule, "until": until, "reason": reason, "kept_by": by, "kept_at": now}
    KeptRow.objects.bulk_create(KeptRow(need=need, **same) for need in needs)
    if needs:
        _note(rule, subject.uuid, by, now, outcome="kept", rows=len(needs), reason=reason, until=until.isoformat())
    return len(needs)


@transaction.atomic
def erase(rule: RetentionRule, subject: DataSubject, *, by: str, now: datetime) -> Run:
    """Let go of what is due of this person, with the evidence of a run. Raises Stopped, and runs.Busy."""
    _check(rule)
    today, person = _today(now), subject.uuid
    try:
        with transaction.atomic():
            run = runs.begin(rule, as_of=today, cutoff=cutoff(rule, today), expected=0, now=now)
    except IntegrityError as error:
        raise runs.Busy from error
    theirs = lock_people([], [subject.pk])
    mine = rows(rule, now=now).filter(subject=subject)
    free = list(mine.filter(~frozen(now)).values_list("pk", flat=True))
    erased = end_needs(free, now=now, people=theirs)
    if not erased.needs:
        raise Stopped
    _note(rule, person, by, now, outcome="erased", rows=erased.needs)
    evidence.leave(run, erased, subject=person, actor=by, now=now)
    runs.finish(run, held=mine.count(), indeterminate=0, now=now)
    run.refresh_from_db()
    return run


def forget(*, now: datetime) -> int:
    """Days that have come: the rows are before somebody again, or gone."""
    return KeptRow.objects.filter(until__lte=_today(now)).delete()[0]


def waiting(*, now: datetime) -> list[RetentionRule]:
    """Rules under which somebody has something to look at."""
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE, action=RetentionRule.Action.REVIEW)
    found: Iterable[RetentionRule] = active.select_related("purpose", "category").order_by("slug")
    return [rule for rule in found if rows(rule, now=now).exists()]


def _check(rule: RetentionRule) -> None:
    locked = RetentionRule.objects.select_for_update().get(pk=rule.pk)
    if locked.status != RetentionRule.Status.ACTIVE or locked.action != RetentionRule.Action.REVIEW:
        raise DomainError(_("Only a rule in force that asks for a review is decided so."), code="rule-not-in-force")


def _note(rule: RetentionRule, person: UUID, by: str, now: datetime, *, outcome: str, rows: int, **more: str) -> None:
    data = {"rule": rule.slug, "version": rule.version, "outcome": outcome, "rows": rows, **more}
    record(kind="retention.reviewed", at=now, actor=by, subject=person, purpose=rule.purpose.slug, data=data)


def _today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()
