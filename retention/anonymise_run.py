"""A run of a rule that anonymises: everything due is read, changed by the rule's recipe, and measured as one table.

Only when k, l and t are reached (recital 26) do the rows become AnonymousRows, in the transaction that ends what they
came from; those who stand alone leave no row. Otherwise the values are changed where they stand and say so: they are
pseudonymised, personal data still (Art 4(5)), and stay with the person, in the scope of every rule and right. The next
run measures again, since more people may hide each of them by then.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from core.arrays import Among, array, hashes
from core.errors import Invalid
from core.models import DataKey, Owner
from core.vault import Key, new_key, take_keys
from ledger.entries import record
from retention import due, evidence, runs
from retention.anonymise import ANONYMOUS, Recipe, Result, change, judged, recipe
from retention.anonymity import Measured, measure, told
from retention.models import AnonymousRow, RetentionRule, Run
from retention.pace import Pace
from subjects import items, names
from subjects.corrections import STATEMENT
from subjects.deletes import lock_people
from subjects.erasure import end_needs
from subjects.models import ItemPurpose, NameToken, PersonalDataItem

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
    measured, left_out = result.measured, result.left_out
    try:
        if result.status == ANONYMOUS:
            _let_go(run, rule, list(zip(people, rows, strict=True)), _classes(result, by), clock, pace)
        else:
            _pseudonymise(run, rule, people, by, clock)
    except runs.Closed:
        # Paused or retired: what is stored by then is less than what was measured.
        _settle(run, by)
        raise
    stored, dropped = _settle(run, by)
    if result.status == ANONYMOUS:
        measured, left_out = stored, left_out + dropped
    said = told(measured, by.thresholds) if measured else {"rows": 0}
    _say(run, {**said, "status": result.status, "left_out": left_out}, clock())


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


@transaction.atomic
def _settle(run: Run, by: Recipe) -> tuple[Measured | None, int]:
    """Measure what was stored, and drop what does not hide: some who were measured may not have gone along.

    Returns what was measured of the rows that stay, and how many went.
    """
    over = Run.objects.select_for_update(of=("self",)).get(pk=run.pk).status == Run.Status.FAILED
    stored = dict(run.anonymous_rows.values_list("pk", "values"))
    sizes = Counter(_class(row, by) for row in stored.values())
    kept = {pk: row for pk, row in stored.items() if sizes[_class(row, by)] >= by.thresholds.k and not over}
    pairs = [(_class(row, by), tuple(row[name] for name in by.sensitive)) for row in kept.values()]
    measured = measure(pairs, sensitive=by.sensitive) if pairs else None
    if measured and measured.missed(by.thresholds):
        kept, measured = {}, None
    gone = stored.keys() - kept.keys()
    AnonymousRow.objects.filter(Among("pk", gone)).delete()
    return measured, len(gone)


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
            runs.go_on(run, now=now)


T = TypeVar("T")


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + PAGE] for start in range(0, len(rows), PAGE))


def _store(
    run: Run, rule: RetentionRule, pairs: list[tuple[Found, PersonalDataItem]], by: Recipe, now: datetime
) -> None:
    """Under fresh keys: in a dump that was made before, the old values cannot be opened without the old ones."""
    stored = PersonalDataItem.objects.filter(Among("pk", [item.pk for _one, item in pairs]))
    now_there = {row.pk: row for row in stored.only("sealed", "statement")}
    # What was corrected since it was read is changed by the next run.
    same = [(one, item) for one, item in pairs if _is_same(item, now_there.get(item.pk))]
    old = take_keys(Owner.ITEM, [item.uuid for _one, item in same])
    keys = {uuid: new_key(Owner.ITEM, uuid) for uuid in old}
    DataKey.objects.bulk_create(key.row() for key in keys.values())
    left = {item: _less(one.fields[item.pk], item.category.slug, by) for one, item in same if item.uuid in keys}
    ids, uuids = [item.pk for item in left], [item.uuid for item in left]
    contents = {item: json.dumps({MARK: value, BY: str(rule)}, ensure_ascii=False) for item, value in left.items()}
    sealed = [keys[item.uuid].seal(items.FIELD, content.encode()) for item, content in contents.items()]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(CHANGE, [array(ids), hashes(sealed)])
        _follow(left, now_there, old, keys)
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


def _follow(
    left: Mapping[PersonalDataItem, Any],
    now_there: Mapping[int, PersonalDataItem],
    old: Mapping[UUID, Key],
    keys: Mapping[UUID, Key],
) -> None:
    """The words to find a name by become those of what is left; what the person said beside it stays readable."""
    NameToken.objects.filter(Among("item", [item.pk for item in left])).delete()
    named = [(item, value) for item, value in left.items() if item.category.slug == names.CATEGORY]
    words = [word for item, value in named for word in names.tokens(item, json.dumps(value))]
    NameToken.objects.bulk_create(words, ignore_conflicts=True)
    for item in left:
        if statement := now_there[item.pk].statement:
            said = old[item.uuid].open(STATEMENT, bytes(statement))
            PersonalDataItem.objects.filter(pk=item.pk).update(statement=keys[item.uuid].seal(STATEMENT, said))


def _is_same(read: PersonalDataItem, now_there: PersonalDataItem | None) -> bool:
    return now_there is not None and bytes(read.sealed) == bytes(now_there.sealed)


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
