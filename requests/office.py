"""The office: the pages on which staff work requests. They live in the admin site and ask it who may enter."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import desk
from core.desk import actor_of as actor_of
from core.desk import for_staff as for_staff
from core.errors import DomainError
from core.models import Controller, User
from core.refilled import refilled
from requests import assigning, beside, casework, clock_panel, duplicates, finding, identity, reviewing, two_people
from requests.models import Right, RightsRequest
from requests.searching import logs

READ = "requests.view_rightsrequest"
WRITE = "requests.change_rightsrequest"
RELEASE = "requests.release_rightsrequest"


def may_release(request: HttpRequest) -> bool:
    """Whoever releases for others; and whoever works, where one pair of eyes is enough."""
    alone = request.user.has_perm(WRITE) and not settings.TWO_PERSON_RELEASE
    return alone or request.user.has_perm(RELEASE)


def get(request: HttpRequest, uuid: UUID) -> RightsRequest:
    """The request, as far as this user may know of it."""
    visible = RightsRequest.objects.visible_to(request.user)
    found = visible.select_related("case__subject", "case__rule_set", "case__owner").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def chosen(uuid: str) -> User | None:
    """The account with this id; nobody when none is given."""
    if not uuid:
        return None
    try:
        return User.objects.get(uuid=UUID(uuid))
    except (ValueError, User.DoesNotExist) as error:
        raise Http404 from error


def act(
    request: HttpRequest,
    rights_request: RightsRequest,
    done: str,
    func: Callable[[], object],
    *,
    show_again: Callable[[], HttpResponse] | None = None,
) -> HttpResponse:
    """Do it, say that it was done or why not, and show the page again.

    A form that was refused holds what was typed into it. It is on the page of the request, or of `show_again`.
    """

    def shown() -> HttpResponse:
        return show_request(request, rights_request)

    return attempt(
        request, done, func, reverse("admin:rights-request", args=[rights_request.uuid]), show_again or shown
    )


def attempt(
    request: HttpRequest, done: str, func: Callable[[], object], page: str, show_again: Callable[[], HttpResponse]
) -> HttpResponse:
    """Do it and go to that page; or show again the page with the form, as it was filled in, and say why not."""
    try:
        func()
    except DomainError as error:
        kept = refilled(show_again(), request, error.sentence)
        if kept:
            return kept
        messages.error(request, error.sentence)
    else:
        messages.success(request, done)
    return redirect(page)


def in_place(
    request: HttpRequest, done: str, func: Callable[[], object], show: Callable[..., HttpResponse]
) -> HttpResponse:
    """The same on a page that a POST opens, to which nobody can be sent: it is shown again, and says how it went."""
    try:
        func()
    except DomainError as error:
        return refilled(show(), request, error.sentence) or show(refusal=error.sentence)
    return show(done=done)


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page in the frame of the admin site: a template of this app's office, or of another app by its path."""
    return desk.page(request, template if "/" in template else f"requests/office/{template}.html", context)


def today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


@require_POST
@for_staff(READ)
def find(request: HttpRequest) -> HttpResponse:
    """Search by reference. A POST, so that no search stands in a URL or a log."""
    found = finding.by_reference(request.POST.get("reference", ""), request.user)
    if found:
        return redirect(found.page)
    messages.warning(request, _("No request or complaint has this reference."))
    return redirect("admin:rights-queue")


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One request, with the person masked."""
    return show_request(request, get(request, uuid))


@require_POST
@for_staff(READ)
def reveal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same page with what the person wrote. Looking is an event."""
    rights_request = get(request, uuid)
    claim = casework.view(rights_request, purpose="claim", actor=actor_of(request), now=timezone.now())
    words = {"searches": logs(rights_request), "reviews": reviewing.lines(rights_request, is_shown=True)}
    return show_request(request, rights_request, claim=claim, **words)


def _exceptions(request: HttpRequest, rights_request: RightsRequest) -> dict[str, Any]:
    """Why this person may send data to somebody else alone, where they may only say why."""
    is_asked = rights_request.right == Right.PORTABILITY
    return two_people.REASONS if is_asked and two_people.needs_reason(rights_request, actor=actor_of(request)) else {}


def show_request(request: HttpRequest, rights_request: RightsRequest, **extra: Any) -> HttpResponse:
    now = timezone.now()
    context = {
        "title": rights_request.reference,
        "today": today(now),
        "may_write": request.user.has_perm(WRITE),
        "may_release": may_release(request),
        "owner": rights_request.case.owner,
        "may_assign": request.user.has_perm(assigning.ASSIGN),
        "workers": assigning.workers() if request.user.has_perm(assigning.ASSIGN) else [],
        "work": casework.gather(rights_request, now=now),
        "beside": beside.beside(rights_request.case, request.user),
        "left_out_before": beside.left_out_before(rights_request, request.user),
        "twice": duplicates.shown(rights_request, request.user),
        "rights_request": rights_request,
        "exceptions": _exceptions(request, rights_request),
        "ways_to_show_identity": identity.Shown.choices,
        "kinds_of_identity": identity.KINDS,
        "acts": clock_panel.panel(rights_request, now=now),
        **extra,
    }
    return page(request, "request", context)
