"""Recording that data of a person are given to somebody: only what may be given, and by whoever may write."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from consents import disclosing
from core.desk import actor_of, for_staff, refuse
from core.errors import DomainError
from core.models import User
from office.frame import page
from office.views_people import get
from processing.models import DataCategory, PurposeVersion, Recipient, Status

ADD = "subjects.add_disclosure"
# Whoever may release an answer may approve what a law demands.
APPROVE = "requests.release_rightsrequest"


class DiscloseForm(forms.Form):
    use_required_attribute = False
    recipient = forms.ModelChoiceField(
        Recipient.objects.order_by("name"),
        label=gettext_lazy("Who gets it"),
        to_field_name="slug",
        empty_label=gettext_lazy("Choose"),
        help_text=gettext_lazy("From the register. Whoever is missing there gets nothing."),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("What for"),
        required=False,
        help_text=gettext_lazy("Not needed for what a law or a court demands."),
    )
    categories = forms.ModelMultipleChoiceField(
        DataCategory.objects.order_by("label"),
        label=gettext_lazy("What is given"),
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("No more than is needed."),
    )
    power = forms.CharField(
        label=gettext_lazy("The law or order that demands it"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Only for authorities and courts, such as an order with its date."),
    )
    approved_by = forms.ChoiceField(
        label=gettext_lazy("Who approved that"), required=False, help_text=gettext_lazy("Somebody else than you.")
    )

    def __init__(self, *args: object, user: User, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        live = PurposeVersion.objects.filter(status=Status.LIVE).order_by("title")
        titles = list(live.values_list("purpose__slug", "title"))
        self.fields["purpose"].choices = [("", _("Choose")), *titles]  # type: ignore[attr-defined]
        others = [one for one in User.objects.filter(is_active=True).exclude(pk=user.pk) if one.has_perm(APPROVE)]
        named = [(one.actor, one.get_username()) for one in others]
        self.fields["approved_by"].choices = [("", _("Choose")), *named]  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@for_staff(ADD)
def disclose(request: HttpRequest, uuid: UUID) -> HttpResponse:
    subject = get(uuid)
    assert isinstance(request.user, User)  # noqa: S101 - admin_view lets nobody else through
    form = DiscloseForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        plan = disclosing.Plan(
            recipient=given["recipient"].slug,
            purpose=given["purpose"],
            categories=[one.slug for one in given["categories"]],
            power=given["power"],
            approved_by=given["approved_by"],
        )
        try:
            disclosing.disclose(subject, plan, now=timezone.now(), actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Recorded. If it is corrected or deleted later, they are told."))
            return redirect("admin:person", uuid)
    return page(request, "disclose", {"title": _("Give data to somebody"), "subject": subject, "form": form})
