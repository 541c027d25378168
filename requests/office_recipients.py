"""Recording who else was told of a correction, erasure or restriction, and what they answered (Art 19)."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import NotFound
from requests import recipients, ways
from requests.models import RightsRequest
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def told(request: HttpRequest, uuid: UUID, slug: str) -> HttpResponse:
    found, channel, now = get(request, uuid), request.POST.get("channel", ""), timezone.now()
    line = _one_of(request, found, slug)
    return act(
        request,
        found,
        _("Recorded."),
        lambda: recipients.record_told(found, line.recipient, line.action, channel, actor=actor_of(request), now=now),
    )


@require_POST
@for_staff(WRITE)
def impossible(request: HttpRequest, uuid: UUID, slug: str) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    line = _one_of(request, found, slug)
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    return act(
        request,
        found,
        _("Recorded. The letter says why."),
        lambda: recipients.record_impossible(
            found, line.recipient, line.action, reason, note, actor=actor_of(request), now=now
        ),
    )


@require_POST
@for_staff(WRITE)
def replied(request: HttpRequest, uuid: UUID, slug: str) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    line = _one_of(request, found, slug)
    return act(
        request,
        found,
        _("Recorded."),
        lambda: recipients.record_reply(found, line.recipient, line.action, actor=actor_of(request), now=now),
    )


def _one_of(request: HttpRequest, rights_request: RightsRequest, slug: str) -> recipients.Line:
    try:
        return ways.other(rights_request, slug, request.POST.get("action", ""), now=timezone.now())
    except NotFound as error:
        raise Http404 from error


def paths(here: str) -> list[URLPattern]:
    return [
        path(f"{here}recipients/<slug:slug>/told/", told, name="rights-recipient-told"),
        path(f"{here}recipients/<slug:slug>/impossible/", impossible, name="rights-recipient-impossible"),
        path(f"{here}recipients/<slug:slug>/replied/", replied, name="rights-recipient-replied"),
    ]
