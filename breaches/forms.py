"""What staff write down about a breach."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from breaches.log import DETAILS
from breaches.models import Effect, Exemption, Risk
from consents.office_assessments_input import AssessedField
from processing.models import DataCategory
from requests.office_forms import MomentField


def text(label: Any, *, rows: int = 3, help_text: Any = "", required: bool = False) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, widget=widget, help_text=help_text, required=required, max_length=10_000)


class DescribeForm(forms.Form):
    """What is known so far. Everything but the first line may come later (Art 33(4))."""

    summary = forms.CharField(label=_("What happened, in a line"), max_length=200)
    found_by = forms.CharField(label=_("Who noticed it, and how"), max_length=200, required=False)
    effects = forms.MultipleChoiceField(
        label=_("What happened to the data"), choices=Effect, widget=forms.CheckboxSelectMultiple, required=False
    )
    occurred_from = MomentField(label=_("It began"), required=False)
    occurred_to = MomentField(label=_("It ended"), required=False)
    categories = forms.ModelMultipleChoiceField(
        DataCategory.objects.order_by("label"),
        label=_("Kinds of data"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    purposes = AssessedField()
    people_estimate = forms.IntegerField(label=_("How many people, about"), min_value=0, required=False)
    records_estimate = forms.IntegerField(label=_("How many records, about"), min_value=0, required=False)
    facts = text(_("The facts"), rows=4)
    consequences = text(_("Likely consequences for people"))
    measures = text(_("What was done, and what is planned"), help_text=_("To contain it and to soften what it does."))
    processor = forms.CharField(label=_("Processor or supplier involved"), max_length=200, required=False)

    @property
    def texts(self) -> dict[str, str]:
        names = ("summary", "found_by", "facts", "consequences", "measures", "processor")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    @property
    def details(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in DETAILS if name in self.cleaned_data}


class LogForm(DescribeForm):
    aware_at = MomentField(
        label=_("When we became aware"),
        help_text=_("The moment somebody here was reasonably certain. The 72 hours run from it and never change."),
    )
    field_order = ["summary", "aware_at"]


class DecideForm(forms.Form):
    risk = forms.ChoiceField(
        label=_("Risk to the people concerned"),
        choices=[("", _("Choose")), *(choice for choice in Risk.choices if choice[0] != Risk.UNKNOWN)],
    )
    reasoning = text(_("Why"), required=True, help_text=_("Kept with the decision, also when nobody is notified."))


class NotifiedForm(forms.Form):
    notified_at = MomentField(label=_("The regulator was notified"))
    reference = forms.CharField(label=_("Their reference"), max_length=60, required=False)
    delay_reasons = text(_("Reasons for the delay"), help_text=_("Needed when it was later than 72 hours."))


class ToldForm(forms.Form):
    people_told_at = MomentField(label=_("The people concerned were told"), required=False)
    exemption = forms.ChoiceField(
        label=_("Or why they need not be"), choices=[("", ""), *Exemption.choices], required=False
    )


class CloseForm(forms.Form):
    lessons = text(_("What we learnt"))
