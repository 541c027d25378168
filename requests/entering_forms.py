"""The page on which staff write down what came by letter, on the telephone or across a counter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from requests.arriving import Late
from requests.entering import BY_HAND, NOTHING, Entry
from requests.models import CaseFile, Representation, Right
from requests.office_forms import DayField

NEW = "new"


def _words(label: Any, help_text: Any = "", rows: int = 4) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, widget=area, max_length=5000, required=False)


def representation() -> tuple[forms.ChoiceField, forms.CharField, forms.BooleanField]:
    """The fields of any form about somebody for whom another may ask: capacity, representative, is_child."""
    capacity = forms.ChoiceField(
        label=_("Somebody else asks for that person"),
        choices=[("", _("No, they ask themselves")), *Representation.Capacity.choices],
        required=False,
    )
    representative = forms.CharField(
        label=_("Who asks, and how to reach them"),
        max_length=200,
        required=False,
        help_text=_("Nothing is disclosed to them before it is recorded what shows that they may."),
    )
    return capacity, representative, forms.BooleanField(label=_("The person is a child"), required=False)


class EntryForm(forms.Form):
    """Rights, a complaint, or both: one letter is one case file."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    rights = forms.MultipleChoiceField(
        label=_("What they ask for"), choices=Right.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    details = _words(_("What they said or wrote, in their words"), rows=5)
    complaint = _words(
        _("What they complain of, in their words"),
        _("If they also complain about how we handled their data. It gets a reference and a clock of its own."),
    )
    wish = _words(_("What would put it right for them"), rows=2)
    channel = forms.ChoiceField(
        label=_("How it came"),
        choices=[("", _("Choose")), *((one.value, one.label) for one in BY_HAND)],
        error_messages={"required": _("Choose how it came.")},
    )
    received_on = DayField(
        label=_("The day it came"),
        help_text=_("The true day, whoever received it. The time to answer counts from it."),
        error_messages={"required": _("Give the day it came.")},
    )
    late = forms.ChoiceField(
        label=_("Entered on a later day, because"), choices=[("", ""), *Late.choices], required=False
    )
    name = forms.CharField(label=_("Name of the person whose data it is"), max_length=200, required=False)
    email = forms.CharField(
        label=_("E-mail address of that person"),
        max_length=254,
        required=False,
        help_text=_("They get an acknowledgement with a link that confirms the mailbox. Never a representative's."),
    )
    phone = forms.CharField(label=_("Telephone number"), max_length=40, required=False)
    address = forms.CharField(
        label=_("Postal address"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500, required=False
    )
    capacity, representative, is_child = representation()

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        # Said with everything else that is wrong, and not only once that is right.
        if not given.get("rights") and not given.get("complaint", "").strip() and "rights" not in self.errors:
            self.add_error("rights", NOTHING)
        return given

    @property
    def entry(self) -> Entry:
        given = self.cleaned_data
        names = ("rights", "details", "channel", "received_on", "late", "complaint", "wish", "capacity", "is_child")
        about = ("name", "email", "phone", "address", "representative")
        return Entry(requester={name: given[name] for name in about}, **{name: given[name] for name in names})

    def offer(self, cases: list[CaseFile]) -> None:
        """Ask whether it belongs to an open case of the same address."""
        choices = [(str(case.uuid), _in_words(case)) for case in cases]
        self.fields["into"] = forms.ChoiceField(
            label=_("The same address has an open case"),
            choices=[*choices, (NEW, _("It is something else: a new case"))],
            widget=forms.RadioSelect,
            help_text=_("A second letter about the same belongs to the first, and keeps its time."),
            error_messages={"required": _("Choose whether it belongs to that case, or is something else.")},
        )
        self.order_fields(["token", "into"])


class AuthorityForm(forms.Form):
    authority = forms.ChoiceField(
        label=_("What shows that they may"), choices=[("", _("Choose")), *Representation.Authority.choices]
    )
    competence = forms.ChoiceField(label=_("The person"), choices=Representation.Competence.choices)
    note = forms.CharField(
        label=_("What you looked at, in a sentence"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )


def _in_words(case: CaseFile) -> str:
    asked = [f"{one.reference} ({one.get_right_display()})" for one in case.requests.all()]
    asked += [f"{one.reference} ({_('Complaint')})" for one in case.complaints.all()]
    return ", ".join(asked)
