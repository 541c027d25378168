"""Guard rails: a rule's first run, a run over many rows or over a large part of them waits until somebody has looked.

What is approved is the exact set: a hash over rule, version and the ids that would go. It holds for a day and one run,
and not when the set has changed since.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from ledger.entries import record
from retention import cases, due
from retention.models import Approval, RetentionRule, Run
from retention.purge import Report, purge
from retention.rules import cutoff
from subjects.models import ItemPurpose

LASTS = timedelta(hours=24)
# Of fewer rows than this no part is large: the last three of three are not an accident.
FEW = 500
WHY = {
    "first-run": _("This rule has never erased anything."),
    "many-rows": _("There are more rows than may go without somebody looking."),
    "large-part": _("It is a large part of all that this purpose holds."),
}


class ApprovalNeeded(DomainError):
    code = "approval-needed"
    message = _("Somebody has to look at what would go, and approve exactly that.")

    def __init__(self, planned: "Planned") -> None:
        super().__init__()
        self.planned = planned


class SetChanged(DomainError):
    code = "set-changed"
    message = _("What would go has changed since you looked. Look at it again.")


@dataclass(frozen=True)
class Planned:
    """What a run would take, and why somebody has to look at it first (a key of WHY, or nothing)."""

    rule: RetentionRule
    as_of: date
    rows: int
    fingerprint: str
    why: str


def plan(rule: RetentionRule, *, as_of: date, now: datetime, typed: bool = False) -> Planned:
    """`typed`: a person started this by hand, so the first run has somebody looking at it."""
    digest, rows = sha256(f"{rule.slug}:{rule.version}".encode()), 0
    limit = cutoff(rule, as_of)
    for kind in (
        due.workable(rule, limit, now=now),
        due.empty_relationships(rule, limit, now=now),
        *_files(rule, limit, now),
    ):
        digest.update(b"|")
        for pk in kind.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000):
            digest.update(int(pk).to_bytes(8, "big"))
            rows += 1
    return Planned(rule, as_of, rows, digest.hexdigest(), _why(rule, rows, typed=typed))


def _files(rule: RetentionRule, limit: date, now: datetime) -> list[QuerySet[Any]]:
    """The case files that would go with it (retention/cases.py): none with a rule about one category only."""
    kept = cases.ruled_by(rule)
    return [cases.due(kept, limit, now=now)] if kept and rule.action == RetentionRule.Action.ERASE else []


def _work(rule: RetentionRule, *, as_of: date, expected: int, now: datetime) -> Report:
    """The run, and with it the case files that the rule is about, each by its owner's own function."""
    report = purge(rule, as_of=as_of, commit=True, now=now, expected=expected)
    kept = cases.of(rule.purpose.slug)
    if kept is None or Run.objects.filter(uuid=report.run, paused_at__isnull=False).exists():
        return report
    return replace(report, cases=sum(kept.expire(rows, now) for rows in _files(rule, report.cutoff, now)))


def _why(rule: RetentionRule, rows: int, *, typed: bool) -> str:
    if not rows or rule.action not in due.TAKES:
        return ""
    if rows > settings.RETENTION_APPROVE_ROWS:
        return "many-rows"
    if rows >= FEW:
        all_rows = ItemPurpose.objects.filter(purpose=rule.purpose_id).count()
        if rows * 100 > all_rows * settings.RETENTION_APPROVE_PERCENT:
            return "large-part"
    worked = Run.objects.filter(rule=rule, status=Run.Status.FINISHED)
    worked = worked.filter(Q(batches__isnull=False) | Q(measured__rows__gt=0))
    return "first-run" if settings.RETENTION_APPROVE_FIRST_RUN and not typed and not worked.exists() else ""


@transaction.atomic
def approve(rule: RetentionRule, *, as_of: date, fingerprint: str, by: str, now: datetime) -> Approval:
    """Let the next run of this rule take exactly the set that was looked at."""
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
    record(
        kind="retention.approved",
        at=now,
        actor=by,
        object=made.uuid,
        purpose=rule.purpose.slug,
        data={"rule": rule.slug, "version": rule.version, "as_of": as_of.isoformat(), "rows": planned.rows}
        | {"ids_sha256": fingerprint, "why": planned.why},
    )
    return made


def apply(rule: RetentionRule, *, as_of: date, now: datetime, typed: bool = False) -> Report:
    """Apply the rule if nobody has to look first, or somebody has.

    An open run was let in when it began, for its own day: it is finished as of then, and today is looked at afresh.
    """
    running = Run.objects.filter(rule=rule, status=Run.Status.RUNNING)
    for day in running.values_list("as_of", flat=True):
        report = _work(rule, as_of=day, expected=0, now=now)
        if day >= as_of or running.exists():
            return report
    planned, approval = plan(rule, as_of=as_of, now=now, typed=typed), None
    if planned.why:
        approval = standing(rule, now=now).filter(as_of=as_of, fingerprint=planned.fingerprint).first()
        if approval is None:
            raise ApprovalNeeded(planned)
    report = _work(rule, as_of=as_of, expected=planned.rows, now=now)
    if approval:
        Approval.objects.filter(pk=approval.pk).update(run=Run.objects.get(uuid=report.run))
    return report


def carry_out(approval: Approval, *, now: datetime) -> Report | None:
    """Begin what was approved. Nothing, when the set is another one by now: its page asks again."""
    if plan(approval.rule, as_of=approval.as_of, now=now).fingerprint != approval.fingerprint:
        return None
    return apply(approval.rule, as_of=approval.as_of, now=now)


def unused(*, now: datetime) -> QuerySet[Approval]:
    return Approval.objects.filter(run=None, expires_at__gt=now, rule__status="active").select_related("rule__purpose")


def standing(rule: RetentionRule, *, now: datetime) -> QuerySet[Approval]:
    """Approvals of this rule that no run has used."""
    return Approval.objects.filter(rule=rule, run=None, expires_at__gt=now)
