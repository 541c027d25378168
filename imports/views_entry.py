"""Pages on which staff enter one person or one request."""

from datetime import date, datetime
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.models import Controller
from imports import entry
from imports.forms import CaseForm, PersonForm
from notices.published import NoNotice, current
from requests.office import actor_of, for_staff, page
from requests.office_forms import refuse

ADD_PERSON, ADD_CASE = "subjects.add_datasubject", "requests.add_rightsrequest"


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ADD_PERSON)
def person(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = PersonForm(request.POST or None, initial={"notice": _notice(_today(now)), "collected": _today(now)})
    if request.method == "POST" and form.is_valid():
        try:
            subject = entry.add_person(form.values, actor=actor_of(request), now=now)
        except DomainError as error:
            refuse(form, error, {name: name for name in form.fields})
        else:
            messages.success(request, _("The person is in."))
            return redirect("admin:person", subject.uuid)
    return page(request, "imports/person.html", {"title": _("New person"), "form": form})


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ADD_CASE)
def case(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = CaseForm(request.POST or None, initial={"token": uuid4(), "received_on": _today(now)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = entry.add_case(
                rights=given["rights"],
                requester=form.requester,
                details=given["details"],
                channel=given["channel"],
                received_on=given["received_on"],
                late=given["late"],
                case_uuid=given["token"],
                actor=actor_of(request),
                now=now,
            )
        except DomainError as error:
            refuse(form, error, {"requester": "name"})
        else:
            messages.success(request, _("The request is in, and its time is running."))
            return redirect("admin:rights-request", made.requests.order_by("pk").values_list("uuid", flat=True)[0])
    return page(request, "imports/case.html", {"title": _("New request"), "form": form})


def _today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _notice(on: date) -> str:
    """The version in force, where there is one."""
    try:
        return current(on).version
    except NoNotice:
        return ""
