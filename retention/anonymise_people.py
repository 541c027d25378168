"""Whom a run that anonymises is about: looked at to be counted, and once more under their locks.

What was opened to count somebody is kept, as it is to be, for when they are locked: if all that is due about them is by
then the very rows that were read, nothing is opened again. However many are due, no more than KEPT bytes are kept.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from django.db import transaction

from core.errors import Invalid
from retention.anonymise import Recipe
from retention.anonymise_rows import Change, Found, Reader, Row, rewriter
from retention.anonymity import Kind
from retention.pace import Pace
from retention.together import together
from subjects.deletes import by_index, lock_people

# Which a process may have for an hour. A row takes so much beside what it is to hold.
KEPT, ROW = 50_000_000, 500
# As plain tuples: these the garbage collector looks at once, and everything else again and again.
Kept = tuple[tuple[Row, ...], Kind | None, tuple[tuple[Any, ...], ...]]


@dataclass(slots=True)
class Seen:
    """What can be worked of one person: the needs, the kind of row they are, and what their items become.

    `rows`: see anonymise_rows.KNOWN_BY. Without a kind, `unnamed` says which field the recipe does not name.
    """

    subject: int
    rows: list[Row]
    kind: Kind | None
    changes: list[Change]
    unnamed: Invalid | None = None

    @property
    def needs(self) -> list[int]:
        return [row[0] for row in self.rows]


class People:
    """`name` is that of the rule with its version, which what it changes is marked with."""

    def __init__(self, reader: Reader, by: Recipe, name: str) -> None:
        self._reader, self._by, self._rewritten = reader, by, rewriter(by, name)
        self._kept: dict[int, Kept] = {}
        self._room = KEPT
        # For what this process does itself. Two threads at it would only make each other slow, and then wait for the
        # database both at once; in turns one is at work while the database works for the other.
        self.turn = Lock()

    def counted(self, people: list[int]) -> Counter[Kind]:
        """How many of these people, whom nobody holds locked, are of each kind. Raises Invalid for an unnamed field."""
        rows = self._reader.sealed(people)
        with self.turn:
            seen = self._seen(rows)
            for one in seen:
                if one.unnamed:
                    raise one.unnamed
                self._keep(one)
            return Counter(one.kind for one in seen if one.kind)

    def _keep(self, one: Seen) -> None:
        size = ROW * len(one.rows) + sum(len(change.content) for change in one.changes)
        if size <= self._room:
            self._room -= size
            self._kept[one.subject] = (tuple(one.rows), one.kind, tuple(map(tuple, one.changes)))

    def locked(self, people: list[int]) -> tuple[list[Seen], dict[int, UUID]]:
        """What can be worked of these people under their locks: it cannot change before the commit."""
        theirs = lock_people([], people)
        kept = [_again(subject, one) for subject in theirs if (one := self._kept.pop(subject, None))]
        now = self._reader.due([one.subject for one in kept]) if kept else {}
        same = [one for one in kept if one.rows == now.get(one.subject)]
        others = theirs.keys() - {one.subject for one in same}
        if others:
            rows = self._reader.sealed(others)
            with self.turn:
                same += self._seen(rows)
        return same, theirs

    def each_batch(self, act: Callable[[list[int]], None], *, batch: int, workers: int) -> None:
        """Do `act` to everybody ahead, in transactions of some people each, several at once."""
        for some in self._reader.ahead():
            together(workers, _drain(deque(some), act, batch))

    def _seen(self, rows: list[Row]) -> list[Seen]:
        return [self._of(one) for one in self._reader.opened(rows)]

    def _of(self, one: Found) -> Seen:
        try:
            kind = self._by.kind(one.changed(self._by))
        except Invalid as error:
            return Seen(one.subject, one.rows, None, [], error)
        return Seen(one.subject, one.rows, kind, self._rewritten(one.items))


def _again(subject: int, kept: Kept) -> Seen:
    rows, kind, changes = kept
    return Seen(subject, list(rows), kind, [Change(*change) for change in changes])


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
