"""Purge: do what a rule says to everything that is due, in batches that each leave their own evidence.

Safe to kill at any point, to repeat, and to run twice at once. A batch is one transaction: people locked, needs ended
(subjects/erasure.py leaves out, inside its DELETE, whatever is blocked by then), tombstones, counts, ledger entry.

Each batch has a line in the journal outside PostgreSQL, naming exactly what went (retention/evidence.py).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from core.arrays import Among
from core.errors import DomainError
from retention import anonymise_run, case_files, counting, due, evidence, exact, restricting, runs, shells
from retention.models import RetentionRule, Run
from retention.pace import Pace, named
from retention.rules import cutoff
from retention.together import together
from subjects.deletes import by_index, lock_people
from subjects.erasure import Erased, end_needs

Clock = Callable[[], datetime]
# How many rows a batch may take along for each candidate.
MORE = 10
People = dict[int, UUID]
Work = Callable[[Run, list[due.Candidate], People, datetime], int]


@dataclass(frozen=True)
class Report:
    """What a run did, or what it would do: `due` can be worked, `held` is blocked, `indeterminate` has no date."""

    rule: str
    version: int
    action: str
    as_of: date
    cutoff: date
    committed: bool
    due: int
    held: int
    indeterminate: int
    run: str = ""
    batches: int = 0
    needs: int = 0
    items: int = 0
    keys: int = 0
    identifiers: int = 0
    subjects: int = 0
    relationships: int = 0
    restricted: int = 0
    # What a run that anonymises earned: retention/anonymise.py.
    status: str = ""
    # Files of closed cases, which go by their owner's own function (retention/cases.py).
    cases: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"as_of": self.as_of.isoformat(), "cutoff": self.cutoff.isoformat()}


class Paused(DomainError):
    code = "run-paused"
    message = _("The run of this rule is paused. Somebody has to resume it.")


class Stuck(DomainError):
    code = "purge-stuck"
    message = _("Rows are due and not blocked, yet they cannot be worked. The run stays open.")


def purge(
    rule: RetentionRule,
    *,
    as_of: date,
    commit: bool = False,
    now: datetime,
    batch: int = 0,
    expected: int = 0,
    workers: int = 0,
) -> Report:
    """Count what is due on `as_of` (the controller's local date), or with `commit` do it.

    `batch`: how many candidates each transaction takes; without it, what keeps its locks short (retention/pace.py).
    `workers`: how many batches at once; without it, RETENTION_WORKERS.
    """
    if not commit:
        return preview(rule, as_of=as_of, now=now)
    clock = _clock(now)
    while True:
        in_force(rule)
        run = runs.join(rule, as_of=as_of, cutoff=cutoff(rule, as_of), expected=expected, now=clock())
        report = _work_on(run, rule, clock, batch=batch, workers=workers)
        # An open run of an earlier day was taken up first; its cutoff is its own.
        if run.paused_at or run.as_of >= as_of:
            return report


def work_on(run: Run, rule: RetentionRule, *, now: datetime) -> Report:
    """Work this run to its end, and begin no other."""
    in_force(rule)
    return _work_on(run, rule, _clock(now))


def in_force(rule: RetentionRule) -> None:
    """Raises DomainError for a rule that is not, or not any more."""
    rule.refresh_from_db(fields=["status"])
    if rule.status != RetentionRule.Status.ACTIVE:
        raise DomainError(_("Only a rule in force is applied."), code="rule-not-in-force")


def _work_on(run: Run, rule: RetentionRule, clock: Clock, *, batch: int = 0, workers: int = 0) -> Report:
    if run.paused_at:
        raise Paused
    try:
        with named(), runs.at_work(run):
            _work(run, rule, clock, batch=batch, workers=workers or settings.RETENTION_WORKERS)
    except runs.Closed:
        pass
    except runs.Busy:
        raise
    except Exception as error:
        # Not of the database's end: then nobody can be told, and the next worker takes the run up.
        with suppress(InterfaceError, OperationalError):
            runs.failed(run, type(error).__name__)
        raise
    return _report(rule, run)


def preview(rule: RetentionRule, *, as_of: date, now: datetime) -> Report:
    """What a run on this day would find. Changes nothing."""
    limit = cutoff(rule, as_of)
    workable = due.workable(rule, limit, now=now).count() + due.empty_relationships(rule, limit, now=now).count()
    if rule.action == RetentionRule.Action.REVIEW:
        workable = due.to_review(rule, limit, today=as_of).count()
    return Report(
        rule=rule.slug,
        version=rule.version,
        action=rule.action,
        as_of=as_of,
        cutoff=limit,
        committed=False,
        due=workable,
        held=counting.held(rule, limit, now=now),
        indeterminate=counting.undated(rule),
    )


def _work(run: Run, rule: RetentionRule, clock: Clock, *, batch: int, workers: int) -> None:
    """All that the run is about."""
    limit, began = run.cutoff or date.min, clock()
    if rule.action == RetentionRule.Action.ANONYMISE:
        # What is measured is the set as a whole, so it is not drained.
        anonymise_run.work(run, rule, clock, batch=batch, workers=workers)
        workers = 1
    numbers = count()
    together(workers, lambda: _drain_all(run, rule, clock, Pace(batch, (next(numbers), workers))))
    case_files.expire(run, rule, clock)
    if rule.action in due.TAKES:
        shells.sweep(run, clock)
    restricting.settle(rule.purpose, now=clock())
    with transaction.atomic():
        held = counting.held(rule, limit, now=began)
        runs.finish(run, held=held, indeterminate=counting.undated(rule), now=clock())


def _drain_all(run: Run, rule: RetentionRule, clock: Clock, pace: Pace) -> None:
    limit, began, approval = run.cutoff or date.min, clock(), exact.of(run)
    needs = exact.only(due.workable(rule, limit, now=began), approval, exact.Kind.NEED)
    restricts = rule.action == RetentionRule.Action.RESTRICT
    if rule.action == RetentionRule.Action.ANONYMISE:
        needs = needs.none()
    erase = partial(_erase, due.written(needs))
    for rows in due.parts(rule, needs):
        _drain(run, rows, _restrict if restricts else erase, clock, pace)
    empty = exact.only(due.empty_relationships(rule, limit, now=began), approval, exact.Kind.TIE)
    _drain(run, empty, partial(_end_relationships, empty), clock, pace)
    for rows in due.parts(rule, due.held(rule, limit).filter(~due.RESTRICTED)):
        _drain(run, rows, _restrict, clock, pace)


def _drain(run: Run, rows: due.Rows, work: Work, clock: Clock, pace: Pace) -> None:
    """Work these rows until none is left: first this worker's share, then what nobody has locked, then the rest."""
    seen, _worked = _walk(run, rows, work, clock, pace, share=pace.share)
    if pace.share == due.ALL and not seen:
        return
    idle, wait = 0, False
    while rows.exists():
        _seen, worked = _walk(run, rows, work, clock, pace, wait=wait)
        idle = 0 if worked else idle + 1
        wait = True
        if idle == 4:
            raise Stuck


def _walk(
    run: Run,
    rows: due.Rows,
    work: Work,
    clock: Clock,
    pace: Pace,
    *,
    share: due.Share = due.ALL,
    wait: bool = False,
) -> tuple[int, int]:
    """One way through the rows, a transaction per batch. Returns how many were seen, and how many worked."""
    after, seen, worked, written = None, 0, 0, due.written(rows)
    while True:
        with pace, transaction.atomic():
            by_index()
            candidates = due.page(written, after, pace.size, share)
            if not candidates:
                return seen, worked
            seen, after = seen + len(candidates), candidates[-1]
            people = lock_people([], {row.subject for row in candidates}, wait=wait)
            mine = [row for row in candidates if row.subject in people]
            pace.worked = len(mine)
            worked += work(run, mine, people, clock()) if mine else 0


def _erase(due_now: due.Written, run: Run, rows: list[due.Candidate], people: People, now: datetime) -> int:
    """What is due about these people, looked at again under the locks: in one batch, a person's rows go together."""
    erased = end_needs(due.of_people(due_now, people, len(rows) * MORE), now=now, people=people)
    if erased.needs:
        evidence.leave(run, erased, now=now)
    return erased.needs


def _end_relationships(due_now: due.Rows, run: Run, rows: list[due.Candidate], people: People, now: datetime) -> int:
    """Those of them that are still due under the locks: somebody may have turned to us meanwhile."""
    pairs = list(due_now.filter(Among("pk", [row.pk for row in rows])).values_list("subject", "purpose"))
    theirs = {subject: people[subject] for subject, _purpose in pairs}
    erased = end_needs([], now=now, pairs=pairs, people=theirs)
    if erased.relationships:
        evidence.leave(run, erased, now=now)
    return erased.relationships


def _restrict(run: Run, rows: list[due.Candidate], _people: People, now: datetime) -> int:
    """Storage only, item by item: the item may still be used for other purposes."""
    made = restricting.place(run, [row.pk for row in rows], now=now)
    if made:
        runs.note(run, Erased(), restricted=made, now=now)
    return made


def _report(rule: RetentionRule, run: Run) -> Report:
    run.refresh_from_db()
    done = runs.totals(run)
    return Report(
        rule=rule.slug,
        version=rule.version,
        action=rule.action,
        as_of=run.as_of,
        cutoff=run.cutoff or date.min,
        committed=True,
        due=due.to_review(rule, run.cutoff or date.min, today=run.as_of).count()
        if rule.action == RetentionRule.Action.REVIEW
        else done.needs + (done.restricted if rule.action == RetentionRule.Action.RESTRICT else done.relationships),
        held=run.held,
        indeterminate=run.indeterminate,
        status=(run.measured or {}).get("status", ""),
        run=str(run.uuid),
        cases=run.case_files,
        **vars(done),
    )


def _clock(now: datetime) -> Clock:
    """The door's time, moving on: a run may take hours, and each batch is dated when it happened."""
    began = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - began)
