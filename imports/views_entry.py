"""The page on which staff enter one person."""

from datetime import date, datetime

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
from imports.forms import PersonForm
from notices.published import NoNotice, current
from requests.office import actor_of, for_staff, page
from requests.office_forms import refuse

ADD_PERSON = "subjects.add_datasubject"


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


def _today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _notice(on: date) -> str:
    """The version in force, where there is one."""
    try:
        return current(on).version
    except NoNotice:
        return ""
