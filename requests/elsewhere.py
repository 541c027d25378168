"""How a request stands, in the words of other systems: W3C DPV, OpenDSR, the Data Rights Protocol."""

from typing import Any

from requests.facts import Facts
from requests.workflow import CLOSED, State

IDENTITY, PAUSED, EXTENDED = "identity", "paused", "extended"
# DPV 2.3 hasRequestStatus, OpenDSR 3.0 request_status, Data Rights Protocol 0.9 status and reason. OpenDSR knows no
# refusal, so what was refused is cancelled there.
WORDS: dict[str, tuple[str, str, str, str | None]] = {
    State.RECEIVED: ("dpv:RequestAcknowledged", "pending", "in_progress", None),
    IDENTITY: ("dpv:RequestRequiresAction", "pending", "in_progress", "need_user_verification"),
    PAUSED: ("dpv:RequestRequiresAction", "pending", "in_progress", None),
    EXTENDED: ("dpv:RequestActionDelayed", "in_progress", "in_progress", None),
    State.IN_PROGRESS: ("dpv:RequestAccepted", "in_progress", "in_progress", None),
    State.READY: ("dpv:RequestAccepted", "in_progress", "in_progress", None),
    State.PARTLY_ANSWERED: ("dpv:RequestAccepted", "in_progress", "in_progress", None),
    State.FULFILLED: ("dpv:RequestFulfilled", "completed", "fulfilled", None),
    State.PARTLY_FULFILLED: ("dpv:RequestFulfilled", "completed", "fulfilled", None),
    State.REFUSED: ("dpv:RequestRejected", "cancelled", "denied", "other"),
    State.WITHDRAWN: ("dpv:ActivityHalted", "cancelled", "revoked", None),
    # None of them knows duplicates. Nothing was refused, and the other request says how it ends.
    State.DUPLICATE: ("dpv:ActivityHalted", "cancelled", "denied", "other"),
}


def stands(state: str, facts: Facts, clock: str) -> dict[str, Any]:
    """`clock` is the status of the request's clock ("running", "not_started", "paused"). What waits for the person goes
    before how far the work is, and an extension before that: the later it is told, the more it surprises.
    """
    dpv, opendsr, status, reason = WORDS[_place(state, facts, clock)]
    return {"dpv": dpv, "opendsr": opendsr, "drp": {"status": status, "reason": reason}}


def _place(state: str, facts: Facts, clock: str) -> str:
    if state in CLOSED:
        return state
    if facts.id_asked and not facts.id_received:
        return IDENTITY
    if clock != "running":
        return PAUSED
    return EXTENDED if facts.extended_on else state
