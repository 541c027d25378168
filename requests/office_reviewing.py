"""Which decision of a computer is meant, and what a person decides about it (Arts 22A to 22D)."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import reviewing
from requests.models import DecisionReview, RightsRequest
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def begin(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, data = get(request, uuid), timezone.now(), request.POST
    return act(
        request,
        found,
        _("Recorded. Now a person looks at the decision again."),
        lambda: reviewing.begin(
            found,
            system=data.get("system", ""),
            asked=data.getlist("asked"),
            decision=data.get("decision", ""),
            said=data.get("said", ""),
            actor=actor_of(request),
            now=now,
        ),
    )


@require_POST
@for_staff(WRITE)
def conclude(request: HttpRequest, uuid: UUID, review: UUID) -> HttpResponse:
    found, now, data = get(request, uuid), timezone.now(), request.POST
    row, outcome, reasons = _of(found, review), data.get("outcome", ""), data.get("reasons", "")
    meant, actor = data.getlist("meant"), actor_of(request)
    return act(
        request,
        found,
        _("The review is recorded."),
        lambda: reviewing.conclude(row, outcome, reasons=reasons, meant=meant, actor=actor, now=now),
    )


@require_POST
@for_staff(WRITE)
def drop(request: HttpRequest, uuid: UUID, review: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    row = _of(found, review)
    return act(request, found, _("Taken back."), lambda: reviewing.drop(row, actor=actor_of(request), now=now))


def _of(rights_request: RightsRequest, uuid: UUID) -> DecisionReview:
    row = rights_request.reviews.select_related("system__purpose", "request__case").filter(uuid=uuid).first()
    if row is None:
        raise Http404
    return row


def paths(here: str) -> list[URLPattern]:
    return [
        path(f"{here}reviews/", begin, name="rights-review-begin"),
        path(f"{here}reviews/<uuid:review>/", conclude, name="rights-review-conclude"),
        path(f"{here}reviews/<uuid:review>/drop/", drop, name="rights-review-drop"),
    ]
