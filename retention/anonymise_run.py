"""A run of a rule that anonymises: everything due is read, changed by the rule's recipe, and measured as one table.

Only when k, l and t are reached (recital 26) do the rows become AnonymousRows, in the transaction that ends what they
came from; those who stand alone leave no row. Otherwise the values are changed where they stand and say so: they are
pseudonymised, personal data still (Art 4(5)), and stay with the person, in the scope of every rule and right. The next
run measures again, since more people may hide each of them by then.

The whole is measured before anything is touched, and for that it need not be held: rows are counted by what can be told
of them. Then the same people are looked at again under their locks, some at a time, and nobody is let go who was not
among those counted. Whoever takes up a run that was killed or paused counts what is left together with the rows that
stand already. So one process works at a run at a time: another would count without those whom the first has let go.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from threading import Lock
from typing import Any

from django.db import transaction
from django.db.models import Sum

from core import outbox, prepared
from core.arrays import array, texts
from core.errors import DomainError, Invalid
from core.models import Outbox
from ledger.entries import record
from retention import evidence, exact, runs
from retention.anonymise import ANONYMOUS, Recipe, Weighed, large_enough, recipe, weigh
from retention.anonymise_people import People, Seen
from retention.anonymise_rows import Change, Reader
from retention.anonymise_store import Params, change_contents, note_pseudonymised, sealed_anew
from retention.anonymity import Kind, Measured, measure_counts, told
from retention.models import RetentionRule, Run
from subjects.erasure import end_needs

NOT_WORKED, LOST = "not-worked", "kept_nowhere"
# A recipe that tells more kinds of rows apart than this hides nobody, and counting them would need as much memory.
MOST_KINDS = 500_000
# People who are read at once to be counted: nobody is locked for it.
COUNTED = 2000
# In each batch, so written once: as objects it takes longer than what the rows came from.
KEEP = """
INSERT INTO retention_anonymousrow (run_id, "values", times)
SELECT %s, kept.told::jsonb, kept.times FROM unnest(%s::text[], %s::int[]) AS kept (told, times)
RETURNING id
"""
Clock = Callable[[], datetime]


class TooFine(DomainError):
    code = "recipe-too-fine"


def work(run: Run, rule: RetentionRule, clock: Clock, *, batch: int, workers: int) -> None:
    """Raises runs.Busy when another process is at it, and runs.Closed when it is paused or over."""
    with runs.alone(run):
        # Whoever had it before may have come to the end since it was looked up.
        runs.go_on(run, now=clock())
        _work(run, rule, clock, batch=batch, workers=workers)


def _work(run: Run, rule: RetentionRule, clock: Clock, *, batch: int, workers: int) -> None:
    by, reader = recipe(rule.recipe or {}), Reader(rule, run.cutoff or date.min, approval=exact.of(run), now=clock())
    people = People(reader, by, str(rule))
    how = {"batch": batch, "workers": workers}
    # First, so that nobody whom another worker lets go meanwhile is counted twice.
    earlier = _stored(run)
    try:
        counted = _counted(run, people, clock, workers)
        if not counted and _is_said(run):
            # Whoever had it before was stopped between saying so and closing it.
            return
        weighed = weigh(counted + earlier, by)
    except Invalid as error:
        # A field that the recipe does not name: nothing is touched, and the page says which kind of data it is in.
        _settle(run, by)
        _say(run, {"status": NOT_WORKED, "fields": _kinds_of_data(error)}, clock())
        return
    except TooFine:
        counted, weighed = Counter(), Weighed({}, 0, None, ["k"])
    if weighed.status == ANONYMOUS:
        _let_go(run, people, counted, weighed.kept, by, clock, how)
    else:
        _pseudonymise(run, rule, people, clock, how)
    measured, left_out = _settle(run, by)
    if weighed.status != ANONYMOUS:
        measured, left_out = weighed.measured, left_out + weighed.left_out
    said = told(measured, by.thresholds) if measured else {"rows": 0}
    _say(run, {**said, "status": weighed.status, "left_out": left_out}, clock())


def _is_said(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk, measured__status__isnull=False).exists()


def _lose(run: Run, rows: int) -> int:
    """Count rows that are kept nowhere, in the transaction that ends what they came from; returns how many there are.

    With the run, whose row the caller has locked: whoever takes it up goes on from there.
    """
    so_far = Run.objects.values_list("measured", flat=True).get(pk=run.pk) or {}
    lost: int = so_far.get(LOST, 0) + rows
    if rows:
        Run.objects.filter(pk=run.pk).update(measured={**so_far, LOST: lost})
    return lost


def _counted(run: Run, people: People, clock: Clock, workers: int) -> Counter[Kind]:
    """How many there are of each kind among all that is due."""
    counted: Counter[Kind] = Counter()
    one_by_one = Lock()

    def count(some: list[int]) -> None:
        found = people.counted(some)
        with one_by_one:
            counted.update(found)
            if len(counted) > MOST_KINDS:
                raise TooFine
        runs.go_on(run, now=clock())

    people.each_batch(count, batch=COUNTED, workers=workers)
    return counted


def _kinds_of_data(error: Invalid) -> list[str]:
    return sorted({name.partition(".")[0] for name in error.fields})


def _let_go(
    run: Run,
    people: People,
    counted: Counter[Kind],
    hidden: Mapping[Kind, int],
    by: Recipe,
    clock: Clock,
    how: Mapping[str, int],
) -> None:
    """End what the rows came from and keep the rows, a batch in a transaction.

    Of each kind no more are taken than were counted, so what is stored is part of what was measured. Who was held
    meanwhile, or is another kind of row by now, is not taken along: the next run looks again.
    """
    left, one_by_one = Counter(counted), Lock()

    def take(one: Seen) -> Kind | None:
        kind = one.kind
        with one_by_one:
            if kind is None or left[kind] < 1:
                return None
            left[kind] -= 1
        return kind

    def let_go(some: list[int]) -> None:
        found, theirs = people.locked(some)
        taken = [(one, kind) for one in found if (kind := take(one))]
        needs, now = [need for one, _kind in taken for need in one.needs], clock()
        erased = end_needs(needs, now=now, people={one.subject: theirs[one.subject] for one, _kind in taken})
        if erased.needs:
            _keep(run, Counter(kind for _one, kind in taken if kind in hidden), by)
            evidence.leave(run, erased, now=now)
            if lost := sum(kind not in hidden for _one, kind in taken):
                _lose(run, lost)
        else:
            runs.go_on(run, now=now)

    people.each_batch(let_go, **how)


def _keep(run: Run, kept: Mapping[Kind, int], by: Recipe) -> None:
    """In an order that tells nothing."""
    rows = sorted(kept.items())
    if rows:
        told = texts(json.dumps(by.row(kind), ensure_ascii=False) for kind, _times in rows)
        prepared.fetch_all(KEEP, [run.pk, told, array(times for _kind, times in rows)])


def _stored(run: Run) -> Counter[Kind]:
    by = recipe(run.rule.recipe or {}) if run.rule else None
    rows = run.anonymous_rows.order_by().values_list("values").annotate(n=Sum("times"))
    return Counter({by.kind(values): n for values, n in rows} if by else {})


@transaction.atomic
def _settle(run: Run, by: Recipe) -> tuple[Measured | None, int]:
    """Measure what was stored, and drop what does not hide: some who were measured may not have gone along.

    Rows of one kind become one, so that nothing tells any more in which batch somebody went. At the end only: before
    it, the rest of a small class may still be due, and what its first rows came from is gone. Returns what was measured
    of the rows that stay, and how many were left out since the run began.
    """
    over = Run.objects.select_for_update(of=("self",)).get(pk=run.pk).status != Run.Status.RUNNING
    stored = _stored(run)
    kept: Mapping[Kind, int] = {} if over else large_enough(stored, by)
    measured = measure_counts(kept, sensitive=by.sensitive) if kept else None
    if measured and measured.missed(by.thresholds):
        kept, measured = {}, None
    run.anonymous_rows.all().delete()
    _keep(run, kept, by)
    return measured, _lose(run, stored.total() - sum(kept.values()))


def _pseudonymise(run: Run, rule: RetentionRule, people: People, clock: Clock, how: Mapping[str, int]) -> None:
    """Change the values where they stand, and mark them. What another purpose needs as it is stays as it is."""

    def change(some: list[int]) -> None:
        found, _theirs = people.locked(some)
        changes, now = [item for one in found for item in one.changes], clock()
        if changes:
            with people.turn:
                anew = sealed_anew(changes)
            _store(run, rule, changes, anew, now)
        runs.go_on(run, now=now)

    people.each_batch(change, **how)


def _store(run: Run, rule: RetentionRule, changes: list[Change], anew: Params, now: datetime) -> None:
    """Change these, say so in the ledger, and in the journal with the recipe: a restore has to do it again."""
    change_contents(changes, anew)
    same = {"rule": str(rule), "purpose": rule.purpose.slug, "recipe": rule.recipe}
    message = {"action": "pseudonymised", "run": str(run.uuid), **same, "items": [item.uuid for item in changes]}
    outbox.post(Outbox.Kind.JOURNAL, message, about=None, now=now)
    note_pseudonymised(
        changes, rule=rule.slug, version=rule.version, purpose=rule.purpose.slug, run=run, actor=runs.ACTOR, now=now
    )


def _say(run: Run, measured: dict[str, Any], now: datetime) -> None:
    """Keep what was measured with the run, and in the ledger: numbers and words, nothing of anybody."""
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(measured={**measured, LOST: _lose(run, 0)})
        flat = {name: measured[name] for name in ("status", "rows", "k", "l", "t", "left_out") if name in measured}
        record(
            kind="retention.measured",
            at=now,
            actor=runs.ACTOR,
            object=run.uuid,
            purpose=run.rule.purpose.slug if run.rule else "",
            data={name: str(value) if isinstance(value, float) else value for name, value in flat.items()},
        )
