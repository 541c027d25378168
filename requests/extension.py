"""Two more months, by a notice that gives reasons and is given before the first month ends (UK GDPR Art 12A(3), (4)).

Size alone, or a processor who is slow, is no reason: a code and our own words are asked for.
"""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from requests.asking import begin, choose, facts_of, give, lock, note, text, today
from requests.clock import Clock, in_words
from requests.deadlines import clock_of
from requests.models import Asking, RightsRequest
from requests.models_identity import Kind

REASONS = {
    "complexity": _("What you asked for is complex."),
    "number": _("You have made a number of requests."),
}


class TooLate(DomainError):
    code = "extension-too-late"
    message = _("The last day for this notice is over.")


class NotRunning(DomainError):
    code = "clock-not-running"
    message = _("The clock is not running, so there is nothing to extend yet.")


def extended(rights_request: RightsRequest, *, now: datetime) -> Clock:
    """The clock as it would be with notice given today. Raises TooLate, or NotRunning."""
    facts = facts_of(rights_request)
    if clock_of(facts, rights_request.case.rule_set).status != "running":
        raise NotRunning
    if facts.extended_on:
        raise Invalid(fields={"reason": _("It has been extended already. The law allows it once.")})
    try:
        return clock_of(replace(facts, extended_on=today(now)), rights_request.case.rule_set)
    except Invalid as error:
        raise TooLate from error


@transaction.atomic
def extend(rights_request: RightsRequest, *, reason: str, explanation: str, actor: str, now: datetime) -> Asking:
    """Give notice of two more months. Until its letter is given, the date stays where it is."""
    lock(rights_request)
    choose("reason", reason, REASONS)
    explanation = text("explanation", explanation, _("Say why, as the person will read it."))
    new_due = extended(rights_request, now=now).due
    words = {"explanation": explanation}
    asking = begin(rights_request, Kind.EXTENSION, reason, words, actor=actor, now=now)
    note("extension.decided", asking, actor=actor, now=now)
    context = {"reason": REASONS[reason], "explanation": explanation, "new_due": in_words(new_due) if new_due else ""}
    give(asking, "extension", context, actor=actor, now=now)
    return asking
