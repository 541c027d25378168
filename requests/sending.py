"""What every answer has in common: its preconditions, its letter, its notice, and the state it leads to."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests import asking_where, copies, letters, package, posting, report, representing, systems
from requests.asking import NEVER_WAIT
from requests.intake import claim_of
from requests.models import Letter, Package, Right, RightsRequest
from requests.models_identity import Kind
from requests.workflow import State
from subjects import blocks
from subjects.identifiers import Claim
from subjects.models import DataSubject, ErasureBlock
from subjects.people import is_known, verified_subject


class Unconfirmed(DomainError):
    code = "unconfirmed"
    message = _("The person has not confirmed their e-mail address yet. Nothing may be disclosed or deleted before.")


class InDoubt(DomainError):
    code = "identity-in-doubt"
    message = _(
        "We know this address, but it does not tell who is asking: several people use it, or it was added to somebody"
        " later. Find out who it is, and record how they showed it."
    )


class DoubtOpen(DomainError):
    code = "doubt-open"
    message = _("Proof of identity was asked for. Say first that it is enough, or take the doubt back.")


class WrongRight(DomainError):
    code = "wrong-right"
    message = _("This step belongs to another right.")


class AccessFirst(DomainError):
    code = "access-first"
    message = _(
        "The same person also asked for a copy, or for their data to take along. Make that first, or there would be"
        " nothing left to send. One that was made before that request was taken up again, or before something was"
        " decided about it, is made anew."
    )


def lock(rights_request: RightsRequest, right: Right) -> None:
    """Take the row, so that two officers do not answer the same request, and read it afresh."""
    if rights_request.right != right:
        raise WrongRight
    RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    rights_request.refresh_from_db()


def confirmed(rights_request: RightsRequest) -> None:
    """Whether we know who asks. Asked again at every step: an address can have become a shared one since."""
    case = rights_request.case
    if rights_request.right not in NEVER_WAIT and case.askings.in_force().filter(kind=Kind.IDENTITY).exists():
        raise DoubtOpen
    if not case.is_confirmed:
        raise Unconfirmed
    representing.check(case)
    if case.identified_at or case.is_test or "executed_at" in rights_request.result:
        return
    email = Claim("email", claim_of(case)["email"])
    meant = verified_subject(email)
    if meant != case.subject or (meant is None and is_known(email)):
        raise InDoubt


def is_waiting(rights_request: RightsRequest) -> bool:
    """A part answer was sent, and systems are still silent or recipients not told: there is nothing new to say."""
    if rights_request.state != State.PARTLY_ANSWERED:
        return False
    return bool(systems.gaps(list(rights_request.tasks.all()))) or rights_request.recipient_notices.owed().exists()


def to_ready(rights_request: RightsRequest, *, reason: str, actor: str, now: datetime) -> None:
    if rights_request.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason=reason, now=now)
    if rights_request.state != State.READY:
        rights_request.move(State.READY, actor=actor, reason=reason, now=now)


def copy_is_made(rights_request: RightsRequest) -> None:
    """A copy that the same person asked for, in this case or another, comes before the deletion. Raises AccessFirst."""
    case = rights_request.case
    elsewhere = _kept_for_copies(case.subject) if case.subject else RightsRequest.objects.none()
    if any(copies.is_to_make(one) for one in case.requests.all().union(elsewhere)):
        raise AccessFirst


def let_delete(subject: DataSubject, *, actor: str, now: datetime) -> list[RightsRequest]:
    """What was kept for a copy may go now: it is made, and the person asked for the deletion themselves.

    Returns for which requests. What the deletion leaves is to be kept for them again.
    """
    made = [one for one in _kept_for_copies(subject) if copies.is_made(one)]
    for one in made:
        blocks.release(one.uuid, now=now, actor=actor)
    return made


def _kept_for_copies(subject: DataSubject) -> QuerySet[RightsRequest]:
    """The requests for which this person's data are kept until they are answered."""
    kept = blocks.active(subject).filter(kind=ErasureBlock.Kind.ACCESS)
    return RightsRequest.objects.filter(uuid__in=kept.values("placed_for"))


def nothing_found(rights_request: RightsRequest, *, actor: str, now: datetime) -> RightsRequest:
    """We know nobody under the confirmed address: say so, and say what could help. Raises AskFirst."""
    asking_where.check(rights_request, now=now)
    rights_request.result = {**rights_request.result, "nothing": True}
    rights_request.save(update_fields=["result"])
    systems.answer_builtin(rights_request, count=0, actor=actor, now=now)
    to_ready(rights_request, reason="nothing-found", actor=actor, now=now)
    context = report.of_nothing(rights_request)
    send(rights_request, "nothing_found", context, None, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def send(
    rights_request: RightsRequest, kind: str, context: dict[str, Any], token: str | None, *, actor: str, now: datetime
) -> Letter:
    """Write the letter and post the notice. Without a copy to send, the package holds the letter itself."""
    letter = letters.write(kind, rights_request, context, now=now)
    if token is None:
        token = package.new_link(package.store_letter(rights_request, letter, actor=actor, now=now), now=now)
    posting.send(letter, token=token, actor=actor, now=now)
    return letter


# What a letter may report as done, and as not to be done.
_GRANTED = ("erased", "upheld", "stopped", "corrected", "supplemented", "limited", "reviewed")
_REFUSED = ("kept", "not_upheld", "denied", "not_limited", "not_automated")


def closing_state(context: dict[str, Any]) -> State:
    """What an answer with this content makes of the request. Silence never closes: a gap keeps it open."""
    if context["gaps"]:
        return State.PARTLY_ANSWERED
    granted = any(context.get(name) for name in _GRANTED)
    refused = any(context.get(name) for name in _REFUSED)
    if refused and not granted:
        return State.REFUSED
    return State.PARTLY_FULFILLED if refused or context.get("withheld") else State.FULFILLED


def close(rights_request: RightsRequest, context: dict[str, Any], *, actor: str, now: datetime) -> None:
    to = closing_state(context)
    if rights_request.state != to:
        rights_request.move(to, actor=actor, reason="answered", now=now)


@transaction.atomic
def send_again(letter: Letter, *, actor: str, now: datetime) -> bool:
    """Tell once more of a letter that came back. What came with its package is collected by that link again."""
    made = Package.objects.kept().filter(request=letter.request).first() if letter.token_hash is None else None
    token = package.new_link(made, now=now) if made else ""
    return posting.send(letter, token=token, actor=actor, now=now)
