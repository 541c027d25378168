"""The queue with its filters, and the views that a user keeps of it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.models import User
from office import filters
from office.filters import Filters
from office.frame import page
from requests import complaint_lists, queue
from requests.models import Right
from requests.office import READ, for_staff, today
from requests.workflow import CLOSED, OPEN


@require_GET
@for_staff(READ)
def show(request: HttpRequest) -> HttpResponse:
    """What is open, by due date, or closed, the newest first, as far as the filters let through."""
    user = _user(request)
    chosen = Filters.read(request.GET)
    where = chosen.where(user, today(timezone.now()))
    listed = queue.closed_requests if chosen.is_closed else queue.open_requests
    found = listed(user, after=request.GET.get("after", ""), where=where)
    context = {
        "title": _("Requests"),
        "queue": found,
        "chosen": chosen,
        "rights": Right.choices,
        "open_states": [(state.value, state.label) for state in OPEN],
        "closed_states": [(state.value, state.label) for state in CLOSED],
        "within": [str(days) for days in filters.WITHIN],
        "owners": User.objects.filter(is_active=True, is_staff=True).order_by("username")[:100],
        "complaints": complaint_lists.due_first(user) if not chosen.chosen else [],
        "views": user.saved_views.order_by("name"),
        "may_see_all": user.has_perm("requests.view_every_rightsrequest"),
    }
    return page(request, "queue", context)


@require_POST
@for_staff(READ)
def save(request: HttpRequest) -> HttpResponse:
    chosen = Filters.read(request.POST)
    try:
        filters.save(_user(request), request.POST.get("name", ""), chosen)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The view is saved. Only you see it."))
    return _back(chosen)


@require_POST
@for_staff(READ)
def forget(request: HttpRequest, uuid: UUID) -> HttpResponse:
    removed, _rows = _user(request).saved_views.filter(uuid=uuid).delete()
    if not removed:
        raise Http404
    messages.success(request, _("The view is removed."))
    return _back(Filters())


def _back(chosen: Filters) -> HttpResponse:
    where = reverse("admin:rights-queue")
    return redirect(f"{where}?{chosen.query}" if chosen.chosen else where)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - admin_view lets nobody else through
    return request.user
