"""Staff entry of what came on any channel, and what shows that somebody may act for the person."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.models import User
from requests import entering, office, representing
from requests.entering_forms import NEW, AuthorityForm, EntryForm
from requests.models import CaseFile
from requests.office import WRITE, act, actor_of, for_staff, get
from requests.office_forms import refuse

ADD = "requests.add_rightsrequest"


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ADD)
def enter(request: HttpRequest) -> HttpResponse:
    """Write down what came. An open case of the same address is offered before a second one is made."""
    now = timezone.now()
    form = EntryForm(request.POST or None, initial={"token": uuid4(), "received_on": office.today(now)})
    if request.method == "POST":
        offered = _offered(request)
        if offered:
            form.offer(offered)
        if form.is_valid() and (case := _entered(request, form, offered)):
            messages.success(request, _("It is in, and its time is running."))
            name, uuid = entering.page_of(case)
            return redirect(name, uuid)
    return office.page(request, "enter", {"title": _("New request or complaint"), "form": form})


def _offered(request: HttpRequest) -> list[CaseFile]:
    """Open cases of the same address; none once the form was sent before."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type; the site lets nobody else through
    token = request.POST.get("token", "")
    same = entering.open_cases_of(request.POST.get("email", "").strip(), request.user)
    return [] if any(str(case.uuid) == token for case in same) else same


def _entered(request: HttpRequest, form: EntryForm, offered: list[CaseFile]) -> CaseFile | None:
    actor, now = actor_of(request), timezone.now()
    into = form.cleaned_data.get("into", NEW)
    try:
        if into != NEW:
            case = next(case for case in offered if str(case.uuid) == into)
            return entering.enter_into(case, form.entry, actor=actor, now=now)
        return entering.enter(form.entry, case_uuid=form.cleaned_data["token"], actor=actor, now=now)
    except DomainError as error:
        refuse(form, error, {"requester": "name"})
        return None


@require_POST
@for_staff(WRITE)
def authority(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Record what shows that a representative may act."""
    found, now = get(request, uuid), timezone.now()
    given = {name: request.POST.get(name, "") for name in AuthorityForm.base_fields}
    return act(
        request,
        found,
        _("Recorded."),
        lambda: representing.show(found.case, **given, actor=actor_of(request), now=now),
    )


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("rights/new/", enter, name="case-add"),
        path("rights/<uuid:uuid>/authority/", authority, name="rights-authority"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
