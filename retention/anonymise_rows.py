"""What a run that anonymises reads: everything due about each person, opened, some people at a time.

However many are due, memory holds the ids of those ahead and the values of one batch.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import transaction

from core import prepared
from core.arrays import Among, array
from core.models import Owner
from core.vault import open_each
from processing.models import DataCategory
from retention import due, exact
from retention.anonymise import Recipe, change
from retention.anonymity import Kind
from retention.models import RetentionRule
from retention.pace import Pace
from retention.together import together
from subjects.deletes import by_index, lock_people
from subjects.items import FIELD

# People whose ids are read ahead.
AHEAD = 100_000
# Stands in the query for the people of a batch.
NOBODY = -1
# What an item holds after a run that was not enough: its values, and which rule changed them.
MARK, BY = "pseudonymised", "by"
# Whether another purpose needs the item is looked up for each: of EXISTS the planner may make one sweep over all needs.
READ = """
WITH need (id, item_id, subject_id, category_id, collected_on) AS MATERIALIZED ({needs})
SELECT need.subject_id, need.id, need.category_id, item.id, item.uuid::text, key.master_key, key.wrapped, item.sealed,
  item.statement IS NOT NULL,
  (SELECT 1 FROM subjects_itempurpose AS other
   WHERE other.item_id = item.id AND other.purpose_id <> %s LIMIT 1) IS NOT NULL
FROM need
JOIN subjects_personaldataitem AS item ON item.id = need.item_id
LEFT JOIN core_datakey AS key ON key.owner = %s AND key.owner_id = item.uuid
ORDER BY need.subject_id, need.collected_on, need.id
"""


@dataclass(slots=True)
class Held:
    """An item as it is: its values by field, whether an earlier run changed it, and what keeps it as it is."""

    pk: int
    uuid: str
    category: str
    values: dict[str, str]
    is_marked: bool
    is_shared: bool
    is_readable: bool
    has_statement: bool


@dataclass(slots=True)
class Found:
    """One person's due values: `row` as they are; of two values of one field the newer."""

    subject: int
    needs: list[int] = field(default_factory=list)
    row: dict[str, str] = field(default_factory=dict)
    items: list[Held] = field(default_factory=list)
    # Fields that an earlier run changed.
    done: set[str] = field(default_factory=set)

    def changed(self, by: Recipe) -> dict[str, str]:
        """By the recipe. What was changed by an earlier run stays as it is. Raises Invalid for an unnamed field."""
        if not self.done:
            return change(self.row, by)
        fresh = change({name: value for name, value in self.row.items() if name not in self.done}, by)
        return {name: self.row[name] if name in self.done else fresh[name] for name in by.columns}

    def add(self, need: int, item: Held) -> None:
        self.needs.append(need)
        self.items.append(item)
        self.row.update(item.values)
        if item.is_marked:
            self.done.update(item.values)
        elif self.done:
            self.done.difference_update(item.values)


class Reader:
    """The people of whom something is due under a rule."""

    def __init__(self, rule: RetentionRule, limit: date, *, approval: int | None = None, now: datetime) -> None:
        self.rule, self._limit, self._approval = rule, limit, approval
        self._slugs = dict(DataCategory.objects.values_list("pk", "slug"))
        self._sql, self._params = self._written(now)

    def _written(self, now: datetime) -> tuple[str, list[Any]]:
        """Once for all batches: building the query takes longer than a batch."""
        needs = exact.only(due.workable(self.rule, self._limit, now=now), self._approval, exact.Kind.NEED)
        needs = needs.filter(Among("subject", [NOBODY])).order_by()
        columns = needs.values_list("pk", "item_id", "subject_id", "category_id", "collected_on")
        try:
            sql, params = columns.query.sql_with_params()
        except EmptyResultSet:
            return "", []
        return READ.format(needs=sql), [*params, self.rule.purpose_id, Owner.ITEM.value]

    def ahead(self) -> Iterator[list[int]]:
        """Primary keys of everybody of whom something is due, held or not; each once."""
        rows = due.due(self.rule, self._limit).order_by("subject_id").values_list("subject_id", flat=True)
        people = rows.distinct().iterator(chunk_size=10_000)
        while some := list(islice(people, AHEAD)):
            yield some

    def read(self, people: Iterable[int]) -> list[Found]:
        """What can be worked of these people, each with all of it, in one query."""
        theirs = array(people)
        given = [theirs if value == array([NOBODY]) else value for value in self._params]
        rows = prepared.fetch_bulk(self._sql, given) if self._sql else []
        texts = open_each(Owner.ITEM, FIELD, [(row[4], row[5], row[6], row[7]) for row in rows])
        return self._by_person(rows, texts)

    def _by_person(self, rows: list[tuple[Any, ...]], texts: list[bytes | None]) -> list[Found]:
        found: list[Found] = []
        for row, text in zip(rows, texts, strict=True):
            if not found or found[-1].subject != row[0]:
                found.append(Found(row[0]))
            slug = self._slugs[row[2]]
            values, is_marked = values_of(slug, text.decode() if text else "")
            item = Held(row[3], row[4], slug, values, is_marked, row[9], text is not None, row[8])
            found[-1].add(row[1], item)
        return found

    def each_batch(self, act: Callable[[list[int]], None], *, batch: int, workers: int) -> None:
        """Do `act` to everybody ahead, in transactions of some people each, several at once."""
        for some in self.ahead():
            together(workers, _drain(deque(some), act, batch))


def _drain(people: deque[int], act: Callable[[list[int]], None], batch: int) -> Callable[[], None]:
    def drain() -> None:
        pace = Pace(batch)
        while some := _taken(people, pace.size):
            with pace, transaction.atomic():
                by_index()
                pace.worked = len(some)
                act(some)

    return drain


def _taken(people: deque[int], most: int) -> list[int]:
    """Others may take at the same time."""
    some: list[int] = []
    try:
        while len(some) < most:
            some.append(people.popleft())
    except IndexError:
        pass
    return some


def locked(reader: Reader, people: list[int]) -> tuple[list[Found], dict[int, UUID]]:
    """What can be worked of these people, read under their locks: it cannot change before the commit."""
    theirs = lock_people([], people)
    return reader.read(theirs), theirs


def kinds(found: list[Found], by: Recipe) -> Counter[Kind]:
    return Counter(by.kind(one.changed(by)) for one in found)


def values_of(slug: str, text: str) -> tuple[dict[str, str], bool]:
    """An item's content by field, and whether an earlier run changed it."""
    try:
        content: Any = json.loads(text) if text else ""
    except ValueError:
        content = text
    is_marked = isinstance(content, dict) and MARK in content and BY in content
    if is_marked:
        content = content[MARK]
    if not isinstance(content, dict):
        return {slug: _text(content)}, is_marked
    return {f"{slug}.{name}" if name else slug: _text(value) for name, value in content.items()}, is_marked


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
