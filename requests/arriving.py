"""What every door notes beside a case: who asks for whom, and why it is entered on a later day than it came.

The clock counts from the day it came all the same, so whoever sets that day back says why; the code is evidence.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.models import Controller
from ledger.entries import record
from requests import complaints, representing
from requests.facts import read_date
from requests.intake import open_case
from requests.models import CaseFile, Complaint


class Late(models.TextChoices):
    """Why a request is entered on a later day than it came."""

    FORWARDED = "forwarded", _("It reached another department first")
    UNRECOGNISED = "unrecognised", _("It was not seen to be a request at first")
    CLOSED = "closed", _("It came while nobody was in")
    DOWN = "system-down", _("The system could not take it in that day")
    WRITTEN_DOWN = "written-down-later", _("It was said, and is written down now")


def take_in(*, capacity: str = "", is_child: bool = False, late: str = "", **given: Any) -> CaseFile:
    """A case as open_case takes it, with who asks for the person and why it is late. Raises Invalid naming fields.

    Nothing goes to whoever asks for another before it is shown that they may (requests/representing.py).
    """
    now, actor = given["now"], given["actor"]
    days = days_late(given["received_on"], now=now)
    _check(days, late, capacity, given["requester"], is_child=is_child)
    # Where nothing is noted with it, opening it is one statement and a transaction by itself.
    with transaction.atomic() if capacity or days else nullcontext():
        case = open_case(**given)
        note_who(case, capacity, is_child=is_child, actor=actor, now=now)
        note_late(case, late, days, actor=actor, now=now)
    return case


@transaction.atomic
def take_in_complaint(*, capacity: str = "", is_child: bool = False, late: str = "", **given: Any) -> Complaint:
    """A complaint as open_complaint takes it, with who complains for the person and why it is late."""
    now, actor = given["now"], given["actor"]
    days = days_late(given["received_on"], now=now)
    _check(days, late, capacity, given["requester"], is_child=is_child)
    made = complaints.open_complaint(**given)
    note_who(made.case, capacity, is_child=is_child, actor=actor, now=now)
    note_late(made.case, late, days, actor=actor, now=now)
    return made


def _check(days: int, late: str, capacity: str, requester: Mapping[str, str], *, is_child: bool) -> None:
    errors = problems(days, late, capacity, requester, is_child=is_child)
    errors = {f"requester.{name}" if name == "representative" else name: text for name, text in errors.items()}
    if errors:
        raise Invalid(fields=errors)


def note_who(case: CaseFile, capacity: str, *, is_child: bool, actor: str, now: datetime) -> None:
    """The same form sent twice is one case, and is noted once."""
    if capacity and representing.of(case) is None:
        representing.begin(case, capacity=capacity, is_child=is_child, actor=actor, now=now)


def days_late(received_on: date | None, *, now: datetime) -> int:
    """How many days ago it came; none when nobody says, for then it came today. Raises Invalid for no such day."""
    if received_on:
        read_date("received_on", received_on.isoformat())
    return (now.astimezone(Controller.current().zone).date() - received_on).days if received_on else 0


def problems(days: int, late: str, capacity: str, requester: Mapping[str, str], *, is_child: bool) -> dict[str, Text]:
    """What is missing where it is late, or where somebody asks for another."""
    errors: dict[str, Text] = representing.problems(capacity=capacity, is_child=is_child, requester=requester)
    if days > 0 and late not in Late.values:
        errors["late"] = _("It came on an earlier day: say why it is entered only now.")
    return errors


def note_late(case: CaseFile, late: str, days: int, *, actor: str, now: datetime) -> None:
    if days > 0:
        data = {"reason": late, "days": days}
        record(kind="request.entered-late", at=now, actor=actor, object=case.uuid, data=data, test=case.is_test)
