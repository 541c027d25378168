"""Rows that a process has read before and need not read again, because the statement that relies on them proves them.

The proof is the version of the row, `xmin` and `ctid`: the transaction that wrote it as it stands, and where it lies.
PostgreSQL writes a changed row to another place, under the number of the transaction that changed it (PostgreSQL
documentation, 5.6 System Columns). Whoever recalls a row compares its version in the statement that acts on it. If that
finds nothing, the row has changed, and is read again. So nothing is ever out of date, and what nobody changes costs no
round trip.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from core.errors import NotFound

T = TypeVar("T")
MOST = 500


class Changed(NotFound):
    """What was recalled is no longer as it was read. Nothing was written; whoever called reads it again."""


class Recall(Generic[T]):
    """What was read last, by name. A handful of rows that are the same for everybody, never anything of a person."""

    def __init__(self) -> None:
        self._rows: dict[Hashable, T] = {}

    def get(self, name: Hashable) -> T | None:
        return self._rows.get(name)

    def keep(self, name: Hashable, row: T) -> T:
        if len(self._rows) >= MOST:
            self._rows.clear()
        self._rows[name] = row
        return row

    def forget(self, name: Hashable) -> None:
        self._rows.pop(name, None)
