"""Objecting (UK GDPR Art 21). Direct marketing ends when it is said; the rest is weighed, purpose by purpose.

While it is weighed, what it is about is restricted, once we know whose objection it is (requests/stopping.py). Upheld,
the use ends for this person and its assessment is opened for review. Not upheld, the restriction ends once the person
has our reasons (Art 18(3)).
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import assessments
from consents.withdraw import ALL_MARKETING, object_to, withdraw
from core.errors import DomainError, NotFound
from core.models import Controller
from processing.models import Basis
from requests import exempting, letters, posting, report, restricted_use, systems, two_people, withdrawing
from requests.decisions import Line, lines
from requests.exemptions import EXEMPTIONS
from requests.intake import claim_of
from requests.models import Right, RightsRequest
from requests.sending import close, confirmed, is_waiting, lock, nothing_found, send, to_ready
from requests.stopping import OBJECTABLE, claims_of, hold_still, stop_at_once
from requests.stopping import in_words as stopped_in_words
from requests.untold import is_stranger
from requests.workflow import CLOSED, State
from subjects import relationships, restrictions
from subjects.models import DataSubject, Restriction
from subjects.models_limits import LawfulUse

KIND, MARKETING_KIND = "objection_answer", "marketing_stopped"
# These say that there was nothing to weigh: another right serves, or none does.
NOT_FOR = {"right-not-for-this-basis", "withdraw-instead"}


class Unweighed(DomainError):
    code = "unweighed"
    message = _("Weigh every purpose first: does the objection end it, or do compelling reasons outweigh it?")


class NothingToStop(DomainError):
    code = "nothing-to-stop"
    message = _("The case names no address and no number, and belongs to nobody yet. Say whose it is first.")


@transaction.atomic
def only_marketing(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """Staff have read it: nothing but marketing was meant. It has been stopped, so the request is answered."""
    lock(rights_request, Right.OBJECTION)
    if not rights_request.is_open:
        return
    two_people.check(rights_request, actor=actor, reason="", now=now)
    if ALL_MARKETING not in rights_request.result.get("stopped", []):
        who = rights_request.case.subject or claims_of(claim_of(rights_request.case))
        if not who:
            raise NothingToStop
        stop_at_once([rights_request], who, [ALL_MARKETING], now=now, actor=actor)
    withdrawing.settle(rights_request, MARKETING_KIND, actor=actor, now=now)


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The answer as it would go out now. Raises what stands in its way; changes nothing."""
    confirmed(rights_request)
    is_weighed = "upheld" in rights_request.result
    if not is_weighed and is_stranger(rights_request):
        return "nothing_found", report.of_nothing(rights_request)
    if not is_weighed and not all(line.is_decided for line in lines(rights_request, now=now)):
        raise Unweighed
    exempting.ready(rights_request)
    stopped = stopped_in_words(rights_request.result.get("stopped", []))
    found = report.of_objection(rights_request, stopped=stopped, not_for=NOT_FOR)
    # Where there was nothing else, to say that the right does not reach so far is a refusal.
    if not (found["upheld"] or found["stopped"] or found["not_upheld"]):
        found |= {"not_upheld": found["not_for"], "not_for": []}
    return KIND, found


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Carry out what was weighed, and send the answer. Releasing what has been released changes nothing."""
    lock(rights_request, Right.OBJECTION)
    if not rights_request.is_open or is_waiting(rights_request):
        return rights_request
    kind, context = draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if kind == "nothing_found":
        return nothing_found(rights_request, actor=actor, now=now)
    if "upheld" not in rights_request.result:
        _stop(rights_request, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=len(rights_request.result["upheld"]), actor=actor, now=now)
    to_ready(rights_request, reason="weighed", actor=actor, now=now)
    send(rights_request, kind, context, None, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def held(rights_request: RightsRequest) -> list[Restriction]:
    """What is restricted because of this objection."""
    rows = Restriction.objects.filter(placed_for=rights_request.uuid, ground=Restriction.Ground.OBJECTION)
    return list(rows.filter(lifted_at=None).select_related("purpose", "subject").order_by("purpose__slug"))


def lift_answered(*, now: datetime) -> int:
    """End the restrictions of objections that are over, once the person has our letter (Art 18(3)); returns how many.

    Somebody who took the objection back needs no letter: they said so.
    """
    waiting = Restriction.objects.filter(ground=Restriction.Ground.OBJECTION, lifted_at=None, placed_for__isnull=False)
    over = RightsRequest.objects.filter(uuid__in=waiting.values("placed_for"), state__in=CLOSED)
    return sum(_lift(one, now=now) for one in over.order_by("pk"))


@transaction.atomic
def _lift(rights_request: RightsRequest, *, now: datetime) -> int:
    RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    rights_request.refresh_from_db()
    is_back = rights_request.state == State.WITHDRAWN
    if rights_request.is_open or not (is_back or posting.has_left(letters.latest(rights_request))):
        return 0
    found = held(rights_request)
    for restriction in found:
        restrictions.lift(restriction, now=now, actor="system:requests")
    # What an exemption lets through of another purpose, whose objection was upheld, goes on.
    purposes = {one.purpose_id for one in found if one.purpose_id}
    restricted_use.end_all(rights_request, purposes=purposes, now=now, actor="system:requests")
    return len(found)


def _stop(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """End each purpose that was upheld for this person, and have its assessment looked at again."""
    subject = rights_request.case.subject
    assert subject is not None  # noqa: S101 - narrows the type; the draft has looked
    # Something may have been recorded since the restriction began.
    hold_still(rights_request.case, now=now, actor=actor)
    exempting.note_untouched(rights_request)
    upheld = exempting.reached(rights_request, (line for line in lines(rights_request, now=now) if line.is_granted))
    ended = {line.purpose.pk for line in upheld}
    for restriction in held(rights_request):
        # The objection itself stands in its place from now on.
        if restriction.purpose_id in ended:
            restrictions.lift(restriction, now=now, actor=actor)
    restricted_use.end_all(rights_request, purposes=ended, now=now, actor=actor)
    partly = exempting.counts(rights_request)
    for line in upheld:
        _end(subject, line, actor=actor, now=now)
        if line.purpose.slug in partly:
            _let_through(rights_request, subject, line, actor=actor, now=now)
        if line.version.basis == Basis.LEGITIMATE_INTEREST:
            assessments.require_review(line.purpose, caused_by=rights_request.uuid, actor=actor, now=now)
    rights_request.result = {
        **rights_request.result,
        "upheld": sorted(line.purpose.slug for line in upheld),
        "asked_of": systems.asked_of(upheld, partly=partly),
    }
    rights_request.save(update_fields=["result"])


def _let_through(rights_request: RightsRequest, subject: DataSubject, line: Line, *, actor: str, now: datetime) -> None:
    """What an exemption covers goes on, and nothing else (DPA 2018 Sch 2; Art 21(1) alone).

    The purpose has ended; what it holds, and what may still come, is stored and not used for it. The records that are
    spared are a use by its number, until it is looked at again.
    """
    ground, purpose = Restriction.Ground.OBJECTED, line.purpose
    by: dict[str, Any] = {"actor": actor, "now": now}
    restrictions.restrict(subject, ground=ground, purpose=purpose, placed_for=rights_request.uuid, **by)
    today = now.astimezone(Controller.current().zone).date()
    for code, items in exempting.by_code(rights_request, purpose).items():
        restricted_use.allow(
            rights_request,
            purpose=purpose.slug,
            ground=LawfulUse.CLAIMS if code == "legal-proceedings" else LawfulUse.PUBLIC_INTEREST,
            what=str(_("These records are used as before: an exemption keeps them out of the objection.")),
            evidence=f"{EXEMPTIONS[code].label} ({EXEMPTIONS[code].article})",
            until=today + restricted_use.LONGEST,
            items=items,
            **by,
        )


def _end(subject: DataSubject, line: Line, *, actor: str, now: datetime) -> None:
    slugs = [line.purpose.slug]
    if line.version.basis in OBJECTABLE:
        object_to(subject, purposes=slugs, now=now, actor=actor)
    else:
        withdraw(subject, purposes=slugs, now=now, actor=actor, collected_by="staff")
    today = now.astimezone(Controller.current().zone).date()
    try:
        relationships.end(subject, line.purpose, what="ended_on", on=today, now=now, actor=actor)
    except NotFound:
        # Data alone, or a choice: no relationship was recorded that could end.
        return
