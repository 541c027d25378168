"""Refusing a whole request, with the letter that says why and where to complain (UK GDPR Art 12(4) and (5)).

Prepared by one, sent by another where two are needed. Whoever is refused because we cannot tell who they are may show
it later: their request is then taken up again, and its clock starts on that day (Art 12A(2)(b)). Whoever has not said
what they mean may still say it; the time between does not count (Art 12A(5)). A fee may still be paid, and starts the
clock on that day (Art 12A(2)(c)).
"""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from requests import asking, duplicates, freeze, identity_evidence, locks, two_people
from requests.asking import NEVER_WAIT, begin, choose, give, lock, note, text, want_approval, words_of
from requests.intake import NOT_SHOWN
from requests.letters import render
from requests.models import Asking, CaseFile, Right, RightsRequest
from requests.models_identity import Ended, Kind
from requests.stopping import hold_still
from requests.workflow import State
from subjects import blocks

NOT_ANSWERED, NOT_PAID = "not-answered", "fee-not-paid"
REASONS = {
    "unfounded": _("Your request is manifestly unfounded (Art 12(5) UK GDPR)."),
    "excessive": _("Your request is manifestly excessive (Art 12(5) UK GDPR)."),
    NOT_SHOWN: _("We could not make sure that you are the person whose data this is about (Art 12(6) UK GDPR)."),
    NOT_ANSWERED: _(
        "You have not answered our question, and without an answer we cannot tell what you ask for"
        " (Art 12A(5) UK GDPR)."
    ),
    NOT_PAID: _("The fee that we asked for has not been paid (Arts 12(5) and 12A(2)(c) UK GDPR)."),
    "not-identifiable": _("We cannot tell from what we hold which data is about you (Art 11(2) UK GDPR)."),
    "right-not-given": _("The law does not give this right for the uses of data that you named."),
    "exempt": _("An exemption in Schedule 2 to the Data Protection Act 2018 applies."),
}


class NotAsked(DomainError):
    code = "identity-not-asked"
    message = _("Ask for proof of identity first, and give the person time to answer.")


class NotQuestioned(DomainError):
    code = "question-not-asked"
    message = _("Ask what is meant first, and give the person time to answer.")


class NotCharged(DomainError):
    code = "fee-not-asked"
    message = _("Ask for the fee first, and give the person time to pay it.")


class NothingPrepared(DomainError):
    code = "nothing-prepared"
    message = _("Prepare the refusal first.")


class Overtaken(DomainError):
    code = "refusal-overtaken"
    message = _("What this refusal says is missing has come since, or was never asked for. Take the refusal back.")


@transaction.atomic
def prepare(rights_request: RightsRequest, *, reason: str, explanation: str, actor: str, now: datetime) -> Asking:
    """Write down ground and reasons. Nothing goes out yet."""
    lock(rights_request)
    choose("reason", reason, REASONS)
    explanation = text("explanation", explanation, _("Say why, as the person will read it."))
    _check(rights_request, reason)
    made = begin(rights_request, Kind.REFUSAL, reason, {"explanation": explanation}, actor=actor, now=now)
    note("refusal.prepared", made, actor=actor, now=now)
    if settings.TWO_PERSON_RELEASE and not settings.SOLE_OFFICER:
        want_approval(made, now=now)
    return made


def preview(rights_request: RightsRequest, *, now: datetime) -> str:
    """The letter as it would go out. Raises NothingPrepared."""
    return render("refusal", rights_request, _context(_prepared(rights_request)), now=now)


@transaction.atomic
def refuse(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Send the refusal and close the request. `exception`: why one person does both."""
    lock(rights_request)
    prepared = _prepared(rights_request)
    try:
        _check(rights_request, prepared.reason)
    except DomainError as error:
        raise Overtaken from error
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    give(prepared, "refusal", _context(prepared), actor=actor, now=now)
    prepared.end(Ended.DONE, now=now)
    if prepared.reason == NOT_SHOWN:
        _remember(prepared, now=now)
    rights_request.move(State.REFUSED, actor=actor, reason=prepared.reason, now=now)
    duplicates.open_unanswered(rights_request, actor=actor, now=now)
    blocks.release(rights_request.uuid, now=now, actor=actor)
    identity_evidence.destroy(prepared.case, because="request-refused", actor=actor, now=now)
    note("refusal.sent", prepared, actor=actor, now=now)
    return rights_request


@transaction.atomic
def taken_up(case: CaseFile, *, day: date, actor: str, now: datetime) -> int:
    """They replied, and have shown who they are: take up what was refused for want of that. Returns how many."""
    refused = case.requests.filter(state=State.REFUSED, askings__kind=Kind.REFUSAL, askings__reason=NOT_SHOWN)
    found = list(refused.select_related("case__rule_set", "case__subject").distinct())
    doubts = Asking.objects.in_force().filter(case=case, kind=Kind.IDENTITY) if found else []
    for doubt in doubts:
        if doubt.given_on and doubt.arrived_on is None:
            doubt.arrive(max(day, doubt.given_on))
        doubt.end(Ended.DONE, now=now)
    for one in found:
        _again(one, because="identity-shown", actor=actor, now=now)
        asking.set_clock(one, because="identity.shown", actor=actor, now=now)
    return len(found)


@transaction.atomic
def answered_after_all(
    rights_request: RightsRequest, kind: Kind = Kind.CLARIFICATION, *, actor: str, now: datetime
) -> None:
    """They answer, or pay, what it was closed for want of: go on where we left it. Does nothing for any other one."""
    locks.take(rights_request.case_id)
    rights_request.refresh_from_db()
    if may_be_answered(rights_request, kind):
        _again(rights_request, because=WANTING[kind][1], actor=actor, now=now)


# What was asked → the reason for which it is closed without, and for which it is taken up again with it.
WANTING = {Kind.CLARIFICATION: (NOT_ANSWERED, "question-answered"), Kind.FEE: (NOT_PAID, "fee-paid")}


def may_be_answered(rights_request: RightsRequest, kind: Kind = Kind.CLARIFICATION) -> bool:
    """Whether it was closed only because our question was not answered, or our fee not paid, and that stands."""
    if rights_request.state != State.REFUSED or not asking.in_force(rights_request, kind):
        return False
    last = rights_request.askings.filter(kind=Kind.REFUSAL, ended=Ended.DONE).order_by("-pk").first()
    return last is not None and last.reason == WANTING[kind][0]


def _again(rights_request: RightsRequest, *, because: str, actor: str, now: datetime) -> None:
    rights_request.move(State.IN_PROGRESS, actor=actor, reason=because, now=now)
    freeze.until_given([rights_request], rights_request.case.subject, now=now, actor=actor)
    hold_still(rights_request.case, now=now, actor=actor)


def may_come_back(rights_request: RightsRequest) -> bool:
    """Whether it was refused only because nobody could tell who asks."""
    if rights_request.state != State.REFUSED:
        return False
    return rights_request.askings.filter(kind=Kind.REFUSAL, reason=NOT_SHOWN, ended=Ended.DONE).exists()


def _check(rights_request: RightsRequest, reason: str) -> None:
    if rights_request.right == Right.WITHDRAWAL:
        raise Invalid(fields={"reason": _("A consent that was taken back is taken back. That cannot be refused.")})
    if reason == NOT_ANSWERED:
        _check_open(rights_request, Kind.CLARIFICATION, NotQuestioned)
    if reason == NOT_PAID:
        _check_open(rights_request, Kind.FEE, NotCharged)
    if reason != NOT_SHOWN:
        return
    if rights_request.right in NEVER_WAIT:
        raise asking.NeverWaits
    asked = rights_request.case.askings.filter(kind=Kind.IDENTITY, given_on__isnull=False, ended="")
    if rights_request.case.is_confirmed and not asked.exists():
        raise NotAsked


def _check_open(rights_request: RightsRequest, kind: Kind, refusal: type[DomainError]) -> None:
    found = asking.in_force(rights_request, kind)
    if found is None or found.given_on is None or found.arrived_on:
        raise refusal


def _remember(prepared: Asking, *, now: datetime) -> None:
    """The letter says what is missing, so it asks for it: what comes as a reply starts the clock."""
    if asking.in_force(prepared.request, Kind.IDENTITY):
        return
    Asking.objects.create(
        case=prepared.case,
        request=prepared.request,
        kind=Kind.IDENTITY,
        reason=NOT_SHOWN,
        proposed_by=prepared.proposed_by,
        proposed_at=now,
        given_on=asking.today(now),
    )


def _prepared(rights_request: RightsRequest) -> Asking:
    found = asking.in_force(rights_request, Kind.REFUSAL)
    if found is None:
        raise NothingPrepared
    return found


def _context(prepared: Asking) -> dict[str, Any]:
    return {"ground": str(REASONS[prepared.reason]), "explanation": words_of(prepared)["explanation"]}
