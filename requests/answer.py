"""Answering: a copy is frozen, looked through and released; an erasure is carried out, acknowledged and reported."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests import access, copies, exempting, found, leaving_out, package, report, spool, systems, two_people
from requests.decisions import decide, lines
from requests.erasing import Undecided, execute_erasure, finish_erasure, finish_waiting, recipients_to_tell
from requests.models import Decision, Package, Right, RightsRequest
from requests.sending import (
    close,
    closing_state,
    confirmed,
    copy_is_made,
    is_waiting,
    lock,
    nothing_found,
    send,
    to_ready,
)
from requests.untold import AsAStranger, is_as_if_gone, is_stranger
from requests.workflow import State
from subjects import blocks
from subjects.models import DataSubject

__all__ = [
    "closing_state",
    "decide",
    "draft",
    "execute_erasure",
    "finish_erasure",
    "finish_waiting",
    "prepare_access",
    "recipients_to_tell",
    "release_access",
]


class NoCopy(DomainError):
    code = "no-copy"
    message = _("Make the copy first, and look through it.")


class FoundForNobody(DomainError):
    code = "found-for-nobody"
    message = _(
        "Documents were found, but the case belongs to nobody we know. Enter the person and say whose case it is."
    )


class StaleCopy(DomainError):
    code = "stale-copy"
    message = _("A decision has changed since the copy was made. Make the copy anew, and look through it.")


@transaction.atomic
def prepare_access(rights_request: RightsRequest, *, actor: str, now: datetime) -> Package:
    """Freeze the copy of the person's data, so that it can be looked through.

    Then an erasure that they ask for need not wait any longer. Deletion on schedule waits until the copy is sent: until
    then it may have to be made again.
    """
    lock(rights_request, Right.ACCESS)
    subject = _known(rights_request)
    found.ready(rights_request)
    leaving_out.ready(rights_request)
    refused = rights_request.decisions.filter(outcome=Decision.Outcome.REFUSE)
    withheld = set(refused.values_list("purpose__slug", flat=True))
    with spool.opened() as waiting:
        without = leaving_out.left_out(rights_request)
        snapshot = access.take(subject, spool=waiting, withheld=withheld, left_out=without, now=now)
        systems.answer_builtin(rights_request, count=snapshot.rows, actor=actor, now=now)
        made = package.store(rights_request, package.build(rights_request, snapshot), actor=actor, now=now)
    rights_request.result = {"rows": snapshot.rows, "purposes": snapshot.versions, "sources": snapshot.sources}
    rights_request.save(update_fields=["result"])
    to_ready(rights_request, reason="copy-made", actor=actor, now=now)
    return made


@transaction.atomic
def release_access(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Send the answer: letter, link and notice. With a system still silent it is a part answer that names the gap.

    Releasing what has been released changes nothing.
    """
    lock(rights_request, Right.ACCESS)
    if not rights_request.is_open or is_waiting(rights_request):
        return rights_request
    made = _copy_to_send(rights_request, actor=actor, now=now)
    if made and copies.is_stale(rights_request, made):
        raise StaleCopy
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if made is None:
        _nothing_was_found(rights_request)
        blocks.release(rights_request.uuid, now=now, actor=actor)
        return nothing_found(rights_request, actor=actor, now=now)
    token = package.new_link(made, now=now)
    context = report.of_access(rights_request, made)
    send(rights_request, "access_response", context, token, actor=actor, now=now)
    blocks.release(rights_request.uuid, now=now, actor=actor)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Kind and content of the letter as it would go out now. Raises what stands in its way. Changes nothing."""
    confirmed(rights_request)
    made = Package.objects.filter(request=rights_request).first()
    is_executed = "executed_at" in rights_request.result
    is_known = not is_stranger(rights_request)
    if made and copies.is_stale(rights_request, made):
        raise StaleCopy
    if rights_request.right == Right.ACCESS and made and "purposes" in rights_request.result:
        return "access_response", report.of_access(rights_request, made)
    if rights_request.right == Right.ACCESS and is_known:
        raise NoCopy
    if rights_request.right == Right.ERASURE and (is_known or is_executed):
        if not is_executed:
            if not all(line.is_decided for line in lines(rights_request, now=now)):
                raise Undecided
            copy_is_made(rights_request)
        exempting.ready(rights_request)
        expected = recipients_to_tell(rights_request, now=now)
        return "erasure_answer", report.of_erasure(rights_request, expected=expected, now=now)
    _nothing_was_found(rights_request)
    return "nothing_found", report.of_nothing(rights_request)


def _copy_to_send(rights_request: RightsRequest, *, actor: str, now: datetime) -> Package | None:
    """The frozen copy; made now if there is none. A fresh one, as long as the person is known, after a part answer, and
    where the request was taken up again. None only for a stranger: somebody who was told that nothing was found may
    have turned out to be known since.
    """
    confirmed(rights_request)
    is_frozen = "purposes" in rights_request.result
    if not is_stranger(rights_request) and (not is_frozen or rights_request.state == State.PARTLY_ANSWERED):
        return prepare_access(rights_request, actor=actor, now=now)
    return Package.objects.filter(request=rights_request).first() if is_frozen else None


def _nothing_was_found(rights_request: RightsRequest) -> None:
    """Raises FoundForNobody when a document says otherwise."""
    if rights_request.documents.exists():
        raise FoundForNobody


def _known(rights_request: RightsRequest) -> DataSubject:
    confirmed(rights_request)
    if rights_request.case.subject is None:
        raise DomainError(_("We hold nothing under the confirmed address, so there is no copy to make."))
    if is_as_if_gone(rights_request):
        raise AsAStranger
    return rights_request.case.subject
