"""What staff write down about a complaint."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consents.office_assessments_input import AssessedField
from requests.complaints import LENGTH
from requests.models_complaints import Issue
from requests.office_forms import DayField


def _words(label: Any, help_text: Any = "", rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=LENGTH, widget=forms.Textarea(attrs={"rows": rows})
    )


class DescribeForm(forms.Form):
    issues = forms.MultipleChoiceField(
        label=_("What it is about"), choices=Issue, widget=forms.CheckboxSelectMultiple, required=False
    )
    purposes = AssessedField()
    about = forms.CharField(
        label=_("Request complained of"),
        max_length=40,
        required=False,
        help_text=_("Its reference, if there is one."),
    )
    regulator_reference = forms.CharField(
        label=_("Reference of the Commissioner"), max_length=60, required=False, help_text=_("If it went there, too.")
    )


class EnquiryForm(forms.Form):
    text = _words(_("Whom you asked, and what they said"), _("Only staff see it. Name people only where you must."))


class PeriodForm(forms.Form):
    since = DayField(label=_("Received from"))
    until = DayField(label=_("to"))
