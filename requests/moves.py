"""Steps that staff take by hand, and what hangs on them. Answering has its own functions (requests/answer.py)."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from requests import asking, deadlines, duplicates, freeze, locks, messages, silence, ways
from requests.facts import Facts
from requests.models import Asking, RightsRequest
from requests.models_identity import Kind
from requests.stopping import hold_still
from requests.workflow import CLOSED, State, TransitionNotAllowed
from subjects import blocks

# What is answered by doing it leaves only these steps to choose.
_BY_HAND = {State.IN_PROGRESS, State.WITHDRAWN}
# What the person said when the request came: no work of ours.
_SAID = {"stopped", "proofs", "objected"}


# What must be told when staff take a request up again: func(case, actor=, now=), inside the same transaction.
_listeners: list[Callable[..., object]] = []


def when_taken_up(func: Callable[..., object]) -> None:
    if func not in _listeners:
        _listeners.append(func)


def by_hand(rights_request: RightsRequest) -> list[State]:
    """The moves to offer as buttons."""
    # Which request it repeats is no step of its own (requests/duplicates.py).
    if duplicates.undo_until(rights_request):
        return []
    moves: list[State] = [state for state in rights_request.allowed_moves if state != State.DUPLICATE]
    if ways.is_by_doing(rights_request):
        return [state for state in moves if state in _BY_HAND]
    return moves


@transaction.atomic
def step(rights_request: RightsRequest, to: str, *, actor: str, now: datetime) -> None:
    """Move, and keep the protection against deletion in step: it stands while a copy is still owed."""
    locks.take(rights_request.case_id)
    if to not in by_hand(rights_request):
        raise TransitionNotAllowed
    silence.check(rights_request, State(to))
    was_closed = rights_request.state in CLOSED
    rights_request.move(to, actor=actor, reason="by-hand", now=now)
    duplicates.open_unanswered(rights_request, actor=actor, now=now)
    if was_closed:
        _begin_anew(rights_request, actor=actor, now=now)
    elif to == State.WITHDRAWN:
        blocks.release(rights_request.uuid, now=now, actor=actor)


def _begin_anew(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """ "You missed something": the work starts over. What was decided before stays in the ledger and the letters."""
    _ask_anew(rights_request, actor=actor, now=now)
    # What was said no to stays stopped, and the request is due again.
    rights_request.result = {name: value for name, value in rights_request.result.items() if name in _SAID}
    rights_request.save(update_fields=["result"])
    deadlines.store(rights_request, Facts.from_json(rights_request.facts))
    rights_request.decisions.all().delete()
    rights_request.corrections.all().delete()
    rights_request.scopes.all().delete()
    rights_request.reviews.all().delete()
    # Whoever was told of the first answer is told of the second, too.
    rights_request.recipient_notices.all().delete()
    messages.handle_asking_again(rights_request.case, actor=actor, now=now)
    for listener in _listeners:
        listener(rights_request.case, actor=actor, now=now)
    freeze.until_given([rights_request], rights_request.case.subject, now=now, actor=actor)
    # What an objection held still was set free with its answer.
    hold_still(rights_request.case, now=now, actor=actor)


def _ask_anew(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """Nothing is closed again for want of an old answer: we go on without it, or ask for it again.

    A doubt about who asks stands until it is removed, and is reminded of anew.
    """
    for kind in (Kind.CLARIFICATION, Kind.FEE):
        if asking.in_force(rights_request, kind):
            asking.take_back(rights_request, kind, actor=actor, now=now)
    rights_request.refresh_from_db()
    if rights_request.right not in asking.NEVER_WAIT:
        Asking.objects.in_force().filter(case=rights_request.case_id, kind=Kind.IDENTITY).update(reminder=None)
