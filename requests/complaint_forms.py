"""What staff write down about a complaint."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests.complaints import LENGTH
from requests.models_work import Cause, Issue, Outcome, Remedy
from requests.office_forms import DayField


def _words(label: Any, help_text: Any = "", rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=LENGTH, widget=forms.Textarea(attrs={"rows": rows})
    )


class DescribeForm(forms.Form):
    issues = forms.MultipleChoiceField(
        label=_("What it is about"), choices=Issue, widget=forms.CheckboxSelectMultiple, required=False
    )
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


class ProgressForm(forms.Form):
    text = _words(_("How far we are"), _("These words go to the person, in a letter."))
    outcome_by = DayField(label=_("When we expect to tell the outcome"), required=False)


class CloseForm(forms.Form):
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[("", _("Choose")), *Outcome.choices])
    findings = _words(
        _("What we found, on each issue in turn"), _("These words go to the person, in the outcome letter."), rows=6
    )
    changes = _words(_("What we change or put right, and an apology where one is due"), _("Goes into the letter, too."))
    remedies = forms.MultipleChoiceField(
        label=_("What was done, to count it"), choices=Remedy, widget=forms.CheckboxSelectMultiple, required=False
    )
    cause = forms.ChoiceField(label=_("Root cause"), choices=[("", _("Choose")), *Cause.choices], required=False)


class PeriodForm(forms.Form):
    since = DayField(label=_("Received from"))
    until = DayField(label=_("to"))
