"""Forms of the pages about forgetting."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from processing.models import Purpose
from retention.holds import REASONS
from subjects.models import DataSubject


class HoldForm(forms.Form):
    matter = forms.CharField(max_length=60, label=_("Number of the matter"), help_text=_("Not a person's name."))
    reason = forms.ChoiceField(choices=list(REASONS.items()), label=_("Why it must be kept"))
    people = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=_("Whose data"),
        help_text=_(
            "The ids of people, one on a line, as their pages show them. Leave it empty to mean everybody of"
            " whom the purposes below hold something today."
        ),
    )
    purposes = forms.ModelMultipleChoiceField(
        Purpose.objects.order_by("slug"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Held for which purposes"),
        help_text=_("None means everything about them."),
    )
    review_due = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}),
        label=_("Look at it again on"),
        help_text=_("Within six months."),
    )

    def clean_people(self) -> list[DataSubject]:
        lines = self.cleaned_data["people"].split()
        try:
            uuids = {UUID(line) for line in lines}
        except ValueError:
            raise forms.ValidationError(_("One of these lines is not the id of a person.")) from None
        found = list(DataSubject.objects.filter(uuid__in=uuids))
        if len(found) != len(uuids):
            raise forms.ValidationError(_("One of these people is not here (any more)."))
        return found

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not given.get("people") and not given.get("purposes") and "people" not in self.errors:
            self.add_error("people", _("Name people, or choose purposes."))
        return given


class ReviewForm(forms.Form):
    review_due = forms.DateField()
