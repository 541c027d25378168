"""The questions of the request form, in the words of the person who asks. Staff speak of articles; nobody here does."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from processing.models import DecisionSystem
from requests.forms import (
    AGES,
    CAPACITIES,
    MISSING,
    Question,
    address_field,
    email_field,
    name_field,
    possible_email,
    representative_field,
    text,
    words,
)
from requests.intake import LENGTHS
from requests.models import Representation, Right
from requests.stopping import consent_purposes

MARKETING, UNSURE, OTHER = "marketing", "unsure", "other"
Capacity = Representation.Capacity
OFFERED = [
    (Right.ACCESS.value, _("Send me a copy of the personal data you hold about me")),
    (Right.RECTIFICATION.value, _("Correct something that is wrong about me")),
    (Right.ERASURE.value, _("Delete the personal data you hold about me")),
    (MARKETING, _("Stop all marketing to me")),
    (Right.WITHDRAWAL.value, _("Take back a consent that I gave you")),
    (Right.OBJECTION.value, _("Stop using my data for something else")),
    (Right.RESTRICTION.value, _("Keep my data, but do not use it for now")),
    (Right.PORTABILITY.value, _("Give me my data in a form that I can take to another company")),
    (Right.ADM_REVIEW.value, _("Have a person look again at a decision that a computer made about me")),
    (UNSURE, _("I am not sure")),
]
WISHES = [
    (Right.ACCESS.value, _("I want to know what you have about me")),
    (MARKETING, _("I get advertising from you and want it to end")),
    (Right.RECTIFICATION.value, _("Something that you have about me is wrong or out of date")),
    (Right.ERASURE.value, _("I do not want you to have my data any more")),
    (Right.OBJECTION.value, _("I do not like something that you do with my data")),
    (Right.GENERAL.value, _("None of these: I will tell you in my own words")),
]
GROUNDS = [
    ("contested", _("It is wrong, and you should not use it until you have checked")),
    ("unlawful", _("You should not have it, but I do not want it gone")),
    ("claim", _("I need it for a legal matter, although you do not need it any more")),
    ("objected", _("I have objected, and want you to wait until you have decided")),
    (OTHER, _("For another reason")),
]
RECEIVERS = [("me", _("Me")), (OTHER, _("Another company or organisation"))]


def decision_systems() -> list[tuple[str, str]]:
    """(slug, name) of every way in which something is decided about people here."""
    return list(DecisionSystem.objects.filter(in_use=True).order_by("name").values_list("slug", "name"))


def choices(
    label: Any, options: Any, missing: Any, hint: Any = "", *, several: bool = True
) -> forms.ChoiceField | forms.MultipleChoiceField:
    kind = forms.MultipleChoiceField if several else forms.ChoiceField
    return kind(
        label=label,
        help_text=hint,
        choices=options,
        widget=forms.CheckboxSelectMultiple if several else forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


class RightsForm(Question):
    title = _("What would you like us to do?")
    short = _("What you would like")
    aside = "requests/asides/rights.html"
    rights = choices(title, OFFERED, _("Select what you would like us to do"), _("Select all that apply."))


class WishForm(Question):
    title = _("What is it about?")
    short = _("What it is about")
    aside = "requests/asides/wish.html"
    wish = choices(
        title,
        WISHES,
        _("Select what it is about"),
        _("Select what comes closest. You need not know your rights: we find the right one."),
    )


class WordsForm(Question):
    title = _("What would you like to tell us?")
    short = _("What you told us")
    words = words(
        title, _("Tell us what you would like to happen"), _("What happened, and what would you like us to do?")
    )


class RectificationForm(Question):
    title = _("What should we correct?")
    short = _("What we should correct")
    wrong = words(_("What is wrong or missing?"), _("Tell us what is wrong or missing"), rows=3)
    correct = words(
        _("What is right? (optional)"), hint=_("If there is something that shows it, say what."), rows=3, required=False
    )


class WithdrawalForm(Question):
    title = _("Which consent do you take back?")
    short = _("The consent you take back")
    purposes = choices(
        title,
        lambda: [*consent_purposes(), (OTHER, _("Another one, or I do not remember"))],
        _("Select which consent you take back"),
        _("Select all that apply. It ends at once for the e-mail address that you give."),
    )


class ObjectionForm(Question):
    title = _("What should we stop doing, and why?")
    short = _("What we should stop")
    objection = words(
        title,
        _("Tell us what we should stop doing"),
        _("Your own situation counts: tell us what it means for you. You can end marketing without a reason."),
    )


class RestrictionForm(Question):
    title = _("Why should we keep your data unused?")
    short = _("Why we should not use your data")
    grounds = choices(title, GROUNDS, _("Select why we should keep your data unused"), _("Select all that apply."))


class PortabilityForm(Question):
    title = _("Where should your data go?")
    short = _("Where your data should go")
    receiver = choices(_("Who should get it?"), RECEIVERS, _("Select who should get your data"), several=False)
    organisation = text(
        "",
        200,
        _("The name must be 200 characters or fewer"),
        forms.TextInput({"autocomplete": "off"}),
        label=_("Name of the company or organisation"),
        help_text=_("Only if it is not you."),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("receiver") == OTHER and not data.get("organisation") and "organisation" not in self.errors:
            self.add_error("organisation", _("Enter the name of the company or organisation"))
        if data.get("receiver") != OTHER:
            # Whoever changed their mind is not shown as sending it to somebody.
            data["organisation"] = ""
        return data


class DecisionForm(Question):
    title = _("Which decision should a person look at again?")
    short = _("The decision")
    system = choices(
        _("What was it about?"),
        lambda: [*decision_systems(), (OTHER, _("Something else, or I do not know"))],
        _("Select what the decision was about"),
        several=False,
    )
    decision = words(
        title,
        _("Tell us which decision you mean"),
        _("Say what was decided and when, and anything that we should take into account."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if decision_systems():
            self.fields["decision"].label = _("Which decision do you mean?")
        else:
            del self.fields["system"]


class NameForm(Question):
    title = _("What is your full name?")
    short = _("Your name")
    aside = "requests/asides/name.html"
    name = name_field(title, _("Use the name we are likely to know you by."))


class SomebodyElseForm(Question):
    """In place of one's own name. Nothing goes to whoever answers it before they show that they may ask."""

    title = _("Who are you asking for?")
    short = _("Who you ask for, and who you are")
    aside = "requests/asides/somebody_else.html"
    name = text(
        _("Enter the full name of the person you ask for"),
        LENGTHS["name"],
        _("The name must be 200 characters or fewer"),
        forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        label=_("Full name of the person you ask for"),
        help_text=_("The person whose data it is."),
    )
    age = choices(_("How old are they?"), AGES, MISSING["age"], several=False)
    capacity = choices(_("Who are you?"), CAPACITIES, MISSING["capacity"], several=False)
    representative = representative_field()


class EmailForm(Question):
    title = _("Which e-mail address do you use with us?")
    short = _("Your e-mail address")
    aside = "requests/asides/email.html"
    email = email_field(title, _("We send a link to it, so that we can be sure that it is yours."))

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"])


class TheirEmailForm(EmailForm):
    title = _("Which e-mail address does that person use with us?")
    short = _("Their e-mail address")
    aside = "requests/asides/their_email.html"
    email = email_field(
        title, _("We send a link to it, so that we can be sure that it is theirs. Never give your own.")
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # It is not the address of whoever fills this in.
        self.fields["email"].widget.attrs["autocomplete"] = "off"


class AddressForm(Question):
    title = _("What is your postal address?")
    short = _("Your postal address")
    aside = "requests/asides/address.html"
    address = address_field(
        title, _("We write to you by post. Include the postcode, and the country if it is another.")
    )


class TheirAddressForm(AddressForm):
    title = _("What is the postal address of that person?")
    short = _("Their postal address")
    aside = "requests/asides/their_address.html"
    address = address_field(title, _("We write to them by post. Include the postcode, and the country."))

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["address"].widget.attrs["autocomplete"] = "off"


class DetailsForm(Question):
    title = _("Is there anything that would help us? (optional)")
    short = _("Anything that helps")
    optional = True
    details = words(
        title,
        hint=_("For example, how you dealt with us, or which data you mean. You can leave this empty."),
        required=False,
    )
