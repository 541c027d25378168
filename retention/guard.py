"""Guard rails: a rule's first run, a run over many rows or over a large part of them waits until somebody has looked.

What is approved is the exact set (retention/exact.py). It holds for a day and one run; the run is refused when the set
is another one by then, and takes nothing that was not in it when it changes later. A run that nobody has to look at is
bound in the same way to what it was small enough for, or a hold that ends meanwhile would be a way round.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from ledger.entries import record
from retention import due, exact, runs, stopping, waiting
from retention.exact import WHY as WHY
from retention.exact import Planned as Planned
from retention.models import Approval, RetentionRule, Run
from retention.purge import Report, in_force, work_on
from retention.rules import cutoff

LASTS = timedelta(hours=24)
COMMAND = "system:command"


class ApprovalNeeded(DomainError):
    code = "approval-needed"
    message = _("Somebody has to look at what would go, and approve exactly that.")

    def __init__(self, planned: Planned) -> None:
        super().__init__()
        self.planned = planned


class SetChanged(DomainError):
    code = "set-changed"
    message = _("What would go has changed since you looked. Look at it again.")


class NotAlone(DomainError):
    code = "approval-by-somebody"
    message = _("Nobody approves at the command line unless there is one officer only (SOLE_OFFICER).")


def plan(rule: RetentionRule, *, as_of: date, now: datetime) -> Planned:
    """What a run would take, and why somebody has to look at it. Reads every id that would go."""
    return waiting.asked_still(exact.plan(rule, as_of=as_of, now=now))


def look(rule: RetentionRule, *, as_of: date, now: datetime) -> Planned:
    """Count what would go now, and keep that as what somebody may approve."""
    planned = plan(rule, as_of=as_of, now=now)
    if planned.why:
        waiting.note(planned, now=now, tells=False)
    else:
        waiting.over(rule)
    return planned


def approve(
    rule: RetentionRule, *, as_of: date, fingerprint: str, by: str, exception: str = "", now: datetime
) -> Approval:
    """Let the next run of this rule take exactly the set that was looked at. Raises SetChanged, the new one noted."""
    try:
        return _approve(rule, as_of=as_of, fingerprint=fingerprint, by=by, exception=exception, now=now)
    except SetChanged:
        look(rule, as_of=as_of, now=now)
        raise


def confirm(rule: RetentionRule, *, as_of: date, fingerprint: str, now: datetime) -> Approval:
    """At the command line nobody is known by name. Where there is one officer only, it is theirs. Raises NotAlone."""
    if not settings.SOLE_OFFICER:
        raise NotAlone
    return approve(rule, as_of=as_of, fingerprint=fingerprint, by=COMMAND, exception="sole-officer", now=now)


@transaction.atomic
def _approve(rule: RetentionRule, *, as_of: date, fingerprint: str, by: str, exception: str, now: datetime) -> Approval:
    planned = plan(rule, as_of=as_of, now=now)
    if planned.fingerprint != fingerprint:
        raise SetChanged
    made = Approval.objects.create(
        rule=rule,
        as_of=as_of,
        fingerprint=fingerprint,
        rows=planned.rows,
        why=planned.why,
        approved_by=by,
        approved_at=now,
        expires_at=now + LASTS,
    )
    # Of what is stored, because something may have come between the two.
    if exact.store(made, now=now) != fingerprint:
        raise SetChanged
    record(
        kind="retention.approved",
        at=now,
        actor=by,
        object=made.uuid,
        purpose=rule.purpose.slug,
        data={"rule": rule.slug, "version": rule.version, "as_of": as_of.isoformat(), "rows": planned.rows}
        | {"ids_sha256": fingerprint, "why": planned.why}
        | ({"exception": exception} if exception else {}),
    )
    return made


def apply(rule: RetentionRule, *, as_of: date, now: datetime) -> Report:
    """Apply the rule if nobody has to look first, or somebody has. Raises ApprovalNeeded, with the set noted for them.

    An open run was let in when it began, for its own day: it is finished as of then, and today is looked at afresh.
    """
    for run in Run.objects.filter(rule=rule, status=Run.Status.RUNNING):
        if not run.paused_at and rule.action in due.TAKES and exact.of(run) is None:
            _stop(rule, now=now)
            continue
        report = _work(run, rule, now=now)
        run.refresh_from_db()
        if run.as_of >= as_of or run.status == Run.Status.RUNNING:
            return report
    while True:
        planned, approval = _let_in(rule, as_of=as_of, now=now)
        # Something came between counting and keeping: it is counted again.
        with suppress(SetChanged):
            return _work(_begin(planned, approval, now=now), rule, now=now)


@transaction.atomic
def _stop(rule: RetentionRule, *, now: datetime) -> None:
    """A run of before every set was kept: nobody knows what it was let in for."""
    stopping.stop(rule, why=stopping.UNBOUNDED, now=now)


def _let_in(rule: RetentionRule, *, as_of: date, now: datetime) -> tuple[Planned, Approval | None]:
    """What would go, and the approval of it if it needs one. Raises ApprovalNeeded."""
    planned = plan(rule, as_of=as_of, now=now)
    approval = standing(rule, now=now).filter(as_of=as_of).order_by("-pk").first()
    if approval and approval.fingerprint != planned.fingerprint:
        planned, approval = _refuse(approval, planned, now=now), None
    elif planned.why and not approval:
        waiting.note(planned, now=now)
    if planned.why and not approval:
        raise ApprovalNeeded(planned)
    return planned, approval


def carry_out(approval: Approval, *, now: datetime) -> Report:
    """Begin what was approved."""
    return apply(approval.rule, as_of=approval.as_of, now=now)


@transaction.atomic
def _refuse(approval: Approval, planned: Planned, *, now: datetime) -> Planned:
    """It was approved, and is not what would go now: it counts no more. Returns what has to be looked at instead.

    Noted in the same transaction: from then on it waits (waiting.asked_still).
    """
    came, left = exact.compare(approval, planned, now=now)
    Approval.objects.filter(pk=approval.pk, run=None).update(refused_at=now)
    rule = approval.rule
    record(
        kind="retention.refused",
        at=now,
        actor=runs.ACTOR,
        object=approval.uuid,
        purpose=rule.purpose.slug,
        data={"rule": rule.slug, "version": rule.version, "rows": planned.rows, "came": came, "left": left}
        | {"ids_sha256": planned.fingerprint},
    )
    exact.used(approval.pk)
    # Somebody looked because it was no ordinary set. What it became is looked at too, however small.
    why = planned.why or (approval.why if planned.fresh else "")
    instead = replace(planned, why=why, came=came, left=left)
    if why:
        waiting.note(instead, now=now)
    return instead


@transaction.atomic
def _begin(planned: Planned, approval: Approval | None, *, now: datetime) -> Run:
    """A new run, tied to its set before it takes anything. Raises runs.Busy when another has begun, and SetChanged."""
    rule, as_of = planned.rule, planned.as_of
    RetentionRule.objects.select_for_update().get(pk=rule.pk)
    in_force(rule)
    try:
        with transaction.atomic():
            run = runs.begin(rule, as_of=as_of, cutoff=cutoff(rule, as_of), expected=planned.rows, now=now)
    except IntegrityError as error:
        raise runs.Busy from error
    if approval and not standing(rule, now=now).filter(pk=approval.pk).update(run=run):
        raise runs.Busy
    if not approval and rule.action in due.TAKES:
        _keep(run, planned, now=now)
    # Also when this process dies at it: whoever takes the run up asks nobody again.
    waiting.over(rule)
    return run


def _keep(run: Run, planned: Planned, *, now: datetime) -> None:
    """Nobody has to look at this set, and for that it may not grow. Raises SetChanged when it has by now."""
    seen = {"as_of": planned.as_of, "fingerprint": planned.fingerprint, "rows": planned.rows}
    by = {"approved_by": runs.ACTOR, "approved_at": now, "expires_at": now + LASTS}
    made = Approval.objects.create(rule=planned.rule, run=run, why="", **seen, **by)
    if exact.store(made, now=now) != planned.fingerprint:
        raise SetChanged


def _work(run: Run, rule: RetentionRule, *, now: datetime) -> Report:
    """The run, and at its end the rows that were kept for it."""
    report = work_on(run, rule, now=now)
    run.refresh_from_db()
    if run.status == Run.Status.FINISHED:
        exact.ended(run, rule, now=now)
    return report


def unused(*, now: datetime) -> QuerySet[Approval]:
    mine = Approval.objects.filter(run=None, refused_at=None, expires_at__gt=now, rule__status="active")
    return mine.select_related("rule__purpose").order_by("pk")


def standing(rule: RetentionRule, *, now: datetime) -> QuerySet[Approval]:
    """Approvals of this rule that no run has used."""
    return Approval.objects.filter(rule=rule, run=None, refused_at=None, expires_at__gt=now)
