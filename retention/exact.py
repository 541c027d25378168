"""The exact set: which rows a run would take. It is stored row by row when it is approved, or when a run begins that
nobody has to look at, and its run takes nothing else.

A hash alone would tell at the start whether the set is still the same, and nothing of what comes to be due while the
run is at work. So the rows are kept until then, and every batch reads its candidates through them (ADR 0032).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from retention import cases, due
from retention.anonymise import PSEUDONYMISED
from retention.models import Approval, ApprovedRow, RetentionRule, Run
from retention.rules import cutoff
from subjects import erasure
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Relationship

Kind = ApprovedRow.Kind
Rows = QuerySet[Any]
WHY = {
    "first-run": _("This rule has never erased anything."),
    "many-rows": _("There are more rows than may go without somebody looking."),
    "large-part": _("It is a large part of all that this purpose holds."),
}
STORE = 'INSERT INTO retention_approvedrow (approval_id, kind, "row") SELECT %s, %s, due.id FROM ({rows}) AS due (id)'


@dataclass(frozen=True)
class Planned:
    """What a run would take, and why somebody has to look at it first (a key of WHY, or nothing).

    `came` and `left`: against what was approved, when that was another set. `fresh`: how many rows no run has changed.
    """

    rule: RetentionRule
    as_of: date
    rows: int
    fingerprint: str
    why: str
    came: int = 0
    left: int = 0
    fresh: int = 0


@dataclass(frozen=True)
class Concerned:
    """Whom a set is about: `left_with_nothing` go altogether once all of it goes, as the guards say now.

    `ties`: dealings without a record. `kinds`: all rows by what they are called.
    """

    people: int
    left_with_nothing: int
    ties: int
    kinds: list[tuple[str, int]]


def plan(rule: RetentionRule, *, as_of: date, now: datetime) -> Planned:
    """Reads every id that would go."""
    limit = cutoff(rule, as_of)
    rows, fingerprint = _digest(rule, (_ids(some.order_by("pk"), "pk") for _kind, some in parts(rule, limit, now=now)))
    fresh = rows
    if done := changed(rule):
        fresh -= only(due.workable(rule, limit, now=now), done.pk, Kind.NEED).count()
    return Planned(rule, as_of, rows, fingerprint, _why(rule, fresh), fresh=fresh)


def changed(rule: RetentionRule) -> Approval | None:
    """What the last run of this version of a rule pseudonymised: it stays due, and nobody is asked about it again."""
    if rule.action != RetentionRule.Action.ANONYMISE:
        return None
    left = {"run__status": Run.Status.FINISHED, "run__measured__status": PSEUDONYMISED}
    return Approval.objects.filter(rule=rule, **left).order_by("-run").first()


def parts(rule: RetentionRule, limit: date, *, now: datetime) -> list[tuple[str, Rows]]:
    """All that would go, by kind."""
    found: list[tuple[str, Rows]] = [
        (Kind.NEED, due.workable(rule, limit, now=now)),
        (Kind.TIE, due.empty_relationships(rule, limit, now=now)),
    ]
    return found + [(Kind.FILE, rows) for rows in files(rule, limit, now=now)]


def files(rule: RetentionRule, limit: date, *, now: datetime) -> list[Rows]:
    """The case files that would go with it (retention/cases.py): none with a rule about one category only."""
    kept = cases.ruled_by(rule)
    return [cases.due(kept, limit, now=now)] if kept and rule.action == RetentionRule.Action.ERASE else []


def concerned(rule: RetentionRule, *, as_of: date, now: datetime) -> Concerned:
    """For whoever lets it go to know before. Counted by the database: no id is read."""
    limit = cutoff(rule, as_of)
    needs, ties = due.workable(rule, limit, now=now), due.empty_relationships(rule, limit, now=now)
    people = DataSubject.objects.filter(Q(pk__in=needs.values("subject")) | Q(pk__in=ties.values("subject")))
    mine, same = {"subject": OuterRef("pk")}, {"pk": OuterRef("pk")}
    emptied = Relationship.objects.filter(due.HAS_NEEDS, purpose=rule.purpose_id, **mine)
    keeps = (
        ItemPurpose.objects.filter(~Exists(needs.filter(**same)), **mine),
        Relationship.objects.filter(~due.HAS_NEEDS, ~Exists(ties.filter(**same)), **mine),
        ErasureBlock.objects.filter(**mine, released_at=None),
        *erasure.keeping(emptied, now=now),
    )
    labels = needs.order_by().values_list("category__label").annotate(rows=Count("pk")).order_by("category__label")
    kept, ended = cases.ruled_by(rule), ties.count()
    counts = [*labels, (str(_("dealings without a record")), ended)]
    counts += [(str(kept.label), rows.count()) for rows in files(rule, limit, now=now) if kept]
    return Concerned(
        people=people.count(),
        left_with_nothing=people.filter(*(~Exists(rows) for rows in keeps)).count(),
        ties=ended,
        kinds=[(label, rows) for label, rows in counts if rows],
    )


def store(approval: Approval, *, now: datetime) -> str:
    """Keep every row of the set, in the transaction that approves it. Returns the hash of what was stored."""
    rule = approval.rule
    kinds = parts(rule, cutoff(rule, approval.as_of), now=now)
    for kind, rows in kinds:
        _store(approval, kind, rows)
    stored = ApprovedRow.objects.filter(approval=approval).order_by("row")
    return _digest(rule, (_ids(stored.filter(kind=kind), "row") for kind, _rows in kinds))[1]


def _store(approval: Approval, kind: str, rows: Rows) -> None:
    try:
        sql, params = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        cursor.execute(STORE.format(rows=sql), (approval.pk, kind, *params))


def of(run: Run) -> int | None:
    """What this run may take: what was approved, or what it was small enough for. None: it takes nothing away."""
    return Approval.objects.filter(run=run).values_list("pk", flat=True).first()


def only(rows: Rows, approval: int | None, kind: str) -> Rows:
    """Of these rows, those that were approved."""
    if approval is None:
        return rows
    mine: Rows = rows.filter(Exists(ApprovedRow.objects.filter(approval=approval, kind=kind, row=OuterRef("pk"))))
    return mine


def compare(approval: Approval, planned: Planned, *, now: datetime) -> tuple[int, int]:
    """How many rows came to the set since it was approved, and how many left it."""
    limit = cutoff(approval.rule, approval.as_of)
    same = sum(only(rows, approval.pk, kind).count() for kind, rows in parts(approval.rule, limit, now=now))
    return planned.rows - same, approval.rows - same


def used(approval: int) -> None:
    ApprovedRow.objects.filter(approval=approval).delete()


def ended(run: Run, rule: RetentionRule, *, now: datetime) -> None:
    """Of its set only that is kept which it has changed and which is due still."""
    approval = Approval.objects.filter(run=run).first()
    rows = ApprovedRow.objects.filter(approval=approval)
    if approval and approval == changed(rule):
        rows.exclude(kind=Kind.NEED).delete()
        # Whoever was held meanwhile was not changed.
        rows = rows.filter(~Exists(due.workable(rule, run.cutoff or date.min, now=now).filter(pk=OuterRef("row"))))
    rows.delete()


def forget(*, now: datetime) -> None:
    """The rows of approvals that no run will need any more; and what nobody had to approve altogether."""
    over = Q(refused_at__isnull=False) | Q(run=None, expires_at__lte=now)
    rules = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    kept = [approval.pk for rule in rules if (approval := changed(rule))]
    done = Q(run__isnull=False) & ~Q(run__status=Run.Status.RUNNING) & ~Q(pk__in=kept)
    ApprovedRow.objects.filter(approval__in=Approval.objects.filter(over | done)).delete()
    Approval.objects.filter(done, why="").delete()


def _ids(rows: Rows, name: str) -> Iterator[int]:
    found: Iterator[int] = rows.values_list(name, flat=True).iterator(chunk_size=10_000)
    return found


def _digest(rule: RetentionRule, kinds: Iterable[Iterable[int]]) -> tuple[int, str]:
    """How many rows there are, and a hash over rule, version and their ids."""
    digest, rows = sha256(f"{rule.slug}:{rule.version}".encode()), 0
    for ids in kinds:
        digest.update(b"|")
        for pk in ids:
            digest.update(int(pk).to_bytes(8, "big"))
            rows += 1
    return rows, digest.hexdigest()


def _why(rule: RetentionRule, rows: int) -> str:
    if not rows or rule.action not in due.TAKES:
        return ""
    if rows > settings.RETENTION_APPROVE_ROWS:
        return "many-rows"
    if rows * 100 > _all(rule) * settings.RETENTION_APPROVE_PERCENT:
        return "large-part"
    return "first-run" if settings.RETENTION_APPROVE_FIRST_RUN and not _has_taken(rule) else ""


def _has_taken(rule: RetentionRule) -> bool:
    """Whether a run of it took anything of what it is about: not what it restricted, nor whom others had emptied."""
    ended = Q(batches__needs__gt=0) | Q(batches__relationships__gt=0)
    took = ended | Q(case_files__gt=0) | Q(measured__rows__gt=0)
    return Run.objects.filter(took, rule=rule, status=Run.Status.FINISHED).exists()


def _all(rule: RetentionRule) -> int:
    """What the purpose holds, counted as the set is: needs, dealings without any, and case files."""
    needs = ItemPurpose.objects.filter(purpose=rule.purpose_id).count()
    ties = Relationship.objects.filter(~due.HAS_NEEDS, purpose=rule.purpose_id).count()
    kept = cases.ruled_by(rule)
    return needs + ties + (kept.rows().count() if kept else 0)
