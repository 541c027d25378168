"""What else the same person or the same address has with us, for whoever works on one of their cases.

An address that was only given shows nobody, so nothing is joined because of it: it is said, and staff look.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q

from core.models import User
from requests.freeze import COPIED
from requests.models import CaseFile, Complaint, Exemption, RightsRequest
from requests.workflow import CLOSED, State
from requests.working import cases_visible_to
from subjects.models import PersonalDataItem

MOST = 10
ANSWERED = (State.PARTLY_ANSWERED, State.FULFILLED, State.PARTLY_FULFILLED, State.REFUSED)


@dataclass(frozen=True)
class Other:
    """An open case that may belong to this one, with what this user may see of it."""

    case: CaseFile
    is_same_person: bool
    requests: list[RightsRequest]
    complaints: list[Complaint]


@dataclass(frozen=True)
class Beside:
    cases: list[Other]
    # Of the person, once we know them: a request that was answered shortly before may be the same one again.
    before: list[RightsRequest]


def beside(case: CaseFile, user: User | AnonymousUser) -> Beside:
    """Other open cases of the person or the address, and closed requests of the person; nothing about nobody."""
    same = Q(subject=case.subject_id) if case.subject_id else Q()
    if case.claim_blind is not None:
        same |= Q(claim_blind=case.claim_blind)
    if not same:
        return Beside([], [])
    seen = RightsRequest.objects.visible_to(user)
    open_ones = cases_visible_to(user).filter(same, closed_at=None, is_test=case.is_test).exclude(pk=case.pk)
    found = open_ones.order_by("-received_at", "-pk").prefetch_related(
        Prefetch("requests", seen.order_by("pk"), to_attr="seen_requests"),
        Prefetch("complaints", Complaint.objects.visible_to(user).order_by("pk"), to_attr="seen_complaints"),
    )
    cases = [
        Other(
            case=one,
            is_same_person=one.subject_id is not None and one.subject_id == case.subject_id,
            requests=getattr(one, "seen_requests"),  # noqa: B009 - the type checker does not know what was fetched
            complaints=getattr(one, "seen_complaints"),  # noqa: B009
        )
        for one in found[:MOST]
    ]
    if not case.subject_id:
        return Beside(cases, [])
    ended = seen.filter(case__subject=case.subject_id, case__closed_at__isnull=False, state__in=CLOSED)
    before = ended.filter(case__is_test=case.is_test).exclude(case=case.pk).order_by("-answered_at", "-pk")
    return Beside(cases, list(before[:MOST]))


def left_out_before(rights_request: RightsRequest, user: User | AnonymousUser) -> list[Exemption]:
    """What earlier copies for the same person went without, of what we still hold and this one does not leave out.

    A hint only: whether an exemption still applies is weighed anew for each copy (DPA 2018 Sch 2).
    """
    case = rights_request.case
    if not case.subject_id or rights_request.right not in COPIED or not rights_request.is_open:
        return []
    earlier = RightsRequest.objects.visible_to(user).filter(
        case__subject=case.subject_id, case__is_test=case.is_test, right__in=COPIED, state__in=ANSWERED
    )
    made = Exemption.objects.filter(
        request__in=earlier.exclude(pk=rights_request.pk),
        approved_at__isnull=False,
        item__in=PersonalDataItem.objects.filter(subject=case.subject_id).values("uuid"),
    )
    again = rights_request.exemptions.filter(item__isnull=False).values("item")
    return list(made.exclude(item__in=again).select_related("request").defer("sealed").order_by("-request", "pk"))
