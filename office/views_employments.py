"""Saying when the employment of somebody ended, and taking that back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.desk import DayField, refuse
from core.errors import DomainError
from office.frame import page
from office.views_people import WRITE, get
from requests.office import actor_of, for_staff
from subjects import employments
from subjects.models import Relationship


class LeavingForm(forms.Form):
    use_required_attribute = False
    on = DayField(
        label=gettext_lazy("On"),
        help_text=gettext_lazy("Their last day under the contract. From this day its time is counted."),
    )


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def end(request: HttpRequest, uuid: UUID, tie: UUID) -> HttpResponse:
    found = _employment(uuid, tie)
    form = LeavingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            employments.end(found, **form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The employment has ended. Its time is counted from the day you gave."))
            return redirect("admin:person", uuid)
    context = {"title": _("The employment ended"), "subject": found.subject, "form": form}
    return page(request, "employment", context)


@require_POST
@for_staff(WRITE)
def resume(request: HttpRequest, uuid: UUID, tie: UUID) -> HttpResponse:
    found = _employment(uuid, tie)
    try:
        employments.resume(found, now=timezone.now(), actor=actor_of(request))
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("The employment goes on."))
    return redirect("admin:person", uuid)


def _employment(person: UUID, tie: UUID) -> Relationship:
    ties = Relationship.objects.select_related("subject", "purpose")
    found = ties.filter(uuid=tie, subject=get(person)).first()
    if found is None or not employments.is_employment(found):
        raise Http404
    return found
