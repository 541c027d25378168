"""Organisations: the list, one with its contacts, and the dates of its contract."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from office import hints, organisations
from office.frame import page
from requests.office import actor_of, for_staff
from requests.office_forms import DayField, refuse
from subjects.models import Organisation
from subjects.organisations import amend

READ, WRITE = "subjects.view_organisation", "subjects.change_organisation"


class AmendForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    legal_type = forms.ChoiceField(label=gettext_lazy("Legal type"), choices=Organisation.LegalType.choices)
    contract_started_on = DayField(label=gettext_lazy("Contract since"), required=False)
    contract_ended_on = DayField(
        label=gettext_lazy("Contract ended"),
        required=False,
        help_text=gettext_lazy(
            "Retention of what we hold for the contract counts from this day, for every contact. Empty while it runs."
        ),
    )


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    found = organisations.listed(after=after)
    return page(request, "organisations", {"title": _("Organisations"), "found": found, "after": after})


@require_http_methods(["GET", "POST"])
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One organisation. A POST amends it."""
    organisation = Organisation.objects.filter(uuid=uuid).first()
    if organisation is None or (request.method == "POST" and not request.user.has_perm(WRITE)):
        raise Http404
    fields = ("name", "legal_type", "contract_started_on", "contract_ended_on")
    form = AmendForm(request.POST or None, initial={field: getattr(organisation, field) for field in fields})
    if request.method == "POST" and form.is_valid():
        try:
            touched = amend(organisation, **form.cleaned_data, now=timezone.now(), actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            _tell(request, touched)
            return redirect("admin:organisation", uuid)
    people, after = organisations.contacts(organisation, after=request.GET.get("after", ""))
    masked = hints.hints_of([one for person in people for one in person.identifiers.all()])
    context = {
        "title": organisation.name,
        "organisation": organisation,
        "form": form if request.user.has_perm(WRITE) else None,
        "contacts": [
            (person, [masked[one.pk] for one in person.identifiers.all() if one.pk in masked]) for person in people
        ],
        "after": after,
    }
    return page(request, "organisation", context)


def _tell(request: HttpRequest, touched: int) -> None:
    words = ngettext(
        "Saved. The date counts for %(n)d relationship.", "Saved. The date counts for %(n)d relationships.", touched
    )
    messages.success(request, words % {"n": touched} if touched else _("Saved."))
