"""How a request stands, in words for the person who made it. Staff see states; people see what happens to them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.errors import Text
from requests import duplicates
from requests.deadlines import clock_of, has_passed
from requests.facts import Facts
from requests.models import CaseFile, Complaint, ComplaintStep, RightsRequest
from requests.stopping import in_words
from requests.workflow import OPEN, State

NOW: dict[State, Text] = {
    State.RECEIVED: _("We have it, and somebody will begin to work on it."),
    State.IN_PROGRESS: _("We are working on it."),
    State.READY: _("The answer is written. We check it before it goes to you."),
    State.PARTLY_ANSWERED: _("We have sent you a part of the answer. The rest is still open."),
    State.FULFILLED: _("We have dealt with it and written to you. Our letter says what we did."),
    State.PARTLY_FULFILLED: _("We have answered. A part was refused, and our letter says why."),
    State.REFUSED: _("We have refused it. Our letter says why, and where you can complain."),
    State.WITHDRAWN: _("You took this request back, so we have stopped working on it."),
    State.DUPLICATE: _("You had asked for the same in another request. One answer is for both."),
}
NEXT: dict[State, Text] = {
    State.RECEIVED: _("We look in our records and in every system that may hold something."),
    State.IN_PROGRESS: _("When the answer is ready, we write to you."),
    State.READY: _("You hear from us in the next days."),
    State.PARTLY_ANSWERED: _("We write to you again when the rest is there."),
}
ANSWERED = {State.PARTLY_ANSWERED, State.FULFILLED, State.PARTLY_FULFILLED, State.REFUSED}
OVER = _("If you think that we missed something, tell us and give the reference: we will take it up again.")


@dataclass(frozen=True)
class Line:
    """One request: what happens to it now, what comes next, what ended at once, and why it is due when it is."""

    request: RightsRequest
    is_open: bool
    is_late: bool
    is_answered: bool
    now: Text
    next: Text
    stopped: list[str]
    why: list[str]


def lines(case: CaseFile, *, now: datetime) -> list[Line]:
    """Every request of a case, in the order in which they were made."""
    return [_line(one, case, now) for one in case.requests.order_by("pk")]


def complaint_lines(case: CaseFile) -> list[tuple[Complaint, Text]]:
    """Every complaint of a case, and what happens to it."""
    return [(one, complaint_in_words(one)) for one in case.complaints.order_by("pk")]


def counted(found: list[Line]) -> list[tuple[list[str], list[str]]]:
    """How the time is counted: the references of open requests, and the sentences that are true of all of them."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for line in found:
        if line.is_open:
            groups.setdefault(tuple(line.why), []).append(line.request.reference)
    return [(references, list(why)) for why, references in groups.items()]


def _line(rights_request: RightsRequest, case: CaseFile, now: datetime) -> Line:
    state = State(rights_request.state)
    if state == State.DUPLICATE and not duplicates.is_told(rights_request):
        # It may still be undone, as if it had not been.
        state = State.IN_PROGRESS
    return Line(
        request=rights_request,
        is_open=state in OPEN,
        is_late=has_passed(rights_request.due_on, now=now),
        is_answered=state in ANSWERED,
        now=NOW[state],
        next=NEXT.get(state, OVER),
        stopped=in_words(rights_request.result.get("stopped", [])),
        why=clock_of(Facts.from_json(rights_request.facts), case.rule_set).explanation,
    )


def complaint_in_words(complaint: Complaint) -> Text:
    if complaint.outcome and complaint.letters.owed().filter(kind="complaint_outcome").exists():
        return _("We have decided. The letter that tells you the outcome comes by post.")
    if complaint.outcome:
        return _("We have told you the outcome, in our letter.")
    if complaint.steps.filter(kind=ComplaintStep.Kind.PROGRESS).exists():
        return _("We are looking into it, and have written to you how far we are.")
    if complaint.acknowledged_at:
        return _("We have confirmed that we have it, and are looking into it.")
    return _("We have it. We confirm that in writing, and look into it meanwhile.")
