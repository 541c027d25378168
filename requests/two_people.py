"""The two-person rule: whoever prepared an answer does not send it, so that somebody has looked at it twice.

TWO_PERSON_RELEASE switches it on. With SOLE_OFFICER there may be nobody else; the same person may then send it, and
says why each time.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from ledger.entries import record
from ledger.models import Entry
from requests.letter_kinds import BY_STAFF
from requests.models import Complaint, RightsRequest

About = RightsRequest | Complaint

# What makes an answer: deciding, correcting, freezing the copy, looking through what was found, leaving something out,
# writing why it is refused, and words of our own.
PREPARING = (
    *("request.decided", "correction.decided", "review.decided", "package.made", "document.checked", "exemption.made"),
    *("refusal.prepared", "letter.drafted"),
)
REASONS = {
    "sole-officer": _("There is nobody else."),
    "colleague-away": _("My colleague is away, and the answer is due."),
    "looked-twice": _("I looked at it again on another day."),
}


class TwoPeopleNeeded(DomainError):
    code = "two-people-needed"
    message = _("You have worked on this answer yourself. Somebody else must look at it and send it.")


def preparers(about: About) -> set[str]:
    """Everybody who decided something in it or made its copy, as the ledger names them."""
    bodies = _bodies(about, PREPARING)
    return {body["actor"] for body in bodies if body["data"].get("kind") not in BY_STAFF}


def writers(about: About, draft: UUID) -> set[str]:
    """Everybody who wrote words of this letter."""
    bodies = _bodies(about, ["letter.drafted"])
    return {body["actor"] for body in bodies if body["data"]["draft"] == str(draft)}


def drafters(about: About, kind: str) -> set[str]:
    """Everybody who ever wrote words of a letter of this kind about it."""
    return {body["actor"] for body in _bodies(about, ["letter.drafted"]) if body["data"].get("kind") == kind}


def needs_reason(about: About, *, actor: str, by: Collection[str] | None = None) -> bool:
    """Whether this person can send the answer only as an exception. `by`: who wrote it, when it is a letter alone."""
    own = actor in (preparers(about) if by is None else by)
    return settings.TWO_PERSON_RELEASE and settings.SOLE_OFFICER and own


def check(about: About, *, actor: str, reason: str, now: datetime, by: Collection[str] | None = None) -> None:
    """Called inside the transaction that releases, when everything has been prepared. Notes who released, and how.

    `by`: who wrote it, when what is released is a letter and no answer.
    """
    is_own = settings.TWO_PERSON_RELEASE and actor in (preparers(about) if by is None else by)
    if is_own and not settings.SOLE_OFFICER:
        raise TwoPeopleNeeded
    if is_own and reason not in REASONS:
        raise Invalid(fields={"exception": _("Say why you send an answer that you prepared yourself.")})
    data = {"rule": "two-person" if settings.TWO_PERSON_RELEASE else "off", "exception": reason if is_own else ""}
    kind = "request.released" if by is None else "letter.released"
    record(kind=kind, at=now, actor=actor, object=about.uuid, data=data)


def _bodies(about: About, kinds: Collection[str]) -> list[dict[str, Any]]:
    rows = Entry.objects.filter(object=about.uuid, kind__in=kinds).values_list("body", flat=True)
    return [json.loads(body) for body in rows]
