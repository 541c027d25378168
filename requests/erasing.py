"""Erasing: carried out in one transaction, acknowledged by the journal outside the database, then reported."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents.suppression import BY_DELETION
from consents.withdraw import withdraw
from core import outbox
from core.errors import DomainError
from core.models import Outbox
from ledger.entries import record
from processing.models import Basis, Recipient
from requests import exempting, freeze, recipients, report, systems, two_people
from requests.decisions import Line, lines
from requests.models import RecipientNotice, Right, RightsRequest
from requests.sending import close, confirmed, copy_is_made, is_waiting, let_delete, lock, nothing_found, send, to_ready
from requests.untold import is_stranger
from requests.workflow import State
from subjects import erasure, restrictions
from subjects.models import DataSubject


class Undecided(DomainError):
    code = "undecided"
    message = _("Decide about every purpose first.")


class Blocked(DomainError):
    code = "erasure-blocked"
    message = _("Something stops the deletion for a purpose that was granted, such as a legal hold. Decide it anew.")


def execute_erasure(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Carry out what was decided, tell who received the data (Art 19), then report it once the journal outside the
    database has acknowledged it."""
    if _carry_out(rights_request, exception=exception, actor=actor, now=now):
        finish_erasure(rights_request, actor=actor, now=now)
    rights_request.refresh_from_db()
    return rights_request


def finish_erasure(rights_request: RightsRequest, *, actor: str, now: datetime) -> bool:
    """Report a carried-out erasure: letter, notice, state. False while the journal has not acknowledged it."""
    if not _is_acknowledged(rights_request, now=now):
        return False
    with transaction.atomic():
        lock(rights_request, Right.ERASURE)
        carried_out = rights_request.is_open and "executed_at" in rights_request.result
        if not carried_out or is_waiting(rights_request):
            return False
        context = report.of_erasure(rights_request, now=now)
        send(rights_request, "erasure_answer", context, None, actor=actor, now=now)
        close(rights_request, context, actor=actor, now=now)
    return True


def finish_waiting(*, now: datetime) -> int:
    """Report every erasure that was carried out and has not been reported; returns how many were."""
    waiting = RightsRequest.objects.filter(
        right=Right.ERASURE, state=State.READY, result__has_key="executed_at"
    ).order_by("pk")
    return sum(finish_erasure(rights_request, actor="system:requests", now=now) for rights_request in waiting)


def recipients_to_tell(rights_request: RightsRequest, *, now: datetime) -> list[Recipient]:
    """Who received what is about to be deleted. Nobody any more once it has been."""
    if "executed_at" in rights_request.result:
        return []
    granted = exempting.reached(rights_request, (line for line in lines(rights_request, now=now) if line.is_granted))
    purposes = [line.purpose for line in granted]
    return recipients.concerned(rights_request.case.subject, purposes=purposes) if purposes else []


@transaction.atomic
def _carry_out(rights_request: RightsRequest, *, exception: str, actor: str, now: datetime) -> bool:
    """One transaction: withdraw, erase, note. Returns whether there is an erasure to report."""
    lock(rights_request, Right.ERASURE)
    if not rights_request.is_open:
        return False
    if "executed_at" in rights_request.result:
        return True
    confirmed(rights_request)
    if is_waiting(rights_request):
        return False
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if is_stranger(rights_request):
        nothing_found(rights_request, actor=actor, now=now)
        return False
    decided = lines(rights_request, now=now)
    if not all(line.is_decided for line in decided):
        raise Undecided
    copy_is_made(rights_request)
    exempting.ready(rights_request)
    granted = [line for line in decided if line.is_granted]
    found, known = recipients_to_tell(rights_request, now=now), recipients.known_by(rights_request)
    # Noted before the deletion: an open request keeps its person, except the one that is deleting them.
    untouched = sorted(exempting.untouched(rights_request))
    reached, partly = exempting.reached(rights_request, granted), exempting.counts(rights_request)
    rights_request.result = {
        "executed_at": now.isoformat(),
        "erased": 0,
        "untouched": untouched,
        "asked_of": systems.asked_of(reached, partly=partly),
    }
    rights_request.save(update_fields=["result"])
    if granted:
        _erase(rights_request, granted, actor=actor, now=now)
    action = RecipientNotice.Action.ERASED
    recipients.tell(rights_request, found, action, known=known, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=rights_request.result["erased"], actor=actor, now=now)
    to_ready(rights_request, reason="carried-out", actor=actor, now=now)
    return True


def _erase(rights_request: RightsRequest, granted: list[Line], *, actor: str, now: datetime) -> None:
    subject = rights_request.case.subject
    assert subject is not None  # noqa: S101 - narrows the type; the caller has looked
    chosen = [line for line in granted if line.version.basis == Basis.CONSENT or line.version.direct_marketing]
    if chosen:
        slugs = [line.purpose.slug for line in chosen]
        withdraw(subject, purposes=slugs, now=now, actor=actor, collected_by=BY_DELETION)
    person, spared = subject.uuid, exempting.spared(rights_request)
    purposes = [line.purpose for line in exempting.reached(rights_request, granted)]
    if not purposes:
        return
    systems.keep_ids(rights_request, subject)
    copied = let_delete(subject, actor=actor, now=now)
    # Somebody who wanted the data kept and now wants them gone has changed their mind, and it was granted.
    restrictions.let_delete(subject, purposes, now=now, actor=actor)
    done = erasure.erase(
        subject=subject, purposes=purposes, request=rights_request.uuid, spared=spared, actor=actor, now=now
    )
    if done.blocked:
        raise Blocked
    # A copy that is made may have to be made again as long as it is not sent.
    freeze.until_given(copied, DataSubject.objects.filter(pk=subject.pk).first(), actor=actor, now=now)
    rights_request.case.refresh_from_db()
    counts = {"needs": done.needs, "items": done.items, "subjects": done.subjects}
    if spared:
        counts["spared"] = len(spared)
    record(
        kind="erasure.executed",
        at=now,
        actor=actor,
        subject=person,
        object=rights_request.uuid,
        data={"run": done.run, "journal": done.journal, **counts},
        test=rights_request.case.is_test,
    )
    ids = {"run": str(done.run), "journal": str(done.journal) if done.journal else None}
    rights_request.result |= {"erased": done.items, **ids, **counts}
    rights_request.save(update_fields=["result"])


def _is_acknowledged(rights_request: RightsRequest, *, now: datetime) -> bool:
    """Whether the journal has the erasure on disk; tries to deliver it when it has not."""
    rights_request.refresh_from_db()
    journal = rights_request.result.get("journal")
    if not journal:
        return True
    message = Outbox.objects.filter(uuid=journal).first()
    # Delivered messages are swept after a while; an undelivered one never is.
    if message is None or message.sent_at:
        return True
    return outbox.deliver_one(message.pk, now=now)
