"""What we ask of a person, or tell them, that moves the due date: recorded with its reason, given, answered, undone.

Each counts from the day its letter was given, and stops counting when that letter comes back (UK GDPR Art 12A(2), (4)
and (5)). So the facts of a clock are read from these rows every time one changes, and the clock is computed anew.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.query import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Controller, Owner
from core.vault import ensure_key, key_of
from ledger.entries import record
from requests import deadlines, letters, locks, posting
from requests.clock import Clock
from requests.facts import Facts
from requests.messages import tell_staff
from requests.models import Asking, Letter, Right, RightsRequest
from requests.models_identity import Ended, Kind

WORDS = 4000
# A "no" takes effect when it is said, whoever says it (Arts 7(3) and 21(3)); a message has no right of its own yet.
NEVER_WAIT = {Right.OBJECTION, Right.WITHDRAWAL, Right.GENERAL}
# These say that something did not count, so the clock does not know them.
_VOID = (Ended.TAKEN_BACK, Ended.NOT_GIVEN)


class AlreadyAsked(DomainError):
    code = "already-asked"
    message = _("This is open already. Record the answer, or take it back first.")


class NothingAsked(DomainError):
    code = "nothing-asked"
    message = _("Nothing of the kind is open.")


class NeverWaits(DomainError):
    code = "never-waits"
    message = _("An objection or a withdrawal takes effect at once, whoever makes it. It waits for nothing.")


class RequestClosed(DomainError):
    code = "request-closed"
    message = _("This request has been answered. Take it up again first.")


class NotGivenYet(DomainError):
    code = "letter-not-given"
    message = _("The letter has not been given yet: post it, and record the day, or send it again.")


def lock(rights_request: RightsRequest) -> None:
    """Take the case, so that two acts on its clocks wait for each other, and read the request afresh."""
    locks.take(rights_request.case_id)
    rights_request.refresh_from_db()
    if not rights_request.is_open:
        raise RequestClosed


def in_force(rights_request: RightsRequest, kind: Kind) -> Asking | None:
    """What is open of this kind. A doubt about who asks is one for the whole case."""
    return next(iter(_in_force(rights_request).filter(kind=kind)), None)


def each_in_force(rights_request: RightsRequest) -> dict[Kind, Asking]:
    """The same of every kind of which something is open."""
    return {Kind(one.kind): one for one in _in_force(rights_request).reverse()}


def _in_force(rights_request: RightsRequest) -> QuerySet[Asking]:
    found = Asking.objects.in_force().filter(Q(kind=Kind.IDENTITY) | Q(request=rights_request))
    in_order = found.filter(case=rights_request.case_id).order_by("pk")
    return in_order.select_related("request", "letter", "case", "reminder")


def need(rights_request: RightsRequest, kind: Kind) -> Asking:
    """What is open of this kind, and its letter given. Raises NothingAsked or NotGivenYet."""
    found = in_force(rights_request, kind)
    if found is None:
        raise NothingAsked
    if found.given_on is None:
        raise NotGivenYet
    return found


def begin(
    rights_request: RightsRequest,
    kind: Kind,
    reason: str,
    words: Mapping[str, Any],
    *,
    is_late: bool = False,
    actor: str,
    now: datetime,
) -> Asking:
    """Write down what is asked and why. It counts for nothing until its letter is given. Raises AlreadyAsked."""
    if in_force(rights_request, kind):
        raise AlreadyAsked
    made = Asking(case=rights_request.case, request=rights_request, kind=kind, reason=reason, is_late=is_late)
    made.proposed_by, made.proposed_at = actor, now
    made.sealed = ensure_key(Owner.CASE, rights_request.case.uuid).seal(_field("asking", made), _dump(words))
    made.save(force_insert=True)
    return made


def give(asking: Asking, letter_kind: str, context: Mapping[str, Any], *, actor: str, now: datetime) -> Letter:
    """Write its letter and send it. Without an address of theirs it counts from the day it is posted."""
    letter = letters.write(letter_kind, asking.request, context, now=now)
    asking.letter = letter
    asking.save(update_fields=["letter"])
    posting.send(letter, actor=actor, now=now)
    asking.refresh_from_db()
    return letter


def letter_changed(letter: Letter, *, actor: str, now: datetime) -> None:
    """Its letter was given, or came back: count from that day, or not at all. Called for every letter."""
    asking = Asking.objects.in_force().select_related("request", "case").filter(letter=letter).first()
    if asking is None:
        return
    day = letter.given_on if letter.is_given else None
    if asking.given_on == day:
        return
    if asking.arrived_on is None:
        asking.give(day)
    count(asking, because=f"{Kind(asking.kind).value}.{'given' if day else 'came-back'}", actor=actor, now=now)


def count(asking: Asking, *, because: str, actor: str, now: datetime) -> None:
    """Compute anew every clock that this concerns."""
    for one in concerned(asking):
        set_clock(one, because=because, actor=actor, now=now)
        if one.pk == asking.request_id:
            asking.request.refresh_from_db()


def concerned(asking: Asking) -> Iterable[RightsRequest]:
    if asking.kind != Kind.IDENTITY:
        return [asking.request]
    return asking.case.requests.exclude(right__in=NEVER_WAIT).select_related("case__rule_set").order_by("pk")


def set_clock(rights_request: RightsRequest, *, because: str, actor: str, now: datetime) -> Clock:
    """Store the clock that the rows make, with evidence of what moved it. An extension that came too late is void."""
    before, facts = rights_request.due_on, facts_of(rights_request)
    try:
        clock = deadlines.store(rights_request, facts)
    except Invalid as error:
        if "extended_on" not in error.fields:
            raise
        for late in rights_request.askings.in_force().filter(kind=Kind.EXTENSION):
            late.end(Ended.NOT_GIVEN, now=now)
        clock = deadlines.store(rights_request, replace(facts, extended_on=None))
    record(
        kind="request.clock-set",
        at=now,
        actor=actor,
        object=rights_request.uuid,
        data={"because": because, "status": clock.status, "from": _iso(before), "to": _iso(clock.due)},
        test=rights_request.case.is_test,
    )
    return clock


def facts_of(rights_request: RightsRequest) -> Facts:
    """The facts as the rows have them. What was taken over from elsewhere, and has no row, stays as it is."""
    facts = Facts.from_json(rights_request.facts)
    rows = list(Asking.objects.filter(case=rights_request.case_id).order_by("given_on", "pk"))
    for kind, read in _READ.items():
        is_wide = kind == Kind.IDENTITY and rights_request.right not in NEVER_WAIT
        of_kind = [row for row in rows if row.kind == kind and (is_wide or row.request_id == rights_request.pk)]
        if of_kind:
            facts = replace(facts, **read([row for row in of_kind if row.given_on and row.ended not in _VOID]))
    return facts


@transaction.atomic
def take_back(rights_request: RightsRequest, kind: Kind, *, actor: str, now: datetime) -> None:
    """As if it had never been asked: the date goes back to what it was without it."""
    lock(rights_request)
    found = in_force(rights_request, kind)
    if found is None:
        raise NothingAsked
    found.end(Ended.TAKEN_BACK, now=now)
    note(f"{kind.value}.taken-back", found, actor=actor, now=now)
    count(found, because=f"{kind.value}.taken-back", actor=actor, now=now)


def arrive(asking: Asking, day: date, *, now: datetime) -> None:
    """What was asked for arrived on that day. Raises Invalid for a day before it was asked, or that is yet to come."""
    if asking.given_on is None:
        raise NotGivenYet
    if not asking.given_on <= day <= today(now):
        raise Invalid(fields={"day": _("Give a day from the one on which it was asked until today.")})
    asking.arrive(day)


def note(kind: str, asking: Asking, *, actor: str, now: datetime, **data: Any) -> None:
    """Evidence of an act: which and why, never the words."""
    record(
        kind=kind,
        at=now,
        actor=actor,
        object=asking.request.uuid,
        data={"asking": asking.uuid, "reason": asking.reason, **data},
        test=asking.case.is_test,
    )


def want_approval(asking: Asking, *, now: datetime) -> None:
    """Tell the staff that it waits for a second person."""
    page = reverse("admin:rights-request", args=[asking.request.uuid])
    tell_staff("approval_wanted", asking.request.reference, page, asking.case, now=now)


def words_of(asking: Asking) -> dict[str, Any]:
    """What was written in it; nothing once it was forgotten."""
    if asking.sealed is None:
        return {}
    opened: dict[str, Any] = json.loads(
        key_of(Owner.CASE, asking.case.uuid).open(_field("asking", asking), bytes(asking.sealed))
    )
    return opened


def keep_answer(asking: Asking, answer: Mapping[str, Any]) -> None:
    asking.answer = ensure_key(Owner.CASE, asking.case.uuid).seal(_field("answer", asking), _dump(answer))
    asking.save(update_fields=["answer"])


def answer_of(asking: Asking) -> dict[str, Any]:
    """What the person answered; nothing without an answer."""
    if asking.answer is None:
        return {}
    opened: dict[str, Any] = json.loads(
        key_of(Owner.CASE, asking.case.uuid).open(_field("answer", asking), bytes(asking.answer))
    )
    return opened


def text(field: str, given: str, message: Text, *, optional: bool = False) -> str:
    """Somebody's words, or Invalid with this message at the field."""
    given = given.strip()
    if (not given and not optional) or len(given) > WORDS or "\x00" in given:
        raise Invalid(fields={field: message})
    return given


def choose(field: str, given: str, choices: Iterable[str]) -> str:
    if given not in choices:
        raise Invalid(fields={field: _("Choose a reason from the list.")})
    return given


def today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _identity(rows: list[Asking]) -> dict[str, Any]:
    """The last one governs: what is asked again is received when the later proof comes (Art 12A(2)(b))."""
    last = rows[-1] if rows else None
    return {"id_asked": last and last.given_on, "id_received": last and last.arrived_on}


def _fee(rows: list[Asking]) -> dict[str, Any]:
    last = rows[-1] if rows else None
    return {"fee_charged": last and last.given_on, "fee_paid": last and last.arrived_on}


def _clarifications(rows: list[Asking]) -> dict[str, Any]:
    return {"clarifications": tuple((row.given_on, row.arrived_on) for row in rows)}


def _extension(rows: list[Asking]) -> dict[str, Any]:
    return {"extended_on": rows[-1].given_on if rows else None}


def _exam(rows: list[Asking]) -> dict[str, Any]:
    return {"exam_results": rows[-1].given_on if rows else None}


_READ: dict[str, Callable[[list[Asking]], dict[str, Any]]] = {
    Kind.IDENTITY: _identity,
    Kind.FEE: _fee,
    Kind.CLARIFICATION: _clarifications,
    Kind.EXTENSION: _extension,
    Kind.EXAM: _exam,
}


def _field(name: str, asking: Asking) -> str:
    return f"{name}:{asking.uuid}"


def _dump(words: Mapping[str, Any]) -> bytes:
    return json.dumps(words).encode()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


posting.on_change(letter_changed)
