"""Answering: the copy is frozen, then released; the erasure is carried out, acknowledged, then reported as done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents.withdraw import withdraw
from core import outbox
from core.errors import DomainError
from core.models import Outbox
from ledger.entries import record
from processing.models import Basis, Recipient
from requests import access, letters, package, report, systems
from requests.decisions import Line, decide, lines
from requests.models import Package, Right, RightsRequest
from requests.notice import tell
from requests.workflow import State
from subjects import blocks, erasure
from subjects.models import DataSubject, Disclosure

__all__ = ["decide", "execute_erasure", "finish_erasure", "finish_waiting", "prepare_access", "release_access"]


class Unconfirmed(DomainError):
    code = "unconfirmed"
    message = _("The person has not confirmed their e-mail address yet. Nothing may be disclosed or deleted before.")


class WrongRight(DomainError):
    code = "wrong-right"
    message = _("This step belongs to another right.")


class Undecided(DomainError):
    code = "undecided"
    message = _("Decide about every purpose first.")


class AccessFirst(DomainError):
    code = "access-first"
    message = _("The same person also asked for a copy. Make that copy first, or there would be nothing left to send.")


class Blocked(DomainError):
    code = "erasure-blocked"
    message = _("Something stops the deletion for a purpose that was granted, such as a legal hold. Decide it anew.")


class NotTold(DomainError):
    code = "recipients-not-told"
    message = _("Tell everyone who received the data of the deletion first (Art 19), and say here that you did.")


@transaction.atomic
def prepare_access(rights_request: RightsRequest, *, actor: str, now: datetime) -> Package:
    """Freeze the copy of the person's data, so that it can be looked through; then erasure need not wait any longer."""
    _lock(rights_request, Right.ACCESS)
    subject = _known(rights_request)
    snapshot = access.take(subject, now=now)
    systems.answer_builtin(rights_request, count=snapshot.rows, actor=actor, now=now)
    made = package.store(rights_request, package.build(rights_request, snapshot), actor=actor, now=now)
    rights_request.result = {"rows": snapshot.rows, "purposes": snapshot.versions}
    rights_request.save(update_fields=["result"])
    blocks.release(rights_request.uuid, now=now, actor=actor)
    _to_ready(rights_request, reason="copy-made", actor=actor, now=now)
    return made


@transaction.atomic
def release_access(rights_request: RightsRequest, *, actor: str, now: datetime) -> RightsRequest:
    """Send the answer: letter, link and notice. With a system still silent it is a part answer that names the gap.

    Releasing what has been released changes nothing.
    """
    _lock(rights_request, Right.ACCESS)
    if not rights_request.is_open or _is_waiting(rights_request):
        return rights_request
    made = _copy_to_send(rights_request, actor=actor, now=now)
    if made is None:
        return _nothing_found(rights_request, actor=actor, now=now)
    token = package.new_link(made, now=now)
    context = report.of_access(rights_request, made)
    _send(rights_request, "access_response", context, token, actor=actor, now=now)
    _close(rights_request, context, State.PARTLY_FULFILLED if context["withheld"] else State.FULFILLED, actor, now)
    return rights_request


def execute_erasure(
    rights_request: RightsRequest, *, actor: str, now: datetime, told: Sequence[str] = ()
) -> RightsRequest:
    """Carry out what was decided, then report it once the journal outside the database has acknowledged it.

    `told` names the recipients (slugs) that somebody has told of the deletion (Art 19).
    """
    if _carry_out(rights_request, told=told, actor=actor, now=now):
        finish_erasure(rights_request, actor=actor, now=now)
    rights_request.refresh_from_db()
    return rights_request


def finish_erasure(rights_request: RightsRequest, *, actor: str, now: datetime) -> bool:
    """Report a carried-out erasure: letter, notice, state. False while the journal has not acknowledged it."""
    if not _is_acknowledged(rights_request, now=now):
        return False
    with transaction.atomic():
        _lock(rights_request, Right.ERASURE)
        carried_out = rights_request.is_open and "executed_at" in rights_request.result
        if not carried_out or _is_waiting(rights_request):
            return False
        context = report.of_erasure(rights_request)
        _send(rights_request, "erasure_answer", context, None, actor=actor, now=now)
        closing = State.FULFILLED
        if context["kept"]:
            closing = State.PARTLY_FULFILLED if context["erased"] else State.REFUSED
        _close(rights_request, context, closing, actor, now)
    return True


def finish_waiting(*, now: datetime) -> int:
    """Report every erasure that was carried out and has not been reported; returns how many were."""
    waiting = RightsRequest.objects.filter(
        right=Right.ERASURE, state=State.READY, result__has_key="executed_at"
    ).order_by("pk")
    return sum(finish_erasure(rights_request, actor="system:requests", now=now) for rights_request in waiting)


def recipients_to_tell(subject: DataSubject | None, granted: Sequence[Line]) -> list[Recipient]:
    """Who received data for these purposes and must be told (Art 19)."""
    if subject is None:
        return []
    purposes = [line.purpose for line in granted]
    disclosures = Disclosure.objects.filter(subject=subject)
    concerned = disclosures.filter(purpose=None) | disclosures.filter(purpose__in=purposes)
    return list(Recipient.objects.filter(pk__in=concerned.values("recipient")).order_by("name")) if granted else []


@transaction.atomic
def _carry_out(rights_request: RightsRequest, *, told: Sequence[str], actor: str, now: datetime) -> bool:
    """One transaction: withdraw, erase, note. Returns whether there is an erasure to report."""
    _lock(rights_request, Right.ERASURE)
    if not rights_request.is_open:
        return False
    if "executed_at" in rights_request.result:
        return True
    _confirmed(rights_request)
    if _is_waiting(rights_request):
        return False
    if rights_request.case.subject is None:
        _nothing_found(rights_request, actor=actor, now=now)
        return False
    decided = lines(rights_request, now=now)
    if not all(line.is_decided for line in decided):
        raise Undecided
    _copy_is_made(rights_request)
    granted = [line for line in decided if line.is_granted]
    names = {recipient.slug for recipient in recipients_to_tell(rights_request.case.subject, granted)}
    if names - set(told):
        raise NotTold
    # Noted before the deletion: an open request keeps its person, except the one that is deleting them.
    rights_request.result = {"executed_at": now.isoformat(), "told": sorted(names), "erased": 0}
    rights_request.save(update_fields=["result"])
    if granted:
        _erase(rights_request, granted, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=rights_request.result["erased"], actor=actor, now=now)
    _to_ready(rights_request, reason="carried-out", actor=actor, now=now)
    return True


def _erase(rights_request: RightsRequest, granted: list[Line], *, actor: str, now: datetime) -> None:
    subject = rights_request.case.subject
    assert subject is not None  # noqa: S101 - narrows the type; the caller has looked
    chosen = [line for line in granted if line.version.basis == Basis.CONSENT or line.version.direct_marketing]
    if chosen:
        slugs = [line.purpose.slug for line in chosen]
        withdraw(subject, purposes=slugs, now=now, actor=actor, collected_by="staff")
    person = subject.uuid
    done = erasure.erase(
        subject=subject,
        purposes=[line.purpose for line in granted],
        request=rights_request.uuid,
        actor=actor,
        now=now,
    )
    if done.blocked:
        raise Blocked
    rights_request.case.refresh_from_db()
    counts = {"needs": done.needs, "items": done.items, "subjects": done.subjects}
    record(
        kind="erasure.executed",
        at=now,
        actor=actor,
        subject=person,
        object=rights_request.uuid,
        data={"run": done.run, "journal": done.journal, **counts},
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


def _copy_to_send(rights_request: RightsRequest, *, actor: str, now: datetime) -> Package | None:
    """The frozen copy; made now if there is none. After a part answer a fresh one, as long as the person is known."""
    _confirmed(rights_request)
    if rights_request.result.get("nothing"):
        return None
    made = Package.objects.filter(request=rights_request).first()
    is_known = rights_request.case.subject is not None
    if is_known and (made is None or rights_request.state == State.PARTLY_ANSWERED):
        return prepare_access(rights_request, actor=actor, now=now)
    return made


def _nothing_found(rights_request: RightsRequest, *, actor: str, now: datetime) -> RightsRequest:
    """We know nobody under the confirmed address: say so, and say what could help."""
    rights_request.result = {"nothing": True}
    rights_request.save(update_fields=["result"])
    systems.answer_builtin(rights_request, count=0, actor=actor, now=now)
    _to_ready(rights_request, reason="nothing-found", actor=actor, now=now)
    context = report.of_nothing(rights_request)
    _send(rights_request, "nothing_found", context, None, actor=actor, now=now)
    _close(rights_request, context, State.FULFILLED, actor, now)
    return rights_request


def _send(
    rights_request: RightsRequest, kind: str, context: dict[str, Any], token: str | None, *, actor: str, now: datetime
) -> letters.Letter:
    """Write the letter and post the notice. Without a copy to send, the package holds the letter itself."""
    letter = letters.write(kind, rights_request, context, now=now)
    if token is None:
        token = package.new_link(package.store_letter(rights_request, letter, actor=actor, now=now), now=now)
    if tell(rights_request, token, now=now):
        letters.mark_sent(letter, actor=actor, now=now)
    return letter


def _close(rights_request: RightsRequest, context: dict[str, Any], closing: State, actor: str, now: datetime) -> None:
    """Silence never closes: a gap makes it a part answer, and the request stays open."""
    to = State.PARTLY_ANSWERED if context["gaps"] else closing
    if rights_request.state == to:
        return
    if to == State.REFUSED and rights_request.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason="answered", now=now)
    rights_request.move(to, actor=actor, reason="answered", now=now)


def _is_waiting(rights_request: RightsRequest) -> bool:
    """A part answer was sent and the same systems are still silent: there is nothing new to say."""
    tasks = list(rights_request.tasks.all())
    return rights_request.state == State.PARTLY_ANSWERED and bool(systems.gaps(tasks))


def _lock(rights_request: RightsRequest, right: Right) -> None:
    """Take the row, so that two officers do not answer the same request, and read it afresh."""
    if rights_request.right != right:
        raise WrongRight
    RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    rights_request.refresh_from_db()


def _confirmed(rights_request: RightsRequest) -> None:
    if not rights_request.case.is_confirmed:
        raise Unconfirmed


def _known(rights_request: RightsRequest) -> DataSubject:
    _confirmed(rights_request)
    if rights_request.case.subject is None:
        raise DomainError(_("We hold nothing under the confirmed address, so there is no copy to make."))
    return rights_request.case.subject


def _copy_is_made(rights_request: RightsRequest) -> None:
    """A copy that was asked for in the same case comes before the deletion."""
    waiting = rights_request.case.requests.open().filter(right=Right.ACCESS, package=None)
    if waiting.exists():
        raise AccessFirst


def _to_ready(rights_request: RightsRequest, *, reason: str, actor: str, now: datetime) -> None:
    if rights_request.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason=reason, now=now)
    if rights_request.state != State.READY:
        rights_request.move(State.READY, actor=actor, reason=reason, now=now)
