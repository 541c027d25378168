"""What staff say about a message when they sort it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consents.withdraw import ALL_MARKETING
from inbox.models import Mail
from inbox.rules import COMPLAINT, FOR_ANOTHER, UNANSWERED
from inbox.sealed import Digest
from requests.entering_forms import representation
from requests.models import Right
from requests.office_forms import DayField, MomentField
from requests.stopping import consent_purposes


class RequestForm(forms.Form):
    """Rights, a complaint, or both in one letter."""

    rights = forms.MultipleChoiceField(
        label=_("What they ask for"),
        choices=Right.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Everything in the letter: each gets a request of its own in one case."),
    )
    is_complaint = forms.BooleanField(label=_("It is a complaint, too, or only a complaint"), required=False)
    name = forms.CharField(label=_("Name of the person whose data it is"), max_length=200, required=False)
    email = forms.CharField(
        label=_("E-mail address of that person"),
        max_length=254,
        required=False,
        help_text=_("Never a representative's: it gets the link that confirms who asks."),
    )
    phone = forms.CharField(label=_("Telephone number"), max_length=40, required=False)
    capacity, representative, is_child = representation()
    received_on = DayField(
        label=_("First reached us on"),
        required=False,
        help_text=_("Only if that was before it came to this mailbox. The time to answer counts from it."),
    )
    is_new = forms.BooleanField(
        label=_("Open a new case even where one that is open asks the same"),
        required=False,
    )

    @property
    def requester(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("name", "email", "phone", "representative")}


class StopForm(forms.Form):
    email = forms.CharField(label=_("Whose address"), max_length=254)
    purposes = forms.MultipleChoiceField(label=_("What they no longer want"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        choices = [(ALL_MARKETING, _("Any direct marketing")), *consent_purposes()]
        self.fields["purposes"].choices = choices  # type: ignore[attr-defined]


class BreachForm(forms.Form):
    summary = forms.CharField(label=_("What happened, in a line"), max_length=200)
    processor = forms.CharField(label=_("Processor or supplier"), max_length=200, required=False)
    aware_at = MomentField(
        label=_("When we became aware"),
        help_text=_("At the latest when this message came. The 72 hours run from it and never change."),
    )


class PassOnForm(forms.Form):
    controller = forms.CharField(label=_("The controller"), max_length=200)
    email = forms.CharField(label=_("Their address for privacy"), max_length=254)


class AttachForm(forms.Form):
    reference = forms.CharField(label=_("Reference of the case"), max_length=20)


def filled(mail: Mail, digest: Digest) -> dict[str, forms.Form]:
    """The forms with what the message says. Of a forwarded one only the person inside it, and only as a proposal."""
    who = {"name": digest.name, "email": digest.address}
    day = None
    if mail.is_forwarded:
        who = {"name": digest.original_name, "email": digest.original_address}
        day = digest.original_on
    elif mail.automatic:
        who = {"name": "", "email": ""}
    elif FOR_ANOTHER in mail.reasons:
        # Whose data it is stands in the words. The sender is who asks, and no link may go there.
        who = {"name": "", "email": "", "representative": _sender(digest)}
    asked = {**who, "rights": mail.rights, "received_on": day, "is_complaint": complains(mail)}
    is_theirs = not mail.is_forwarded and "representative" not in who
    stopped = {"email": who["email"] or (digest.address if is_theirs else ""), "purposes": [ALL_MARKETING]}
    breach = {"summary": digest.subject[:200], "processor": digest.name, "aware_at": mail.arrived_at}
    return {
        "request": RequestForm(initial=asked, prefix="request"),
        "stop": StopForm(initial=stopped, prefix="stop"),
        "breach": BreachForm(initial=breach, prefix="breach"),
        "pass-on": PassOnForm(prefix="pass-on"),
        "attach": AttachForm(prefix="attach"),
    }


def _sender(digest: Digest) -> str:
    return ", ".join(filter(None, (digest.name, digest.address)))[:200]


def complains(mail: Mail) -> bool:
    return not {COMPLAINT, UNANSWERED}.isdisjoint(mail.reasons)
