"""Whether one request repeats another one, so that nothing is lost when it closes and the other answers both."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests.models import CaseFile, Package, Right, RightsRequest
from requests.workflow import State
from subjects import restrictions
from subjects.models import Restriction

UNTOUCHED = (State.RECEIVED, State.IN_PROGRESS)
# The last: what answers others may not close for a third, or their words would be two steps away from the answer.
_WORK = (
    "corrections",
    "reviews",
    "decisions",
    "documents",
    "exemptions",
    "transfers",
    "scopes",
    "recipient_notices",
    "duplicates",
)


class NotTheSame(DomainError):
    code = "not-the-same"
    message = _("The other request is closed, or is about another right, or of somebody else. Answer each of them.")


class ForSomebodyElse(DomainError):
    code = "somebody-else-asks"
    message = _("In one of the two somebody asks for the person, so two people wait for an answer. Answer both.")


class WorkDone(DomainError):
    code = "work-done"
    message = _(
        "Work was done on this request, it answers another one, or a question to the person is open. Close the other"
        " one for it."
    )


class AnsweredBefore(DomainError):
    code = "answered-before"
    message = _(
        "The other request was answered in part, or what goes out for it was made before this one came. Make it anew"
        " there, or answer each of them."
    )


class AsksForMore(DomainError):
    code = "asks-for-more"
    message = _("This one objects to more uses of the data than the other does. Answer each of them.")


class DueEarlier(DomainError):
    code = "due-earlier"
    message = _("The other request is due later than this one, or waits for the person. Answer this one by its day.")


def check(rights_request: RightsRequest, of: RightsRequest) -> None:
    case = rights_request.case
    is_same = RightsRequest.objects.filter(same_person(case), pk=of.pk).exists()
    fits = of.is_open and of.case.is_confirmed and of.right == rights_request.right and of.case_id != case.pk
    if not (is_same and fits and of.case.is_test == case.is_test and rights_request.is_open):
        raise NotTheSame
    if any(hasattr(one, "representation") for one in (case, of.case)):
        raise ForSomebodyElse
    if _is_worked_on(rights_request):
        raise WorkDone
    if _is_older(of, rights_request):
        raise AnsweredBefore
    named, there = (set(one.result.get("objected", [])) for one in (rights_request, of))
    if rights_request.right == Right.OBJECTION and there and not (named and named <= there):
        raise AsksForMore


def _is_older(of: RightsRequest, rights_request: RightsRequest) -> bool:
    """Whether its answer would leave out what came to us between the two."""
    made = Package.objects.filter(request=of)
    if made.exists():
        return of.state == State.PARTLY_ANSWERED or made.filter(made_at__lt=rights_request.case.received_at).exists()
    return of.state not in UNTOUCHED


def _is_worked_on(rights_request: RightsRequest) -> bool:
    if rights_request.state not in UNTOUCHED or Package.objects.filter(request=rights_request).exists():
        return True
    placed = restrictions.placed_for(rights_request.uuid).exclude(ground=Restriction.Ground.OBJECTION)
    is_asked = rights_request.case.askings.in_force().filter(Q(request=rights_request) | Q(kind="identity"))
    return placed.exists() or is_asked.exists() or any(getattr(rights_request, name).exists() for name in _WORK)


def check_day(rights_request: RightsRequest, of: RightsRequest) -> None:
    if rights_request.due_on and (of.due_on is None or of.due_on > rights_request.due_on):
        raise DueEarlier


def same_person(case: CaseFile) -> Q:
    """The person, or the address that was given: nobody is known before they showed who they are."""
    same = Q(case__subject=case.subject_id) if case.subject_id else Q(pk__in=[])
    if case.claim_blind is not None and not case.by_post:
        nobody_else = Q(case__subject=None) if case.subject_id else Q()
        same |= Q(nobody_else, case__claim_blind=case.claim_blind, case__by_post=False)
    return same
