"""Reminding staff of what is due: a week ahead, a day ahead, once when it is over, and from then on in one list a day.

A row says what was sent, and is written in the transaction that puts the mail into the outbox: whatever dies, nothing
is sent twice, and the next sweep finds what was not. The mails hold references and links, and nothing about anybody.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from core.models import Controller, User
from core.outbox import post_mail
from requests.models import CaseFile, Complaint, Reminder, RightsRequest

Kind = Reminder.Kind
DAY, WEEK, ALARM = timedelta(days=1), timedelta(days=7), timedelta(days=21)
# In one sweep; what is left waits for the next.
AT_ONCE = 500
# In one list. The queue has the rest.
LISTED = 100
OPEN = Q(case__is_test=False)


@dataclass(frozen=True)
class Line:
    reference: str
    due: date
    link: str


def sweep(*, now: datetime) -> int:
    """Remind of everything that is due to be reminded of; returns how many mails were written. Twice is once."""
    zone = Controller.current().zone
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today, time(), tzinfo=zone)
    count = sum(_of_request(one, kind, now=now) for kind, one in _requests(today))
    count += sum(_of_complaint(one, now=now) for one in _complaints(today))
    return count + sum(_digest(owner, lines, today, now=now) for owner, lines in _overdue(today, midnight).items())


def _requests(today: date) -> Iterator[tuple[Kind, RightsRequest]]:
    """Open requests, each in the stage it has reached, that were not reminded of for their present due date."""
    stages = {
        Kind.OVERDUE: Q(due_on__lt=today),
        Kind.TOMORROW: Q(due_on__gte=today, due_on__lte=today + DAY),
        Kind.WEEK: Q(due_on__gt=today + DAY, due_on__lte=today + WEEK),
    }
    for kind, stage in stages.items():
        told = Reminder.objects.filter(kind=kind, request=OuterRef("pk"), day=OuterRef("due_on"))
        rows = RightsRequest.objects.open().filter(OPEN, stage)
        for one in rows.filter(~Exists(told)).select_related("case__owner").order_by("due_on", "pk")[:AT_ONCE]:
            yield kind, one


def _complaints(today: date) -> QuerySet[Complaint]:
    """Complaints that nobody acknowledged by day 21, and that were not reminded of."""
    told = Reminder.objects.filter(kind=Kind.COMPLAINT, complaint=OuterRef("pk"))
    late = Complaint.objects.open().filter(OPEN, acknowledged_at=None, received_on__lte=today - ALARM)
    return late.filter(~Exists(told)).select_related("case__owner").order_by("pk")[:AT_ONCE]


@transaction.atomic
def _of_request(rights_request: RightsRequest, kind: Kind, *, now: datetime) -> bool:
    if rights_request.due_on is None:
        return False
    key = {"kind": kind, "request": rights_request, "day": rights_request.due_on}
    _row, is_new = Reminder.objects.get_or_create(**key, defaults={"at": now})
    if is_new:
        lines = [_line(rights_request.reference, rights_request.due_on, _page(rights_request))]
        _post(kind, lines, _address(rights_request.case.owner), rights_request.case, now=now)
    return is_new


@transaction.atomic
def _of_complaint(complaint: Complaint, *, now: datetime) -> bool:
    key = {"kind": Kind.COMPLAINT, "complaint": complaint, "day": complaint.acknowledge_by}
    _row, is_new = Reminder.objects.get_or_create(**key, defaults={"at": now})
    if is_new:
        lines = [_line(complaint.reference, complaint.acknowledge_by, complaint.page)]
        _post(Kind.COMPLAINT, lines, _address(complaint.case.owner), complaint.case, now=now)
    return is_new


def _overdue(today: date, midnight: datetime) -> dict[User | None, list[Line]]:
    """What is over, by who works on it: only what was reminded of on an earlier day."""
    found: dict[User | None, list[Line]] = defaultdict(list)
    told = Reminder.objects.filter(kind=Kind.OVERDUE, request=OuterRef("pk"), at__lt=midnight)
    requests = RightsRequest.objects.overdue(today).filter(OPEN, Exists(told)).select_related("case__owner")
    for one in requests.order_by("due_on", "pk"):
        if one.due_on:
            found[one.case.owner].append(_line(one.reference, one.due_on, _page(one)))
    silent = Complaint.objects.open().filter(OPEN, acknowledged_at=None, acknowledge_by__lt=today)
    for each in silent.select_related("case__owner").order_by("acknowledge_by", "pk"):
        found[each.case.owner].append(_line(each.reference, each.acknowledge_by, each.page))
    return found


@transaction.atomic
def _digest(owner: User | None, lines: list[Line], today: date, *, now: datetime) -> bool:
    key = {"kind": Kind.DIGEST, "owner": owner, "request": None, "complaint": None, "day": today}
    _row, is_new = Reminder.objects.get_or_create(**key, defaults={"at": now})
    if is_new:
        _post(Kind.DIGEST, lines, _address(owner), None, now=now)
    return is_new


def _address(owner: User | None) -> str:
    """Whoever works on it; the privacy mailbox when nobody does, or nobody who can be reached."""
    if owner and owner.is_active and owner.email:
        return owner.email
    return Controller.current().dpo_contact


def _page(rights_request: RightsRequest) -> str:
    return reverse("admin:rights-request", args=[rights_request.uuid])


def _line(reference: str, due: date, page: str) -> Line:
    return Line(reference, due, f"{settings.BASE_URL}{page}")


def _post(kind: Kind, lines: list[Line], to: str, case: CaseFile | None, *, now: datetime) -> None:
    context = {"kind": kind.value, "lines": lines[:LISTED], "more": max(len(lines) - LISTED, 0), "count": len(lines)}
    text = render_to_string("requests/mail/staff_reminder.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    post_mail(to=to, subject=subject.strip(), text=body.strip() + "\n", about=case.uuid if case else None, now=now)
