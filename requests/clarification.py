"""Asking what a request is about, when we cannot tell (UK GDPR Art 12A(5)). Only the clock of access stands still."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from requests import refusing
from requests.asking import (
    arrive,
    begin,
    choose,
    count,
    give,
    keep_answer,
    lock,
    need,
    note,
    text,
)
from requests.facts import Facts
from requests.models import Asking, Right, RightsRequest
from requests.models_identity import Ended, Kind

REASONS = {
    "which-data": _("It is not clear which data is meant."),
    "which-use": _("It is not clear which use of the data is meant."),
    "which-time": _("It is not clear which time is meant."),
    "which-ground": _("It is not clear for which of the four reasons the use is to stop."),
}


def pauses(rights_request: RightsRequest) -> bool:
    """Whether asking stops the clock: for access under UK law, and for nothing else."""
    return rights_request.right == Right.ACCESS and Facts.from_json(rights_request.facts).regime == "UK"


@transaction.atomic
def ask(rights_request: RightsRequest, *, reason: str, unclear: str, actor: str, now: datetime) -> Asking:
    """Ask what is meant, by letter. The pause begins on the day the letter is given."""
    lock(rights_request)
    choose("reason", reason, REASONS)
    unclear = text("unclear", unclear, _("Say what is not clear, in up to 4,000 characters."))
    asking = begin(rights_request, Kind.CLARIFICATION, reason, {"unclear": unclear}, actor=actor, now=now)
    note("clarification.asked", asking, actor=actor, now=now)
    give(asking, "clarification", {"unclear": unclear, "pauses": pauses(rights_request)}, actor=actor, now=now)
    return asking


@transaction.atomic
def answered(rights_request: RightsRequest, *, day: date, answer: str, actor: str, now: datetime) -> None:
    """Their answer arrived on that day, which is the last that does not count. It takes up again what was closed for
    want of it.
    """
    refusing.answered_after_all(rights_request, actor=actor, now=now)
    lock(rights_request)
    asking = need(rights_request, Kind.CLARIFICATION)
    answer = text("answer", answer, _("Say what they answered, in up to 4,000 characters."))
    arrive(asking, day, now=now)
    keep_answer(asking, {"answer": answer})
    asking.end(Ended.ANSWERED, now=now)
    note("clarification.answered", asking, actor=actor, now=now, day=day.isoformat())
    count(asking, because="clarification.answered", actor=actor, now=now)
