"""Lists in pages by a moment and the primary key: stable while rows arrive, and nothing is counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
PAGE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page. `after` is the key of the next page, empty on the last."""

    rows: list[Row]
    after: str
    is_first: bool


def page(rows: QuerySet[Row], field: str, *, after: str = "", newest: bool = True, size: int = PAGE) -> Page[Row]:
    """A page of rows that all have this moment, the newest or the earliest first, after a key.

    A key nobody issued starts at the beginning.
    """
    key, sign = _read(after), "-" if newest else ""
    if key:
        at, pk = key
        beyond = "lt" if newest else "gt"
        later = Q(**{f"{field}__{beyond}": at}) | Q(**{field: at, f"pk__{beyond}": pk})
        # The first condition says nothing new, but an index can begin at it.
        rows = rows.filter(Q(**{f"{field}__{beyond}e": at}) & later)
    found = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    return Page(found, f"{getattr(found[-1], field).isoformat()}_{found[-1].pk}" if more else "", key is None)


def _read(after: str) -> tuple[datetime, int] | None:
    at, _line, pk = after.partition("_")
    try:
        moment, number = datetime.fromisoformat(at), int(pk)
    except ValueError:
        return None
    return (moment, number) if moment.tzinfo and 0 < number < 2**63 else None
