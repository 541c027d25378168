"""The life of a rights request: which state of the work may follow which, and nothing else.

Clock conditions (not started, paused, extended) are derived from dated facts and may overlap any of these.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class State(models.TextChoices):
    RECEIVED = "received", _("Received")
    IN_PROGRESS = "in_progress", _("Being worked on")
    READY = "ready", _("Answer ready")
    PARTLY_ANSWERED = "partly_answered", _("Partly answered, still open")
    FULFILLED = "fulfilled", _("Answered in full")
    PARTLY_FULFILLED = "partly_fulfilled", _("Answered, partly refused")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn by the requester")
    DUPLICATE = "duplicate", _("Answered with another request")


class TransitionNotAllowed(DomainError):
    code = "transition-not-allowed"
    message = _("The request is not in a state from which it can make this move.")


class TasksPending(DomainError):
    code = "tasks-pending"
    message = _("A system has not answered yet. Record its answer first, or answer in part and keep the request open.")


class RecipientsOwed(DomainError):
    code = "recipients-owed"
    message = _(
        "Somebody who received the data has not been told yet (Art 19). Tell them, or say why that is impossible."
    )


_ENDED = {State.FULFILLED, State.PARTLY_FULFILLED, State.REFUSED, State.WITHDRAWN}
_DONE = {*_ENDED, State.DUPLICATE}
NEXT: dict[State, set[State]] = {
    State.RECEIVED: {State.IN_PROGRESS, State.REFUSED, State.WITHDRAWN, State.DUPLICATE},
    State.IN_PROGRESS: {State.READY, State.PARTLY_ANSWERED, *_DONE},
    State.READY: {State.IN_PROGRESS, State.PARTLY_ANSWERED, *_ENDED},
    State.PARTLY_ANSWERED: {State.IN_PROGRESS, State.READY, *_ENDED},
    # "You missed something": every closed request can be taken up again.
    State.FULFILLED: {State.IN_PROGRESS},
    State.PARTLY_FULFILLED: {State.IN_PROGRESS},
    State.REFUSED: {State.IN_PROGRESS},
    State.WITHDRAWN: {State.IN_PROGRESS},
    State.DUPLICATE: {State.IN_PROGRESS},
}
OPEN = [state for state in State if state not in _DONE]
CLOSED = [state for state in State if state in _DONE]
# These say that every system was dealt with. A refusal or a withdrawal says nothing about any system.
CLAIMS_DONE = {State.FULFILLED, State.PARTLY_FULFILLED}
PAIRS = [(old.value, new.value) for old, after in NEXT.items() for new in sorted(after)]
