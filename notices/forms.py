"""Choosing the day for which to read the notice."""

from datetime import date
from typing import Any

from django import forms
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext_lazy as _

from notices import published


class DayForm(forms.Form):
    """A GET form: the day stands in the address, so that what applied then can be cited."""

    use_required_attribute = False
    on = forms.DateField(
        label=_("What did this notice say on this day?"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Enter a date"), "invalid": _("Enter a date as year, month and day: 2026-03-31")},
    )

    def clean_on(self) -> date:
        """Every day since the first version has a notice."""
        day: date = self.cleaned_data["on"]
        first: Any = published.versions().last()
        if first is None or day < first.effective_from:
            when = format_date(first.effective_from, "j F Y") if first else _("today")
            raise forms.ValidationError(_("There was no notice on this day. The first is from %(day)s") % {"day": when})
        return day
