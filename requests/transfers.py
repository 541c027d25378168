"""Handing somebody's data to another controller because they told us to (UK GDPR Art 20(2)).

Nothing goes to anybody without the person's recorded instruction. Straight to an address of theirs: through the outbox,
again and again with the same id until they have it (requests/transfer_post.py). Or by a link that works once
(requests/transfer_links.py).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import outbox, vault
from core.errors import DomainError, Invalid
from core.models import Outbox, Owner
from core.network import AddressRefused, checked_url
from ledger.entries import record
from requests import exempting, two_people
from requests.models import Package, Right, RightsRequest, Transfer
from requests.sending import confirmed, lock

State, Way, Told = Transfer.State, Transfer.Way, Transfer.Told
LENGTHS = {"name": 200, "address": 500, "words": 2000}
# Why it did not work, for staff and in the letter.
ERRORS = {
    "address-refused": gettext_lazy("The address is not one on the public internet."),
    "answer-refused": gettext_lazy("They refused it."),
    "no-answer": gettext_lazy("They did not answer in a day and a half."),
    "set-changed": gettext_lazy("The set of data was made anew after it was begun."),
}


class NothingToHandOver(DomainError):
    code = "nothing-to-hand-over"
    message = gettext_lazy("There is no set of data to hand over. Make it first.")


class NotNow(DomainError):
    code = "transfer-not-now"
    message = gettext_lazy("It is on its way, or has ended already.")


@dataclass(frozen=True)
class Shown:
    """A transfer with what is sealed in it, opened for whoever may see it."""

    transfer: Transfer
    name: str
    address: str
    words: str
    receipt: dict[str, Any]
    error: str
    is_over: bool


@transaction.atomic
def instruct(
    rights_request: RightsRequest, *, name: str, address: str, words: str, told: str, actor: str, now: datetime
) -> Transfer:
    """Write down that the person told us to send their data straight to somebody. Nothing is sent by it."""
    lock(rights_request, Right.PORTABILITY)
    confirmed(rights_request)
    given = {"name": name.strip(), "address": address.strip(), "words": words.strip()}
    _check(given, told)
    made = Transfer(request=rights_request, way=Way.ADDRESS, told=told, instructed_at=now, recorded_by=actor)
    seal(made, given)
    made.save(force_insert=True)
    note("transfer.instructed", made, actor=actor, now=now, told=told)
    return made


@transaction.atomic
def start(found: Transfer, *, actor: str, now: datetime, exception: str = "") -> Transfer:
    """Send it, as the set of data stands now; returns what is on its way.

    After a failure once more, with the same id as before: they may have it already. A set that was made anew since is
    another one and gets an id of its own, or they would take it for the one they have.
    """
    rights_request = found.request
    lock(rights_request, Right.PORTABILITY)
    confirmed(rights_request)
    found = Transfer.objects.select_for_update(of=("self",)).select_related("request__case").get(pk=found.pk)
    if found.way != Way.ADDRESS or found.state not in (State.WAITING, State.FAILED):
        raise NotNow
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    sha256 = _set_of(rights_request).sha256
    if found.sha256 and found.sha256 != sha256:
        found = _anew(found, actor=actor, now=now)
    found.state, found.error, found.sha256 = State.SENDING, "", sha256
    found.finished_at = None
    found.save(update_fields=["state", "error", "sha256", "finished_at"])
    # About the transfer, so that its fate is found by its id.
    outbox.post(Outbox.Kind.TRANSFER, {"transfer": str(found.uuid)}, about=found.uuid, now=now)
    note("transfer.begun", found, actor=actor, now=now, sha256=found.sha256)
    return found


@transaction.atomic
def cancel(found: Transfer, *, actor: str, now: datetime) -> None:
    """It is not to be sent any more, or its link is to close. Of what they have already, nothing comes back."""
    found = Transfer.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if found.state in (State.DELIVERED, State.CANCELLED):
        raise NotNow
    found.state, found.finished_at = State.CANCELLED, now
    found.entry = note("transfer.cancelled", found, actor=actor, now=now)
    found.save(update_fields=["state", "finished_at", "entry"])


@transaction.atomic
def delivered(found: Transfer, receipt: dict[str, Any], *, now: datetime) -> None:
    """They have it; what they answered is kept as our receipt. The second time changes nothing."""
    found = Transfer.objects.select_for_update(of=("self",)).select_related("request__case").get(pk=found.pk)
    if found.state != State.SENDING:
        return
    key = vault.ensure_key(Owner.CASE, found.request.case.uuid)
    found.receipt = key.seal(f"receipt:{found.uuid}", json.dumps(receipt).encode())
    found.state, found.finished_at = State.DELIVERED, now
    details = {"sha256": found.sha256, "status": receipt["status"]}
    found.entry = note("transfer.delivered", found, actor="system:requests", now=now, **details)
    found.save(update_fields=["receipt", "state", "finished_at", "entry"])


@transaction.atomic
def failed(found: Transfer, error: str, *, now: datetime) -> None:
    """It will not get better by trying again: people decide what to do."""
    here = Transfer.objects.filter(pk=found.pk, state=State.SENDING)
    if here.update(state=State.FAILED, error=error, finished_at=now):
        note("transfer.failed", found, actor="system:requests", now=now, error=error)


def note_dead(*, now: datetime) -> int:
    """Those that the outbox has given up on; returns how many."""
    dead = Outbox.objects.filter(kind=Outbox.Kind.TRANSFER, dead_at__isnull=False).values("about")
    found = list(Transfer.objects.filter(state=State.SENDING, uuid__in=dead).select_related("request__case"))
    for one in found:
        failed(one, "no-answer", now=now)
    return len(found)


def under_way(rights_request: RightsRequest) -> QuerySet[Transfer]:
    """Those to an address that have not ended: an answer names them as still open."""
    return rights_request.transfers.filter(way=Way.ADDRESS, state__in=[State.WAITING, State.SENDING])


def for_letter(rights_request: RightsRequest) -> list[dict[str, str]]:
    """What the letter says about each of them; `gap` is filled where it is not over."""
    found = [one for one in shown(rights_request) if one.transfer.way == Way.ADDRESS]
    return [_in_letter(one) for one in found if one.transfer.state != State.CANCELLED]


def shown(rights_request: RightsRequest, *, now: datetime | None = None) -> list[Shown]:
    """Every transfer of the request, opened. The caller has looked who may see it."""
    return [_open(one, now) for one in rights_request.transfers.select_related("request__case").order_by("pk")]


def details_of(found: Transfer) -> dict[str, str]:
    """Name, address and instruction."""
    if found.sealed is None:
        raise vault.Unreadable
    key = vault.key_of(Owner.CASE, found.request.case.uuid)
    opened: dict[str, str] = json.loads(key.open(f"transfer:{found.uuid}", bytes(found.sealed)))
    return opened


def _open(found: Transfer, now: datetime | None) -> Shown:
    given, receipt = details_of(found), {}
    if found.receipt is not None:
        key = vault.key_of(Owner.CASE, found.request.case.uuid)
        receipt = json.loads(key.open(f"receipt:{found.uuid}", bytes(found.receipt)))
    is_over = bool(now and found.expires_at and found.state == State.WAITING and found.expires_at <= now)
    error = str(ERRORS.get(found.error, found.error))
    return Shown(found, given["name"], given["address"], given["words"], receipt, error, is_over)


def _in_letter(one: Shown) -> dict[str, str]:
    match State(one.transfer.state):
        case State.DELIVERED:
            return {"name": one.name, "sentence": _("They confirmed that they have it."), "gap": ""}
        case State.FAILED:
            return {"name": one.name, "sentence": "", "gap": _("It could not be sent: %(why)s") % {"why": one.error}}
        case State.WAITING:
            return {"name": one.name, "sentence": "", "gap": _("We have not sent it to them yet.")}
    return {"name": one.name, "sentence": "", "gap": _("It is on its way to them and has not been confirmed yet.")}


def _anew(old: Transfer, *, actor: str, now: datetime) -> Transfer:
    """The same instruction, for another set of data. The one before is not to be sent any more."""
    details = details_of(old)
    cancel(old, actor=actor, now=now)
    told = {"told": old.told, "instructed_at": old.instructed_at, "recorded_by": old.recorded_by}
    made = Transfer(request=old.request, way=old.way, **told)
    seal(made, details)
    made.save(force_insert=True)
    note("transfer.instructed", made, actor=actor, now=now, told=made.told, instead_of=str(old.uuid))
    return made


def _set_of(rights_request: RightsRequest) -> Package:
    made = Package.objects.kept().filter(request=rights_request).first()
    if made is None or "purposes" not in rights_request.result:
        raise NothingToHandOver
    exempting.fresh(rights_request, made)
    return made


def _check(given: dict[str, str], told: str) -> None:
    check_lengths(given)
    if told not in Told.values or told == Told.PAGE:
        raise Invalid(fields={"told": gettext_lazy("Say how the person told us.")})
    if not given["words"]:
        raise Invalid(fields={"words": gettext_lazy("Write down what the person told us, in their words.")})
    try:
        checked_url(given["address"])
    except AddressRefused as error:
        raise Invalid(fields={"address": error.message}) from error


def check_lengths(given: dict[str, str]) -> None:
    for field, longest in LENGTHS.items():
        if len(given[field]) > longest or "\x00" in given[field]:
            raise Invalid(fields={field: gettext_lazy("This is too long or not text.")})
    if not given["name"]:
        raise Invalid(fields={"name": gettext_lazy("Enter the name of the company or organisation")})


def seal(made: Transfer, given: dict[str, str]) -> None:
    key = vault.ensure_key(Owner.CASE, made.request.case.uuid)
    made.sealed = key.seal(f"transfer:{made.uuid}", json.dumps(given).encode())


def note(kind: str, found: Transfer, *, actor: str, now: datetime, **data: str | int) -> UUID:
    subject = found.request.case.subject
    return record(
        kind=kind,
        at=now,
        actor=actor,
        subject=subject.uuid if subject else None,
        object=found.request.uuid,
        data={"transfer": str(found.uuid), "way": found.way, **data},
        test=found.request.case.is_test,
    )
