"""What staff take in by hand, on any channel: a letter, a call, a word across a counter, a message elsewhere.

The same function opens the case as for the web form. The true day counts, whenever it is written down; a letter that
asks several things or complains, too, is one case file; a second letter of the same person goes into the open one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.models import Controller, User
from requests import complaints, messages, triage
from requests.arriving import days_late, note_late, note_who, problems, take_in, take_in_complaint
from requests.models import CaseFile
from requests.workflow import CLOSED
from requests.working import cases_visible_to
from subjects.identifiers import Claim

Channel = CaseFile.Channel
NOTHING = _("Choose what they ask for, or write down what they complain of.")
# How something reaches staff; web and API have doors of their own.
BY_HAND = [Channel.LETTER, Channel.PHONE, Channel.IN_PERSON, Channel.EMAIL, Channel.SOCIAL_MEDIA]


@dataclass(frozen=True)
class Entry:
    """What came, as it was written down."""

    rights: Sequence[str]
    requester: Mapping[str, str]
    details: str
    channel: str
    received_on: date
    late: str = ""
    complaint: str = ""
    wish: str = ""
    # In which capacity somebody asks for the person; empty when they ask for themselves.
    capacity: str = ""
    is_child: bool = False


@transaction.atomic
def enter(entry: Entry, *, case_uuid: UUID | None = None, actor: str, now: datetime) -> CaseFile:
    """A new case from what somebody took in, with the true day it came. Raises Invalid naming fields. Twice is once."""
    days = _check(entry, now=now)
    if case_uuid and (known := CaseFile.objects.filter(uuid=case_uuid).first()):
        return known
    # The hour is not known; what matters is the day.
    noon = datetime.combine(entry.received_on, time(12), tzinfo=Controller.current().zone)
    given: dict[str, Any] = {name: getattr(entry, name) for name in ("requester", "channel", "received_on", "late")}
    given |= {"capacity": entry.capacity, "is_child": entry.is_child, "received_at": noon if days else now}
    given |= {"locale": "en-GB", "actor": actor, "now": now, "case_uuid": case_uuid}
    answers = {"complaint": entry.complaint, "wish": entry.wish} if entry.complaint.strip() else {}
    if not entry.rights:
        return take_in_complaint(answers={**answers, "details": entry.details}, **given).case
    case = take_in(rights=entry.rights, details=entry.details, answers=answers, **given)
    if answers:
        complaints.add_to(case, received_on=entry.received_on, actor=actor, now=now)
    return case


@transaction.atomic
def enter_into(case: CaseFile, entry: Entry, *, actor: str, now: datetime) -> CaseFile:
    """What the person of an open case said since: kept with it. New rights are opened, each due from its own day.

    A right that the case has is not asked twice; if it was answered before, the message asks for it again.
    """
    days = _check(entry, now=now)
    locked = CaseFile.objects.select_for_update(of=("self",)).get(pk=case.pk)
    have = dict(locked.requests.values_list("right", "state"))
    for right in entry.rights:
        if right not in have:
            triage.add_right(locked, right, received_on=entry.received_on, actor=actor, now=now)
    again = any(have.get(right) in CLOSED for right in entry.rights)
    words = "\n\n".join(filter(None, (entry.details.strip(), entry.complaint.strip(), entry.wish.strip())))
    note_who(locked, entry.capacity, is_child=entry.is_child, actor=actor, now=now)
    if words:
        messages.note(locked, words, asks_again=again, actor=actor, now=now)
    if entry.complaint.strip():
        complaints.add_to(locked, received_on=entry.received_on, actor=actor, now=now)
    note_late(locked, entry.late, days, actor=actor, now=now)
    return locked


def open_cases_of(email: str, user: User) -> list[CaseFile]:
    """Open cases of the same address, as far as this user may see them: a second letter belongs to the first."""
    try:
        blinds = Claim("email", email).blinds if email else []
    except Invalid:
        return []
    same = cases_visible_to(user).filter(claim_blind__in=blinds, closed_at=None, is_test=False)
    return list(same.prefetch_related("requests", "complaints").order_by("-received_at")[:5])


def page_of(case: CaseFile) -> tuple[str, UUID]:
    """Where staff see it: the address' name, and the id in it."""
    first = case.requests.order_by("pk").first()
    if first:
        return "admin:rights-request", first.uuid
    return "admin:complaint", case.complaints.order_by("pk")[0].uuid


def _check(entry: Entry, *, now: datetime) -> int:
    """How many days ago it came. Raises Invalid naming the fields at fault."""
    errors: dict[str, Text] = {}
    days = days_late(entry.received_on, now=now)
    if entry.channel not in BY_HAND:
        errors["channel"] = _("Choose how it came.")
    if days < 0:
        errors["received_on"] = _("A request cannot have been received in the future.")
    errors |= problems(days, entry.late, entry.capacity, entry.requester, is_child=entry.is_child)
    if not entry.rights and not entry.complaint.strip():
        errors["rights"] = NOTHING
    if errors:
        raise Invalid(fields=errors)
    return days
