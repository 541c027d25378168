"""Closing the application of somebody, with what an employment takes over, and undoing that."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.desk import DayField, refuse
from core.errors import DomainError
from core.models import Controller
from office.frame import page
from office.views_people import WRITE, get
from processing.models import DataCategory
from requests.office import actor_of, for_staff
from subjects import applications
from subjects.models import DataSubject, ItemPurpose, Relationship


class ClosingForm(forms.Form):
    use_required_attribute = False
    outcome = forms.ChoiceField(
        choices=Relationship.Outcome.choices,
        label=gettext_lazy("How it ended"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say how it ended.")},
    )
    on = DayField(
        label=gettext_lazy("On"),
        help_text=gettext_lazy("When they were told, or told us. From this day its time is counted."),
    )
    employment = forms.ChoiceField(
        label=gettext_lazy("If hired: what it goes on for"),
        required=False,
        help_text=gettext_lazy("A purpose of the register that is about employees."),
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("If hired: what the employment needs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "It stays with the employment, as far as the register declares it for that one."
            " The rest goes when the time of the application is over."
        ),
    )

    def __init__(self, *args: object, tie: Relationship, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        found = applications.employments()
        titles = [(version.purpose.slug, version.title) for version in found]
        needs = ItemPurpose.objects.filter(subject=tie.subject_id, purpose=tie.purpose_id)
        held = set(needs.values_list("category", flat=True))
        self.declared = {version.purpose.slug: applications.needed_by(version) for version in found}
        declared = {one.pk: one for needed in self.declared.values() for one in needed if one.pk in held}
        offered = sorted((self._label(one, titles), one.slug) for one in declared.values())
        self.fields["employment"].choices = [("", _("Choose")), *titles]  # type: ignore[attr-defined]
        self.fields["categories"].choices = [(slug, label) for label, slug in offered]  # type: ignore[attr-defined]
        self.fields["categories"].initial = [slug for _label, slug in offered]
        if len(titles) == 1:
            self.fields["employment"].initial = titles[0][0]
        if not offered:
            del self.fields["categories"]

    def _label(self, category: DataCategory, titles: list[tuple[str, str]]) -> str:
        """With the employments that need it, where not all of them do."""
        those = [title for slug, title in titles if category in self.declared[slug]]
        if len(those) == len(titles):
            return str(category.label)
        return _("%(what)s (for: %(employments)s)") % {"what": category.label, "employments": ", ".join(those)}

    def clean_categories(self) -> list[str]:
        """What is ticked for another employment than the chosen one is not handed over."""
        ticked: list[str] = self.cleaned_data["categories"]
        chosen = self.declared.get(self.cleaned_data.get("employment", ""), [])
        return [slug for slug in ticked if slug in {one.slug for one in chosen}]


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def close(request: HttpRequest, uuid: UUID, tie: UUID) -> HttpResponse:
    subject = get(uuid)
    found, now = _application(subject, tie), timezone.now()
    day = found.application_closed_on or now.astimezone(Controller.current().zone).date()
    form = ClosingForm(request.POST if request.method == "POST" else None, tie=found, initial={"on": day})
    if request.method == "POST" and form.is_valid():
        try:
            closed = applications.close(found, **form.cleaned_data, now=now, actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _said(closed))
            return redirect("admin:person", uuid)
    context = {
        "title": _("Close the application"),
        "subject": subject,
        "form": form,
        "left_out": applications.left_out(found),
        "has_employment": bool(applications.employments()),
        "no_employment": applications.NoEmployment.message,
    }
    return page(request, "application", context)


@require_POST
@for_staff(WRITE)
def reopen(request: HttpRequest, uuid: UUID, tie: UUID) -> HttpResponse:
    found = _application(get(uuid), tie)
    try:
        opened = applications.reopen(found, now=timezone.now(), actor=actor_of(request))
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _undone(opened))
    return redirect("admin:person", uuid)


def _application(subject: DataSubject, tie: UUID) -> Relationship:
    found = Relationship.objects.select_related("purpose").filter(uuid=tie, subject=subject).first()
    if found is None or not applications.is_application(found):
        raise Http404
    return found


def _undone(opened: Relationship) -> str:
    if opened.application_closed_on:
        return _("The outcome is taken back. Its time is counted from the day on which it was closed before.")
    return _("The application is open again. Close it with the right outcome when it has one.")


def _said(closed: Relationship) -> str:
    if closed.application_outcome != Relationship.Outcome.HIRED:
        return _("The application is closed. Its time is counted from the day you gave.")
    count = len(applications.handed(closed))
    return ngettext(
        "The application is closed, and the employment keeps %(count)s record of it.",
        "The application is closed, and the employment keeps %(count)s records of it.",
        count,
    ) % {"count": count}
