"""What waits for somebody today. Heads of lists read by an index; nothing is counted beyond what fits on the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, Sum

from breaches.models import Breach
from consents import assessments, office_forms_consents, reminders, shared_mailboxes
from consents.models import AssessmentVersion, ConsentFormVersion
from core import doctor
from core.models import Controller, Outbox, User
from ledger.models import Entry, Seal
from notices.models import PrivacyNotice
from office.filters import UNCONFIRMED
from processing.models import Purpose, PurposeVersion, Status
from requests import complaint_lists, letter_lists, working
from requests.models import RightsRequest
from requests.workflow import State
from retention import waiting
from retention.models import Batch, RetentionRule, Run, WaitingSet

HEAD = 6
WEEK, REVIEW_AHEAD = timedelta(days=7), timedelta(days=60)
RECENT = timedelta(hours=36)


@dataclass(frozen=True)
class Head:
    """The first rows of a list, and whether there are more."""

    rows: Sequence[Any]
    has_more: bool

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class NightRun:
    run: Run
    items: int
    people: int


@dataclass
class Today:
    overdue: Head | None = None
    week: Head | None = None
    ready: Head | None = None
    free: Head | None = None
    later: Head | None = None
    unconfirmed: Head | None = None
    alarms: Head | None = None
    messages: Head | None = None
    complaints: Head | None = None
    letters: Head | None = None
    breaches: Head | None = None
    dead: Head | None = None
    backups: Sequence[doctor.Finding] = ()
    runs: list[NightRun] | None = None
    # A rule has been in force for longer than that, and waits for nobody.
    should_have_run: bool = False
    forgetting: waiting.Work | None = None
    sealed_at: datetime | None = None
    is_sealed: bool = True
    shows_ledger: bool = False
    reviews: Head | None = None
    reconsider: Head | None = None
    approvals: Head | None = None
    drafts: Head | None = None
    children: Head | None = None
    mailboxes: Head | None = None
    setup: dict[str, bool] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        return all(self.setup.values())


def gather(user: User | AnonymousUser, *, today: date, now: datetime) -> Today:
    """As far as this user may see it."""
    found = Today()
    if user.has_perm("requests.view_rightsrequest"):
        _requests(found, user, today)
        found.messages = _head(working.waiting(user))
    if user.has_perm("requests.view_complaint"):
        found.alarms = _head(complaint_lists.alarming(user, today))
        found.complaints = _head(complaint_lists.waiting(user))
    if user.has_perm("breaches.view_breach"):
        found.breaches = _head(Breach.objects.filter(closed_at=None).order_by("notify_by"))
    if user.has_perm("core.view_outbox"):
        dead = Outbox.objects.filter(dead_at__isnull=False).defer("payload")
        found.dead = _head(dead.order_by("-dead_at"))
        found.backups = doctor.failures("backups", now=now)
    if user.has_perm("ledger.view_entry"):
        _ledger(found)
    if user.has_perm("retention.view_run"):
        found.runs = _runs(now)
        found.should_have_run = _should_have_run(now)
    if user.has_perm("retention.view_retentionrule"):
        found.forgetting = waiting.work(today, now=now)
    if user.has_perm("consents.view_assessmentversion"):
        _reviews(found, today)
    if user.has_perm(office_forms_consents.ENTER):
        found.children = _head(reminders.for_staff(now=now, limit=HEAD + 1))
        found.mailboxes = _head(shared_mailboxes.for_staff(now=now, limit=HEAD + 1))
    if user.has_perm("consents.approve_assessmentversion"):
        found.approvals = _head(assessments.waiting())
    if user.has_perm("processing.view_purposeversion"):
        found.setup = _setup()
    return found


def _head(rows: Any, size: int = HEAD) -> Head:
    found = list(rows[: size + 1])
    return Head(found[:size], len(found) > size)


def _requests(found: Today, user: User | AnonymousUser, today: date) -> None:
    mine = RightsRequest.objects.visible_to(user).open().filter(case__is_test=False)
    rows = mine.select_related("case__owner").order_by("due_on", "pk")
    found.letters = _head(letter_lists.owed(user))
    found.overdue = _head(rows.filter(due_on__lt=today))
    found.week = _head(rows.filter(due_on__gte=today, due_on__lte=today + WEEK))
    later = rows.filter(Q(due_on=None) | Q(due_on__gt=today + WEEK)).order_by(F("due_on").asc(nulls_last=True), "pk")
    free = Q(state=State.RECEIVED, case__owner=None)
    found.ready = _head(later.filter(state=State.READY))
    found.free = _head(later.exclude(UNCONFIRMED).filter(free))
    if not (found.overdue or found.week):
        found.later = _head(rows.filter(due_on__gt=today + WEEK).exclude(UNCONFIRMED | free | Q(state=State.READY)))
    found.unconfirmed = _head(later.filter(UNCONFIRMED).exclude(state=State.READY))


def _ledger(found: Today) -> None:
    """The newest entry waits half a minute for its seal; one that waits longer is worth a word."""
    found.shows_ledger = True
    seal = Seal.objects.order_by("-pk").values_list("at", flat=True).first()
    entry = Entry.objects.order_by("-pk").values_list("at", flat=True).first()
    found.sealed_at = seal
    found.is_sealed = entry is None or (seal is not None and entry - seal < timedelta(minutes=15))


def _runs(now: datetime) -> list[NightRun]:
    """The last run of each rule that was at work since the night before, with what their batches did."""
    runs = list(
        Run.objects.filter(rule__isnull=False, heartbeat_at__gte=now - RECENT)
        .select_related("rule__purpose")
        .order_by("-pk")[:40]
    )
    sums = {
        row["run"]: (row["gone"], row["people"])
        for row in Batch.objects.filter(run__in=runs).values("run").annotate(gone=Sum("items"), people=Sum("subjects"))
    }
    latest = {run.rule_id: run for run in reversed(runs)}
    return [NightRun(run, *sums.get(run.pk, (0, 0))) for run in sorted(latest.values(), key=lambda run: str(run.rule))]


def _should_have_run(now: datetime) -> bool:
    """Whether a rule in force neither ran nor waits for somebody who is to approve its set, or to resume its run."""
    waits = Exists(WaitingSet.objects.filter(rule=OuterRef("pk")))
    paused = Exists(Run.objects.filter(rule=OuterRef("pk"), status=Run.Status.RUNNING, paused_at__isnull=False))
    return RetentionRule.objects.filter(~waits, ~paused, status="active", approved_at__lt=now - RECENT).exists()


def _reviews(found: Today, today: date) -> None:
    newest = AssessmentVersion.objects.filter(approved_at__isnull=False).order_by("assessment", "-number")
    due = AssessmentVersion.objects.filter(pk__in=newest.distinct("assessment"), review_due__lte=today + REVIEW_AHEAD)
    found.reviews = _head(due.select_related("assessment__purpose").order_by("review_due"))
    found.reconsider = _head(assessments.open_reviews())
    found.drafts = _head(ConsentFormVersion.objects.filter(published_at=None).select_related("form").order_by("pk"))


def _setup() -> dict[str, bool]:
    """What an installation needs before it can answer a request and forget on time."""
    return {
        "controller": Controller.objects.exists(),
        "register": PurposeVersion.objects.filter(status=Status.LIVE).exists(),
        "notice": PrivacyNotice.objects.exists(),
        "rules": RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE).exists(),
        "form": ConsentFormVersion.objects.filter(published_at__isnull=False).exists()
        or not Purpose.objects.filter(versions__basis="a").exists(),
    }
