"""Complaints in lists: what waits, and how many there were in a period (DPA 2018 s.164B asks for numbers)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Func, Q, QuerySet

from core import keyset
from core.models import Controller, User
from requests.models import CaseFile, Complaint
from requests.models_complaints import Cause, Issue, Outcome, Remedy

PAGE = 50
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Page:
    complaints: list[Complaint]
    after: str
    is_first: bool


def waiting(user: User | AnonymousUser) -> QuerySet[Complaint]:
    """Open complaints that this user may see: the ones to acknowledge first, the earliest due first."""
    rows = Complaint.objects.visible_to(user).open().filter(case__is_test=False)
    return rows.select_related("case__owner").order_by("acknowledge_by", "pk")


def due_first(user: User | AnonymousUser, *, size: int = 6) -> list[Complaint]:
    """The head of the list, for the queue of requests."""
    return list(waiting(user)[:size])


def alarming(user: User | AnonymousUser, today: date) -> QuerySet[Complaint]:
    """Received 21 days ago or earlier, and not acknowledged."""
    return waiting(user).filter(acknowledged_at=None, received_on__lte=today - timedelta(days=21))


def closed(user: User | AnonymousUser, *, after: str = "", size: int = PAGE) -> Page:
    """A page of those with an outcome, the newest first, after a key."""
    rows = Complaint.objects.visible_to(user).filter(outcome_at__isnull=False, case__is_test=False)
    found = keyset.page(rows.select_related("case__owner"), "outcome_at", after=after, size=size)
    return Page(found.rows, found.after, found.is_first)


def page(user: User | AnonymousUser, *, after: str = "", size: int = PAGE) -> Page:
    """A page of the open ones, after a key. A key nobody issued starts at the beginning."""
    rows, key = waiting(user), _read(after)
    if key:
        rows = rows.filter(Q(acknowledge_by__gt=key[0]) | Q(acknowledge_by=key[0], pk__gt=key[1]))
    found = list(rows[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], f"{last.acknowledge_by.isoformat()}.{last.pk}" if last else "", key is None)


def counts(since: date, until: date) -> Iterator[Row]:
    """(measure, code, number) for complaints received from `since` to `until`, both included. Names nobody."""
    rows = Complaint.objects.filter(received_on__range=(since, until), case__is_test=False)
    total = rows.count()
    yield "received", "", str(total)
    channels = dict(rows.values_list("case__channel").annotate(Count("pk")).order_by())
    yield from (("channel", code, str(channels.get(code, 0))) for code in CaseFile.Channel.values)
    yield from _acknowledged(rows)
    outcomes = dict(rows.values_list("outcome").annotate(Count("pk")).order_by())
    yield "open", "", str(outcomes.get("", 0))
    yield from (("outcome", code, str(outcomes.get(code, 0))) for code in Outcome.values)
    yield from _each("issue", "issues", Issue.values, rows)
    yield from _each("remedy", "remedies", Remedy.values, rows)
    causes = dict(rows.values_list("cause").annotate(Count("pk")).order_by())
    yield from (("cause", code, str(causes.get(code, 0))) for code in Cause.values)
    yield "with the regulator", "", str(rows.exclude(regulator_reference="").count())
    days = _days_to_outcome(rows)
    yield "days to outcome", "median", str(median(days)) if days else ""
    yield "days to outcome", "longest", str(max(days)) if days else ""


def _acknowledged(rows: QuerySet[Complaint]) -> Iterator[Row]:
    zone = Controller.current().zone
    in_time = late = 0
    told = rows.filter(acknowledged_at__isnull=False)
    for by, at in told.values_list("acknowledge_by", "acknowledged_at"):
        is_late = at is not None and at.astimezone(zone).date() > by
        late, in_time = late + is_late, in_time + (not is_late)
    yield "acknowledged", "in time", str(in_time)
    yield "acknowledged", "late", str(late)
    yield "acknowledged", "not yet", str(rows.count() - in_time - late)


def _each(measure: str, field: str, codes: list[str], rows: QuerySet[Complaint]) -> Iterator[Row]:
    """One complaint may have several."""
    each = rows.annotate(code=Func(F(field), function="unnest")).values_list("code")
    found = dict(each.annotate(Count("pk")).order_by())
    yield from ((measure, code, str(found.get(code, 0))) for code in codes)


def _days_to_outcome(rows: QuerySet[Complaint]) -> list[int]:
    zone = Controller.current().zone
    ended = rows.filter(outcome_at__isnull=False).values_list("received_on", "outcome_at")
    return [(at.astimezone(zone).date() - received).days for received, at in ended if at]


def _read(after: str) -> tuple[date, int] | None:
    day, _dot, pk = after.partition(".")
    try:
        return date.fromisoformat(day), int(pk)
    except ValueError:
        return None
