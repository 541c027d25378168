"""What staff fill in for a new version of the privacy notice, and what they confirm before it is published."""

from datetime import date
from typing import Any

from django import forms
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext_lazy as _

from core.desk import DayField
from notices import published, wording
from notices.models import PrivacyNotice


class WriteForm(forms.Form):
    use_required_attribute = False
    version = forms.RegexField(
        r"^[0-9A-Za-z][0-9A-Za-z.-]*$",
        label=_("Version"),
        help_text=_("Consents, letters and links name it, for example 2.0."),
        max_length=20,
        error_messages={
            "required": _("Give the version a name, for example 2.0."),
            "invalid": _("Use letters, digits, full stops and hyphens, for example 2.0."),
        },
    )
    effective_from = DayField(
        label=_("In force from"),
        help_text=_("A later day leaves time to tell people. Until then the version before stays in force."),
        error_messages={"required": _("Say from which day it is in force.")},
    )
    changes = forms.CharField(
        label=_("What changed"),
        help_text=_("In a sentence or two, for whoever read the version before. It stands in the list of versions."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        error_messages={"required": _("Say what changed, for whoever read the version before.")},
    )
    html = forms.CharField(
        label=_("Text"),
        help_text=_(
            "HTML with headings from <h2>. Plain text works too: an empty line begins a paragraph. The line with "
            "version and date is put above it."
        ),
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "true"}),
        max_length=200_000,
        error_messages={"required": _("Write the text of the notice.")},
    )

    def __init__(self, *args: Any, newest: PrivacyNotice | None, today: date, **given: Any) -> None:
        super().__init__(*args, **given)
        self.newest, self.today = newest, today
        if newest is None:
            del self.fields["changes"]
            self.fields["effective_from"].help_text = _(
                "Today, or the day since which people have been told this elsewhere."
            )

    def clean_version(self) -> str:
        version: str = self.cleaned_data["version"]
        if published.versions().filter(version=version).exists():
            raise forms.ValidationError(published.Taken.message)
        return version

    def clean_effective_from(self) -> date:
        """What people have read until now cannot be changed afterwards."""
        day: date = self.cleaned_data["effective_from"]
        if self.newest is None:
            return day
        if day <= self.newest.effective_from:
            since = format_date(self.newest.effective_from, "j F Y")
            said = {"version": self.newest.version, "day": since}
            raise forms.ValidationError(
                _("Version %(version)s is in force from %(day)s. The next one begins after that day.") % said
            )
        if day < self.today:
            raise forms.ValidationError(
                _("Until today people have read version %(version)s. Choose today or a later day.")
                % {"version": self.newest.version}
            )
        return day

    def clean_html(self) -> str:
        text = wording.tidy(self.cleaned_data["html"])
        if found := wording.faults(text):
            raise forms.ValidationError(found)
        return text

    @property
    def content(self) -> dict[str, Any]:
        """What is published, the line with version and date included."""
        given = self.cleaned_data
        html = wording.headed(given["html"], version=given["version"], effective_from=given["effective_from"])
        return {"changes": "", **given, "html": html}


class PublishForm(forms.Form):
    use_required_attribute = False
    sure = forms.BooleanField(
        label=_("I have read it. Once published it cannot be changed or taken back."),
        error_messages={"required": _("Tick the box to publish: nothing was published yet.")},
    )
