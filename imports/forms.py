"""Forms of the pages on which data comes in."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imports.fields import Kind
from imports.kinds.people import ITEM
from processing.models import DataCategory, PurposeVersion, Status
from requests.office_forms import DayField
from subjects.models import Organisation, PersonalDataItem, Relationship


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in it"))
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Up to 10 MB and 50,000 rows, headings in the first line. Excel: save as “CSV UTF-8”."),
    )

    def __init__(self, *args: Any, kinds: list[Kind], **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["kind"] = forms.ChoiceField(
            label=_("What is in it"), choices=[(kind.slug, kind.label) for kind in kinds]
        )


class PersonForm(forms.Form):
    """Who, why, and what. Names are those of a file's fields (imports/kinds/people.py)."""

    email = forms.CharField(label=_("E-mail address"), max_length=254, required=False)
    phone = forms.CharField(label=_("Telephone number"), max_length=40, required=False)
    customer_number = forms.CharField(label=_("Customer number"), max_length=100, required=False)
    organisation = forms.CharField(label=_("Organisation"), max_length=200, required=False)
    organisation_type = forms.ChoiceField(
        label=_("Type of organisation"), choices=[("", ""), *Organisation.LegalType.choices], required=False
    )
    contract_started_on = DayField(label=_("Contract since"), required=False)
    contract_ended_on = DayField(
        label=_("Contract ended"),
        required=False,
        help_text=_("Of the organisation: retention counts from this day for every contact."),
    )
    role = forms.ChoiceField(label=_("Who they are to us"), choices=[("", _("Choose")), *Relationship.Role.choices])
    purposes = forms.MultipleChoiceField(label=_("What we need it for"), widget=forms.CheckboxSelectMultiple)
    ground_why = forms.CharField(
        label=_("Why: the mutual interest"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        help_text=_("What they want from us and we from them, in a sentence."),
    )
    ground_who = forms.CharField(label=_("Who of us established it"), max_length=200)
    ground_when = DayField(label=_("When it was established"))
    source = forms.ChoiceField(
        label=_("Where the data came from"), choices=[("", _("Choose")), *PersonalDataItem.Source.choices]
    )
    evidence = forms.CharField(
        label=_("Evidence id"),
        required=False,
        help_text=_(
            "From a third party, or on legitimate interests from a public source: what shows it may be shared."
        ),
    )
    collected = DayField(label=_("When we got it"))
    notice = forms.CharField(label=_("Privacy notice they were given (version)"), max_length=40)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        live = PurposeVersion.objects.filter(status=Status.LIVE).order_by("title")
        choices = list(live.values_list("purpose__slug", "title"))
        self.fields["purposes"].choices = choices  # type: ignore[attr-defined]
        for category in DataCategory.objects.order_by("label"):
            widget = forms.Textarea(attrs={"rows": 1})
            self.fields[f"{ITEM}{category.slug}"] = forms.CharField(
                label=category.label, widget=widget, max_length=5000, required=False
            )

    def about(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith(ITEM)]

    def held(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name.startswith(ITEM)]

    @property
    def values(self) -> dict[str, str]:
        """The answers as a row of a file would say them."""
        return {name: _cell(value) for name, value in self.cleaned_data.items() if value}


def _cell(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return ";".join(value) if isinstance(value, list) else str(value).strip()
