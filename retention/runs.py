"""Runs and batches: who is at work, what each transaction did, and the evidence of it.

One run per rule is open at a time. Whoever comes second works on the same run, and a run whose worker was killed is
simply worked on: what its batches did is committed with their counts, the rest is still due.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError
from core.models import Controller, Outbox
from ledger.entries import record
from processing.models import Purpose
from retention import systems
from retention.models import Batch, RetentionRule, Run
from subjects.erasure import Erased


class Closed(DomainError):
    """Another worker finished the run while this one was at a batch; the batch is rolled back, the next run has it."""

    code = "run-closed"


class Busy(DomainError):
    code = "run-busy"
    message = _("Another process is at work on this run. It is left to it.")


ACTOR = "system:retention"
PAUSED = "retention.paused"


@dataclass(frozen=True)
class Totals:
    """What the batches of a run did together."""

    batches: int = 0
    needs: int = 0
    items: int = 0
    keys: int = 0
    identifiers: int = 0
    subjects: int = 0
    relationships: int = 0
    restricted: int = 0


COUNTS = ("needs", "items", "keys", "identifiers", "subjects", "relationships", "restricted")


def join(rule: RetentionRule, *, as_of: date, cutoff: date, expected: int = 0, now: datetime) -> Run:
    """The open run of this rule, or a new one."""
    defaults = {"as_of": as_of, "cutoff": cutoff, "expected": expected, "started_at": now, "heartbeat_at": now}
    while True:
        try:
            return Run.objects.get_or_create(rule=rule, status=Run.Status.RUNNING, defaults=defaults)[0]
        except IntegrityError:
            # The run that stood in the way was finished before it could be read.
            continue


def begin(rule: RetentionRule, *, as_of: date, cutoff: date, expected: int, now: datetime) -> Run:
    """A new run. Raises IntegrityError when one is open."""
    when = {"as_of": as_of, "cutoff": cutoff, "started_at": now, "heartbeat_at": now}
    return Run.objects.create(rule=rule, expected=expected, **when)


def start(request: UUID, *, as_of: date, now: datetime) -> Run:
    """The run of one erasure request."""
    return Run.objects.create(request=request, as_of=as_of, started_at=now, heartbeat_at=now)


def note(
    run: Run,
    erased: Erased,
    *,
    restricted: int = 0,
    purposes: Iterable[Purpose] = (),
    subject: UUID | None = None,
    actor: str = ACTOR,
    now: datetime,
) -> Batch:
    """Record a batch and its evidence, in the transaction that did the work. Its counts are that transaction's."""
    counts = {name: getattr(erased, name) for name in COUNTS[:-1]} | {"restricted": restricted}
    entry = record(
        kind="retention.batch",
        at=now,
        actor=actor,
        subject=subject,
        object=run.uuid,
        purpose=run.rule.purpose.slug if run.rule else "",
        data={**_cause(run), **counts, "items_sha256": fingerprint(erased.item_uuids)}
        | {"purposes": sorted(purpose.slug for purpose in purposes)},
    )
    batch = Batch.objects.create(run=run, at=now, entry=entry, **counts)
    go_on(run, now=now)
    return batch


def go_on(run: Run, *, case_files: int = 0, now: datetime) -> None:
    """Somebody is at work, and let go of so many case files.

    Raises Closed when the run is paused or over, so that the transaction is rolled back.

    Last in it, because this row is shared with other workers and stays locked until the commit.
    """
    changes: dict[str, Any] = {"heartbeat_at": now}
    if case_files:
        changes["case_files"] = F("case_files") + case_files
    if not Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING, paused_at=None).update(**changes):
        raise Closed


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Somebody works on this run, perhaps with others."""
    with _held("pg_advisory_lock_shared", "pg_advisory_unlock_shared", f"retention work {run.uuid}"):
        yield


def is_at_work(run: Run) -> bool:
    """Whether any process is. One that was killed is not, from the moment its connection has ended."""
    try:
        with _held("pg_try_advisory_lock", "pg_advisory_unlock", f"retention work {run.uuid}"):
            return False
    except Busy:
        return True


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """No other process is at this run meanwhile. Raises Busy when one is."""
    with _held("pg_try_advisory_lock", "pg_advisory_unlock", f"retention run {run.uuid}"):
        yield


@contextmanager
def _held(take: str, give: str, name: str) -> Iterator[None]:
    """Held by the connection, not by a transaction: it goes with the process, whatever ends it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}(hashtextextended(%s, 0))", [name])
        [answer] = cursor.fetchone()
    # Whoever does not only try waits, and has it then; PostgreSQL answers that with nothing.
    if answer is False:
        raise Busy
    try:
        yield
    finally:
        # A connection that is lost has let go of it.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute(f"SELECT {give}(hashtextextended(%s, 0))", [name])


@transaction.atomic
def pause(run: Run, *, actor: str, now: datetime) -> None:
    """Every worker of it stops before its next batch commits; what it did stays done."""
    if _pause(run, at=now, actor=actor, now=now) and run.rule:
        line = {"action": PAUSED, "rule": run.rule.slug, "version": run.rule.version, "at": now.isoformat()}
        line |= {"as_of": run.as_of.isoformat(), "cutoff": run.cutoff.isoformat() if run.cutoff else ""}
        outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)


def pause_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """After a restore, inside the caller's transaction: nothing more goes under this rule before somebody resumes it.

    Where the backup is of before the run, one that may take nothing stands in its way. That it was resumed is in no
    journal: whoever looked then looks again at what came back.
    """
    rule = _paused_rule(data).first()
    if rule is None:
        return False
    limit = date.fromisoformat(data["cutoff"]) if data["cutoff"] else date.min
    run = join(rule, as_of=date.fromisoformat(data["as_of"]), cutoff=limit, now=now)
    return _pause(run, at=datetime.fromisoformat(data["at"]), actor=actor, now=now)


def is_paused(data: Mapping[str, Any]) -> bool:
    """Or there is nothing to pause: the rule is not in force here."""
    open_here = Run.objects.filter(rule__in=_paused_rule(data), status=Run.Status.RUNNING, paused_at__isnull=False)
    return open_here.exists() or not _paused_rule(data).exists()


def _paused_rule(data: Mapping[str, Any]) -> QuerySet[RetentionRule]:
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    return active.filter(slug=data["rule"], version=data["version"])


def _pause(run: Run, *, at: datetime, actor: str, now: datetime) -> bool:
    running = Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING, paused_at=None)
    if not running.update(paused_at=at):
        return False
    record(kind=PAUSED, at=now, actor=actor, object=run.uuid)
    return True


@transaction.atomic
def resume(run: Run, *, actor: str, now: datetime) -> None:
    # Whoever looks next for runs that nobody is at work on takes it up (retention/nightly.py).
    if Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING, paused_at__isnull=False).update(paused_at=None):
        record(kind="retention.resumed", at=now, actor=actor, object=run.uuid)


@transaction.atomic
def finish(run: Run, *, held: int, indeterminate: int, purposes: Iterable[Purpose] = (), now: datetime) -> None:
    """Close the run with its totals. Of two workers that reach the end, one does.

    `purposes`: what an erasure that was asked for ended; a rule has its own.
    """
    locked = Run.objects.select_for_update(of=("self",)).select_related("rule__purpose").get(pk=run.pk)
    if locked.status == Run.Status.RUNNING and not locked.paused_at:
        close(locked, held=held, indeterminate=indeterminate, purposes=purposes, now=now)


def close(
    locked: Run, *, held: int, indeterminate: int, purposes: Iterable[Purpose] = (), stopped: str = "", now: datetime
) -> None:
    """End a run that the caller has locked, with its totals. `stopped`: why, when it had not done all."""
    done = totals(locked)
    others = systems.concerned(locked, purposes)
    locked.entry = record(
        kind="retention.run",
        at=now,
        actor=ACTOR,
        object=locked.uuid,
        purpose=locked.rule.purpose.slug if locked.rule else "",
        data={**_cause(locked), **vars(done), "held": held, "indeterminate": indeterminate}
        | {"failures": locked.failures, "backups_until": backups_until(now).isoformat()}
        | {"systems": others, **_anonymous(locked)}
        | ({"case_files": locked.case_files} if locked.case_files else {})
        | ({"stopped": stopped} if stopped else {}),
    )
    systems.ask(locked, needs=done.needs, people=done.subjects, now=now)
    locked.held, locked.indeterminate, locked.stopped = held, indeterminate, stopped
    locked.status = Run.Status.STOPPED if stopped else Run.Status.FINISHED
    locked.finished_at, locked.heartbeat_at = now, now
    names = ["held", "indeterminate", "stopped", "status", "finished_at", "heartbeat_at", "entry"]
    locked.save(update_fields=names)


def failed(run: Run, name: str) -> None:
    """A batch was rolled back. Its run stays open, and its certificate will say so."""
    with transaction.atomic():
        locked = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        locked.failures[name] = locked.failures.get(name, 0) + 1
        locked.save(update_fields=["failures"])


def totals(run: Run) -> Totals:
    sums = run.batches.aggregate(**{name: Sum(name, default=0) for name in COUNTS})
    return Totals(batches=run.batches.count(), **sums)


def backups_until(now: datetime) -> date:
    """The day after which no backup holds what was erased by then."""
    controller = Controller.current()
    return now.astimezone(controller.zone).date() + timedelta(days=controller.backup_days)


def fingerprint(uuids: Iterable[UUID]) -> str:
    """SHA-256 over the sorted ids: proves later which items they were, without keeping the list."""
    return sha256(b"".join(sorted(uuid.bytes for uuid in uuids))).hexdigest()


def _anonymous(run: Run) -> dict[str, Any]:
    """Of a run that anonymises: the word for it, and the rows of nobody that it left."""
    if run.measured is None:
        return {}
    rows = run.anonymous_rows.aggregate(n=Sum("times", default=0))["n"]
    return {"anonymised": {"status": run.measured.get("status", ""), "rows": rows}}


def _cause(run: Run) -> dict[str, str | int]:
    if run.rule is None:
        return {"request": str(run.request), "as_of": run.as_of.isoformat()}
    dates = {"as_of": run.as_of.isoformat(), "cutoff": run.cutoff.isoformat() if run.cutoff else ""}
    return {"rule": run.rule.slug, "version": run.rule.version, "action": run.rule.action, **dates}
