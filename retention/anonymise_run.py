"""A run of a rule that anonymises: everything due is read, changed by the rule's recipe, and measured as one table.

Only when k, l and t are reached (recital 26) do the rows become AnonymousRows, in the transaction that ends what they
came from; those who stand alone leave no row. Otherwise the values are changed where they stand and say so: they are
pseudonymised, personal data still (Art 4(5)), and stay with the person, in the scope of every rule and right. The next
run measures again, since more people may hide each of them by then.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from core.arrays import Among, array, hashes
from core.errors import Invalid
from core.models import Owner
from core.vault import keys_of
from ledger.entries import record
from retention import due, evidence, runs
from retention.anonymise import ANONYMOUS, Recipe, Result, change, judged, recipe
from retention.anonymity import told
from retention.models import AnonymousRow, RetentionRule, Run
from retention.pace import Pace
from subjects import items
from subjects.deletes import lock_people
from subjects.erasure import end_needs
from subjects.models import ItemPurpose, PersonalDataItem

# People that are read at once.
PAGE = 1000
NOT_WORKED = "not-worked"
MARK, BY = "pseudonymised", "by"
CHANGE = """
UPDATE subjects_personaldataitem AS item SET sealed = new.sealed
FROM unnest(%s::bigint[], %s::bytea[]) AS new (id, sealed) WHERE item.id = new.id
"""


@dataclass
class Found:
    """One person's due values: `row` as they are, `changed` by the recipe. `items` by the field they hold."""

    subject: int
    needs: list[int] = field(default_factory=list)
    row: dict[str, str] = field(default_factory=dict)
    items: dict[int, PersonalDataItem] = field(default_factory=dict)
    fields: dict[int, dict[str, str]] = field(default_factory=dict)
    marked: set[int] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def changed(self, by: Recipe) -> dict[str, str]:
        """What was changed by an earlier run stays as it is."""
        fresh = change({name: value for name, value in self.row.items() if name not in self.done}, by)
        return {name: self.row[name] if name in self.done else fresh[name] for name in by.columns}


def work(run: Run, rule: RetentionRule, clock: Callable[[], datetime], pace: Pace) -> None:
    by, limit = recipe(rule.recipe or {}), run.cutoff or date.min
    people = list(found(rule, limit, now=clock()))
    try:
        rows = [one.changed(by) for one in people]
    except Invalid as error:
        # A field that the recipe does not name: nothing is touched, and the page says which kind of data it is in.
        _say(run, {"status": NOT_WORKED, "fields": _kinds(error)}, clock())
        return
    earlier = list(run.anonymous_rows.values_list("values", flat=True))
    result = judged([*rows, *earlier], by)
    if result.status == ANONYMOUS:
        _let_go(run, rule, list(zip(people, rows, strict=True)), _classes(result, by), clock, pace)
    else:
        _pseudonymise(run, rule, people, by, clock)
    measured = told(result.measured, by.thresholds) if result.measured else {"rows": 0}
    _say(run, {**measured, "status": result.status, "left_out": result.left_out}, clock())


def found(rule: RetentionRule, limit: date, *, now: datetime, most: int = 0) -> Iterator[Found]:
    """Everybody of whom something can be worked, each with all of it. Two queries and the keys for a page of people."""
    rows = due.workable(rule, limit, now=now)
    subjects = sorted(set(rows.order_by().values_list("subject_id", flat=True)))
    for page in _pieces(subjects[:most] if most else subjects):
        due_now = rows.filter(Among("subject", page)).order_by("collected_on", "pk")
        needs = list(due_now.values_list("pk", "item_id", "subject_id"))
        stored = PersonalDataItem.objects.filter(Among("pk", {item for _need, item, _subject in needs}))
        by_pk = {item.pk: item for item in stored.select_related("category")}
        contents = items.contents(by_pk.values())
        of: dict[int, Found] = {}
        for need, item, subject in needs:
            one = of.setdefault(subject, Found(subject))
            one.needs.append(need)
            _read(one, by_pk[item], contents.get(item, ""))
        yield from of.values()


def _read(one: Found, item: PersonalDataItem, text: str) -> None:
    """Into the person's row. Of two values of one field the newer stays."""
    try:
        content = json.loads(text) if text else ""
    except ValueError:
        content = text
    is_marked = isinstance(content, dict) and MARK in content and BY in content
    if isinstance(content, dict) and is_marked:
        content = content[MARK]
    slug = item.category.slug
    members = content.items() if isinstance(content, dict) else [("", content)]
    values = {f"{slug}.{name}" if name else slug: _text(value) for name, value in members}
    one.items[item.pk], one.fields[item.pk] = item, values
    one.row |= values
    if is_marked:
        one.marked.add(item.pk)
        one.done |= set(values)
    else:
        one.done -= set(values)


def _kinds(error: Invalid) -> list[str]:
    return sorted({name.partition(".")[0] for name in error.fields})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _classes(result: Result, by: Recipe) -> set[tuple[str, ...]]:
    return {_class(row, by) for row in result.rows}


def _class(row: Mapping[str, str], by: Recipe) -> tuple[str, ...]:
    return tuple(row[name] for name in by.quasi)


def _let_go(
    run: Run,
    rule: RetentionRule,
    pairs: list[tuple[Found, dict[str, str]]],
    hidden: set[tuple[str, ...]],
    clock: Callable[[], datetime],
    pace: Pace,
) -> None:
    """End what the rows came from and keep the rows, a batch in a transaction, in an order that tells nothing."""
    by = recipe(rule.recipe or {})
    secrets.SystemRandom().shuffle(pairs)
    while pairs:
        with pace, transaction.atomic():
            some = [pairs.pop() for _one in range(min(pace.size, len(pairs)))]
            people, now = lock_people([], {one.subject for one, _row in some}), clock()
            free = _still_free(run, rule, people, now)
            # Who was held meanwhile, or has more by now, is not taken along: the next run looks again.
            whole = [(one, row) for one, row in some if free.get(one.subject, set()) == set(one.needs)]
            erased = end_needs([need for one, _row in whole for need in one.needs], now=now, people=people)
            if erased.needs:
                kept = [AnonymousRow(run=run, values=row) for _one, row in whole if _class(row, by) in hidden]
                AnonymousRow.objects.bulk_create(kept)
                evidence.leave(run, erased, now=now)


def _still_free(run: Run, rule: RetentionRule, people: Mapping[int, UUID], now: datetime) -> dict[int, set[int]]:
    """The needs that can be worked of these people, looked at again under their locks."""
    free: dict[int, set[int]] = {}
    rows = due.workable(rule, run.cutoff or date.min, now=now).filter(Among("subject", people))
    for need, subject in rows.values_list("pk", "subject_id"):
        free.setdefault(subject, set()).add(need)
    return free


def _pseudonymise(
    run: Run, rule: RetentionRule, people: Sequence[Found], by: Recipe, clock: Callable[[], datetime]
) -> None:
    """Change the values where they stand, and mark them. What another purpose needs as it is stays as it is."""
    for some in _pieces([one for one in people if set(one.items) - one.marked]):
        with transaction.atomic():
            locked, now = lock_people([], {one.subject for one in some}), clock()
            free = _still_free(run, rule, locked, now)
            mine = [one for one in some if free.get(one.subject, set()) >= set(one.needs)]
            fresh = [item for one in mine for item in one.items.values() if item.pk not in one.marked]
            others = ItemPurpose.objects.filter(Among("item", [item.pk for item in fresh]))
            others = others.exclude(purpose=rule.purpose)
            shared = set(others.values_list("item_id", flat=True))
            kept = shared.union(*(one.marked for one in mine))
            changed = [(one, item) for one in mine for item in one.items.values() if item.pk not in kept]
            _store(run, rule, changed, by, now)


T = TypeVar("T")


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + PAGE] for start in range(0, len(rows), PAGE))


def _store(
    run: Run, rule: RetentionRule, pairs: list[tuple[Found, PersonalDataItem]], by: Recipe, now: datetime
) -> None:
    keys = keys_of(Owner.ITEM, [item.uuid for _one, item in pairs])
    ids, sealed, uuids = [], [], []
    for one, item in pairs:
        if item.uuid in keys:
            content = {MARK: _less(one.fields[item.pk], item.category.slug, by), BY: str(rule)}
            ids.append(item.pk)
            uuids.append(item.uuid)
            sealed.append(keys[item.uuid].seal(items.FIELD, json.dumps(content, ensure_ascii=False).encode()))
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(CHANGE, [array(ids), hashes(sealed)])
        data = {"rule": rule.slug, "version": rule.version, "items": len(ids)}
        digest = runs.fingerprint(uuids)
        record(
            kind="retention.pseudonymised",
            at=now,
            actor=runs.ACTOR,
            object=run.uuid,
            purpose=rule.purpose.slug,
            data=data | {"items_sha256": digest},
        )


def _less(values: Mapping[str, str], slug: str, by: Recipe) -> Any:
    """An item's content after the recipe: what it removes leaves nothing."""
    new = {name: by.columns[name](value.strip()) for name, value in values.items() if name in by.columns}
    if set(values) == {slug}:
        return new.get(slug, "")
    return {name.partition(".")[2]: value for name, value in new.items()}


def _say(run: Run, measured: dict[str, Any], now: datetime) -> None:
    """Keep what was measured with the run, and in the ledger: numbers and words, nothing of anybody."""
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(measured=measured)
        flat = {name: measured[name] for name in ("status", "rows", "k", "l", "t", "left_out") if name in measured}
        record(
            kind="retention.measured",
            at=now,
            actor=runs.ACTOR,
            object=run.uuid,
            purpose=run.rule.purpose.slug if run.rule else "",
            data={name: str(value) if isinstance(value, float) else value for name, value in flat.items()},
        )
