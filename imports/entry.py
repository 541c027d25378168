"""What staff enter by hand, through the same doors as everything else: a person, and a request on any channel."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.models import Controller
from imports.kinds import people
from ledger.entries import record
from requests.intake import open_case
from requests.models import CaseFile
from subjects.models import DataSubject

Channel = CaseFile.Channel
# How a request reaches staff; web and API have doors of their own.
BY_HAND = [Channel.LETTER, Channel.PHONE, Channel.IN_PERSON, Channel.EMAIL, Channel.SOCIAL_MEDIA]


class Late(models.TextChoices):
    """Why a request is entered on a later day than it came. The clock counts from the day it came all the same."""

    FORWARDED = "forwarded", _("It reached another department first")
    UNRECOGNISED = "unrecognised", _("It was not seen to be a request at first")
    CLOSED = "closed", _("It came while nobody was in")
    WRITTEN_DOWN = "written-down-later", _("It was said, and is written down now")


def add_person(values: Mapping[str, str], *, actor: str, now: datetime) -> DataSubject:
    """One person, read as a row of a file is. Raises Invalid naming fields of imports/kinds/people.py."""
    read = people.read(values, now=now)
    return people.store(read, actor=actor, now=now).subject


@transaction.atomic
def add_case(
    *,
    rights: Sequence[str],
    requester: Mapping[str, str],
    details: str,
    channel: str,
    received_on: date,
    late: str = "",
    case_uuid: UUID | None = None,
    actor: str,
    now: datetime,
) -> CaseFile:
    """A request that somebody on the staff took in, with the true day it came. Raises Invalid naming fields."""
    zone = Controller.current().zone
    days = (now.astimezone(zone).date() - received_on).days
    if channel not in BY_HAND:
        raise Invalid(fields={"channel": _("Choose how it came.")})
    if days > 0 and late not in Late.values:
        raise Invalid(fields={"late": _("It came on an earlier day: say why it is entered only now.")})
    case = open_case(
        rights=rights,
        requester=requester,
        details=details,
        channel=channel,
        # The hour is not known; what matters is the day.
        received_at=now if days <= 0 else datetime.combine(received_on, time(12), tzinfo=zone),
        received_on=received_on,
        locale="en-GB",
        actor=actor,
        now=now,
        case_uuid=case_uuid,
    )
    if days > 0:
        data = {"reason": late, "days": days}
        record(kind="request.entered-late", at=now, actor=actor, object=case.uuid, data=data)
    return case
