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


def proves(row: str, name: str) -> str:
    """The condition that a row is still of the version that `proof` gives by this name. It is looked for at the place
    where it lay, which takes less than any index."""
    return f"{row}.ctid = %({name}_at)s::tid AND {row}.xmin = %({name}_by)s::xid"


def proof(name: str, version: str | None) -> dict[str, str | None]:
    """What that condition is told, of a version as it was read: `xmin || ' ' || ctid`."""
    by, at = version.split() if version else (None, None)
    return {f"{name}_by": by, f"{name}_at": at}


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
