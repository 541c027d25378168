"""What a run that anonymises reads: everything due about each person, opened, some people at a time.

However many are due, memory holds the ids of those ahead and the values of one batch.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet

from core import prepared
from core.arrays import Among, array
from core.models import Owner
from core.vault import open_each
from processing.models import DataCategory
from retention import due, exact
from retention.anonymise import Recipe, change
from retention.models import RetentionRule
from retention.strategies import Strategy
from subjects.items import BY, FIELD, MARK

_decoded = json.JSONDecoder().raw_decode
# People whose ids are read ahead.
AHEAD = 100_000
# Stands in the query for the people of a batch.
NOBODY = -1
# Whether another purpose needs the item is looked up for each: of EXISTS the planner may make one sweep over all needs.
# Where a row stands and who wrote it change with everything that changes it.
DUE = """
WITH need (id, item_id, subject_id, category_id, collected_on) AS MATERIALIZED ({needs})
SELECT need.subject_id, need.id, item.id, item.xmin, item.ctid,
  (SELECT 1 FROM subjects_itempurpose AS other
   WHERE other.item_id = item.id AND other.purpose_id <> %s LIMIT 1) IS NOT NULL{more}
FROM need
JOIN subjects_personaldataitem AS item ON item.id = need.item_id{join}
ORDER BY need.subject_id, need.collected_on, need.id
"""
CONTENT = """,
  item.statement IS NOT NULL, need.category_id, item.uuid::text, key.master_key, key.wrapped, item.sealed"""
KEY = """
LEFT JOIN core_datakey AS key ON key.owner = %s AND key.owner_id = item.uuid"""
# By which a need and its item are known again: both ids, the item's version, whether another purpose needs it.
Row = tuple[Any, ...]
KNOWN_BY = slice(1, 6)


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


class Change(NamedTuple):
    """What an item is to hold instead."""

    pk: int
    uuid: str
    category: str
    content: str
    has_statement: bool


@dataclass(slots=True)
class Found:
    """One person's due values: `row` as they are; of two values of one field the newer."""

    subject: int
    rows: list[Row] = field(default_factory=list)
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

    def add(self, row: Row, item: Held) -> None:
        self.rows.append(row)
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
        self._needs, self._params = self._written(now)

    def _written(self, now: datetime) -> tuple[str, tuple[Any, ...]]:
        """Once for all batches: building the query takes longer than a batch."""
        needs = exact.only(due.workable(self.rule, self._limit, now=now), self._approval, exact.Kind.NEED)
        needs = needs.filter(Among("subject", [NOBODY])).order_by()
        columns = needs.values_list("pk", "item_id", "subject_id", "category_id", "collected_on")
        try:
            return columns.query.sql_with_params()
        except EmptyResultSet:
            return "", ()

    def ahead(self) -> Iterator[list[int]]:
        """Primary keys of everybody of whom something is due, held or not; each once."""
        rows = due.due(self.rule, self._limit).order_by("subject_id").values_list("subject_id", flat=True)
        people = rows.distinct().iterator(chunk_size=10_000)
        while some := list(islice(people, AHEAD)):
            yield some

    def read(self, people: Iterable[int]) -> list[Found]:
        """What can be worked of these people, each with all of it, in one query."""
        return self.opened(self.sealed(people))

    def sealed(self, people: Iterable[int]) -> list[Row]:
        """The same as it is stored."""
        return self._due(people, CONTENT, KEY, Owner.ITEM.value)

    def due(self, people: Iterable[int]) -> dict[int, list[Row]]:
        """Which rows can be worked of these people, by which what was read before is known again (KNOWN_BY)."""
        found: dict[int, list[Row]] = {}
        for row in self._due(people):
            found.setdefault(row[0], []).append(row[KNOWN_BY])
        return found

    def _due(self, people: Iterable[int], more: str = "", join: str = "", *params: Any) -> list[Row]:
        if not self._needs:
            return []
        theirs, nobody = array(people), array([NOBODY])
        given = [theirs if value == nobody else value for value in self._params]
        sql = DUE.format(needs=self._needs, more=more, join=join)
        return prepared.fetch_bulk(sql, [*given, self.rule.purpose_id, *params])

    def opened(self, rows: list[Row]) -> list[Found]:
        """Of what was stored: by person."""
        texts = open_each(Owner.ITEM, FIELD, [row[8:] for row in rows])
        found: list[Found] = []
        subject = None
        for row, text in zip(rows, texts, strict=True):
            if row[0] != subject:
                subject = row[0]
                one = Found(row[0])
                found.append(one)
            slug = self._slugs[row[7]]
            values, is_marked = values_of(slug, text.decode() if text else "")
            one.add(row[KNOWN_BY], Held(row[2], row[8], slug, values, is_marked, row[5], text is not None, row[6]))
        return found


def rewriter(by: Recipe, name: str) -> Callable[[Iterable[Held]], list[Change]]:
    """What becomes of items by the recipe of the rule with this name.

    What an earlier run changed stays, and what another purpose needs as it is.
    """

    # The same few values come again and again. One without a name is the item as a whole.
    @lru_cache(maxsize=10_000)
    def content(names: tuple[str, ...], *values: str) -> str:
        left: Any = values[0] if names == ("",) else dict(zip(names, values, strict=True))
        return json.dumps({MARK: left, BY: name}, ensure_ascii=False)

    def rewritten(items: Iterable[Held]) -> list[Change]:
        return [
            Change(item.pk, item.uuid, item.category, content(*_less(item, by.columns)), item.has_statement)
            for item in items
            if item.is_readable and not (item.is_marked or item.is_shared)
        ]

    return rewritten


def _less(item: Held, columns: Mapping[str, Strategy]) -> tuple[Any, ...]:
    """The names that an item's values have in it, and the values after the recipe; what it removes leaves nothing."""
    values = item.values
    if len(values) == 1 and item.category in values:
        less = columns.get(item.category)
        return ("",), less(values[item.category].strip()) if less else ""
    kept = [name for name in values if name in columns]
    return tuple([name.partition(".")[2] for name in kept]), *[columns[name](values[name].strip()) for name in kept]


def values_of(slug: str, text: str) -> tuple[dict[str, str], bool]:
    """An item's content by field, and whether an earlier run changed it."""
    content = _read(text)
    if not isinstance(content, dict):
        return {slug: _text(content)}, False
    is_marked = MARK in content and BY in content
    if is_marked:
        content = content[MARK]
        if not isinstance(content, dict):
            return {slug: _text(content)}, True
    return {f"{slug}.{name}" if name else slug: _text(value) for name, value in content.items()}, is_marked


def _read(text: str) -> Any:
    """JSON, as json.loads reads it, in half the time; or else the text itself."""
    stripped = text.strip(" \t\n\r")
    try:
        content, end = _decoded(stripped)
    except ValueError:
        return text
    return content if end == len(stripped) else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
