"""Finding the right in somebody's own words. It was exercised on the day the message came, whatever it was called."""

from datetime import date, datetime

from django.db import transaction

from core.models import Controller
from requests import freeze, untold
from requests.intake import claim_of, fresh_link, may_write
from requests.models import CaseFile, Right, RightsRequest
from requests.opening import open_rights
from requests.post import acknowledge
from requests.sending import lock
from requests.stopping import answer_at_once, claims_of, stop_at_once

FOUND = [right for right in Right if right != Right.GENERAL]


@transaction.atomic
def name_right(message: RightsRequest, right: str, *, actor: str, now: datetime) -> RightsRequest:
    """Open this right in the case of the message, due from the same day, and tell the person how we understood it.

    Raises WrongRight when the request is no message. A right that the case has already is answered there.
    """
    lock(message, Right.GENERAL)
    return add_right(message.case, right, actor=actor, now=now)


@transaction.atomic
def add_right(
    case: CaseFile, right: str, *, received_on: date | None = None, actor: str, now: datetime
) -> RightsRequest:
    """One more right in a case: due from the day it was exercised, which is the day of the case if none is given."""
    wanted = Right(right)
    if known := case.requests.filter(right=wanted).first():
        return known
    controller = Controller.current()
    [opened] = open_rights(case, [wanted.value], controller, received_on=received_on, actor=actor, now=now)
    case.settle(now=now)
    freeze.until_given([opened], case.subject, now=now, actor=actor)
    untold.carry_into(opened, now=now)
    email = claim_of(case).get("email", "")
    stop_at_once([opened], claims_of(claim_of(case)), None, now=now, actor=actor)
    may_mail = bool(email) and not case.by_post and may_write(case)
    remaining = answer_at_once([opened], only_marketing=False, may_mail=may_mail, now=now, actor=actor)
    if remaining and may_mail:
        token = fresh_link(case, now=now)
        case.save(update_fields=["confirm_hash", "confirm_expires_at"])
        acknowledge(case, [opened], to=email, token=token, now=now)
    return opened
