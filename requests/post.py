"""What intake writes to the requester: the acknowledgement and the link that shows control of the mailbox.

The mails greet nobody by the name that was typed and repeat none of its details: anyone can type anything into a public
form, and we would carry it to a stranger's mailbox.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.models import Controller, Outbox, Owner
from core.outbox import post_told, sealed, untold
from core.vault import Key, ensure_key
from requests.deadlines import has_passed
from requests.models import CaseFile, Complaint, RightsRequest
from requests.told_at_once import COPY, copy
from subjects.identifiers import Claim

WRITER = "requests"


def acknowledge(case: CaseFile, requests: Sequence[RightsRequest], *, to: str, token: str, now: datetime) -> None:
    """Reference, date received, rights understood, due date, what is needed, contact, complaint routes."""
    _tell_at_once("acknowledgement", case, _told(case, requests, token, now=now), to=to, now=now)


def acknowledgement(
    case: CaseFile, requests: Sequence[RightsRequest], *, to: str, token: str, key: Key, day: date, now: datetime
) -> dict[str, Any]:
    """The same, for the statement that stores the case: outbox.sealed, and its copy (told_at_once.COPY)."""
    to, told = _addressed("acknowledgement", case, _told(case, requests, token, now=now), to=to)
    letter = copy(case, told, key, day=day, now=now)
    mail = sealed(Outbox.Kind.MAIL, untold(to, WRITER, told | {"letter": str(letter.uuid)}), about=case.uuid)
    return mail | dict(zip(COPY, (letter.uuid, letter.kind, letter.sealed, letter.given_on), strict=True))


def send_link(case: CaseFile, *, to: str, token: str, now: datetime) -> None:
    _send("new_link", case, list(case.requests.order_by("pk")), to=to, token=token, now=now)


def remind(case: CaseFile, requests: Sequence[RightsRequest], *, to: str, token: str, now: datetime) -> None:
    """That the address is not confirmed yet, what happens if it never is, and a new link."""
    _send("reminder", case, requests, to=to, token=token, now=now)


def ask_where(case: CaseFile, reference: str, *, to: str, token: str, now: datetime) -> None:
    """That we found nothing so far, and a page to tell us where else to look."""
    _post("where", case, {"reference": reference, "page": "where", "token": token}, to=to, now=now)


def acknowledge_complaint(complaint: Complaint, *, to: str, token: str, now: datetime) -> UUID:
    """That it has arrived, what happens next, and the way to the Commissioner (DPA 2018 s.164A(3), s.165).

    Returns which message says so: if it comes back, nothing was acknowledged.
    """
    told = {"reference": complaint.reference, "received": complaint.received_on.isoformat()}
    told |= {"page": "confirm", "token": token}
    return _tell_at_once("complaint_acknowledged", complaint.case, told, to=to, complaint=complaint, now=now)


def tell_of_message(case: CaseFile, reference: str, *, to: str, token: str, now: datetime) -> None:
    """That we wrote something about the case; the words open with a code."""
    _post("message_for_you", case, {"reference": reference, "page": "messages", "token": token}, to=to, now=now)


def _send(
    template: str, case: CaseFile, requests: Sequence[RightsRequest], *, to: str, token: str, now: datetime
) -> None:
    _post(template, case, _told(case, requests, token, now=now), to=to, now=now)


def _told(case: CaseFile, requests: Sequence[RightsRequest], token: str, *, now: datetime) -> dict[str, Any]:
    due = requests[0].due_on
    return {
        "requests": [[one.reference, one.right] for one in requests],
        "received": requests[0].received_on.isoformat(),
        "due": due.isoformat() if due else None,
        "is_late": has_passed(due, now=now),
        "page": "confirm",
        "token": token,
        "stopped": list(dict.fromkeys(slug for one in requests for slug in one.result.get("stopped", []))),
    }


def _tell_at_once(
    template: str,
    case: CaseFile,
    told: Mapping[str, Any],
    *,
    to: str,
    complaint: Complaint | None = None,
    now: datetime,
) -> UUID:
    to, told = _addressed(template, case, told, to=to)
    key, day = ensure_key(Owner.CASE, case.uuid), now.astimezone(Controller.current().zone).date()
    letter = copy(case, told, key, day=day, complaint=complaint, now=now)
    told = {**told, "letter": str(letter.uuid)}
    letter.outbox = post_told(to=to, writer=WRITER, told=told, about=case.uuid, now=now).uuid
    letter.save(force_insert=True)
    return letter.outbox


def _post(template: str, case: CaseFile, told: Mapping[str, Any], *, to: str, now: datetime) -> UUID:
    to, told = _addressed(template, case, told, to=to)
    return post_told(to=to, writer=WRITER, told=told, about=case.uuid, now=now).uuid


def _addressed(template: str, case: CaseFile, told: Mapping[str, Any], *, to: str) -> tuple[str, dict[str, Any]]:
    # The mailbox that the link will prove, not what was typed: "ﬁ" and "fi" are two mailboxes and one normal form.
    return Claim("email", to).normalised, {"template": template, "locale": case.locale, **told}
