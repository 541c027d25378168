"""The queue: open requests by due date, those without one last; closed ones by the day they were closed.

Keyset pages; nothing is counted.
"""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet

from core import keyset
from core.models import User
from requests.models import RightsRequest
from requests.workflow import CLOSED, OPEN

PAGE = 50


@dataclass(frozen=True)
class Queue:
    """One page. `after` is the key of the next page, empty on the last."""

    requests: list[RightsRequest]
    after: str
    is_first: bool


def open_requests(user: User | AnonymousUser, *, after: str = "", size: int = PAGE, where: Q | None = None) -> Queue:
    """A page of the open requests that this user may see, after a key. A key nobody issued starts at the beginning."""
    rows = _visible(user, where).filter(state__in=OPEN).order_by(F("due_on").asc(nulls_last=True), "pk")
    key = _read(after)
    if key is not None:
        rows = rows.filter(_later_than(*key))
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Queue(found, _key(found[-1]) if more else "", key is None)


def closed_requests(user: User | AnonymousUser, *, after: str = "", size: int = PAGE, where: Q | None = None) -> Queue:
    """A page of the closed requests that this user may see, closed last first."""
    rows = _visible(user, where).filter(state__in=CLOSED)
    found = keyset.page(rows, "answered_at", after=after, size=size)
    return Queue(found.rows, found.after, found.is_first)


def due_first(user: User | AnonymousUser, *, size: int = 8) -> list[RightsRequest]:
    """The head of the queue."""
    return open_requests(user, size=size).requests


def _visible(user: User | AnonymousUser, where: Q | None) -> QuerySet[RightsRequest]:
    """What a call made that only tried the API out is nobody's work, and is not here."""
    rows = RightsRequest.objects.visible_to(user).filter(where or Q(), case__is_test=False)
    return rows.select_related("case__owner")


def _later_than(due: date | None, pk: int) -> Q:
    if due is None:
        return Q(due_on=None, pk__gt=pk)
    return Q(due_on__gt=due) | Q(due_on=due, pk__gt=pk) | Q(due_on=None)


def _key(row: RightsRequest) -> str:
    return f"{row.due_on.isoformat() if row.due_on else 'none'}.{row.pk}"


def _read(after: str) -> tuple[date | None, int] | None:
    due, _dot, pk = after.partition(".")
    try:
        return (None if due == "none" else date.fromisoformat(due)), int(pk)
    except ValueError:
        return None
