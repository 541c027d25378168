"""The two-person rule: whoever prepared an answer does not send it, so that somebody has looked at it twice.

TWO_PERSON_RELEASE switches it on. With SOLE_OFFICER there may be nobody else; the same person may then send it, and
says why each time.
"""

import json
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from ledger.entries import record
from ledger.models import Entry
from requests.models import RightsRequest

# What makes an answer: deciding, freezing the copy, and writing why it is refused.
PREPARING = ("request.decided", "correction.decided", "package.made", "refusal.prepared")
REASONS = {
    "sole-officer": _("There is nobody else."),
    "colleague-away": _("My colleague is away, and the answer is due."),
    "looked-twice": _("I looked at it again on another day."),
}


class TwoPeopleNeeded(DomainError):
    code = "two-people-needed"
    message = _("You have worked on this answer yourself. Somebody else must look at it and send it.")


def preparers(rights_request: RightsRequest) -> set[str]:
    """Everybody who decided something in it or made its copy, as the ledger names them."""
    bodies = Entry.objects.filter(object=rights_request.uuid, kind__in=PREPARING).values_list("body", flat=True)
    return {json.loads(body)["actor"] for body in bodies}


def needs_reason(rights_request: RightsRequest, *, actor: str) -> bool:
    """Whether this person can send the answer only as an exception."""
    return settings.TWO_PERSON_RELEASE and settings.SOLE_OFFICER and actor in preparers(rights_request)


def check(rights_request: RightsRequest, *, actor: str, reason: str, now: datetime) -> None:
    """Called inside the transaction that releases, when everything has been prepared. Notes who released, and how."""
    is_own = settings.TWO_PERSON_RELEASE and actor in preparers(rights_request)
    if is_own and not settings.SOLE_OFFICER:
        raise TwoPeopleNeeded
    if is_own and reason not in REASONS:
        raise Invalid(fields={"exception": _("Say why you send an answer that you prepared yourself.")})
    data = {"rule": "two-person" if settings.TWO_PERSON_RELEASE else "off", "exception": reason if is_own else ""}
    record(kind="request.released", at=now, actor=actor, object=rights_request.uuid, data=data)
