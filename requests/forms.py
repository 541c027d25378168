"""One question per page. The server checks; nothing is marked `required` and no length is cut off silently."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from requests import references
from requests.intake import DETAILS_LENGTH
from requests.models import Right
from subjects.identifiers import Claim

OFFERED = [
    (Right.ACCESS.value, _("Send me a copy of the personal data you hold about me")),
    (Right.ERASURE.value, _("Delete the personal data you hold about me")),
]


class Question(forms.Form):
    """A page with one question. `title` is the page's heading and the label of its only field."""

    use_required_attribute = False
    title: Any = ""

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the input, message): the error summary says the same words as the page."""
        return [(self._target(name), str(messages[0])) for name, messages in self.errors.items()]

    def _target(self, name: str) -> str:
        first = isinstance(self.fields[name].widget, forms.CheckboxSelectMultiple)
        return f"id_{name}_0" if first else f"id_{name}"


def _text(missing: Any, longest: int, too_long: Any, widget: forms.Widget, **options: Any) -> forms.CharField:
    return forms.CharField(
        error_messages={"required": missing, "null_characters_not_allowed": _("Enter text only")},
        validators=[MaxLengthValidator(longest, too_long)],
        widget=widget,
        **options,
    )


def email_field(label: Any, hint: Any = "") -> forms.CharField:
    return _text(
        _("Enter your e-mail address"),
        254,
        _("The e-mail address must be 254 characters or fewer"),
        forms.EmailInput({"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        label=label,
        help_text=hint,
    )


def possible_email(value: str) -> str:
    """The address as typed, when mail could reach it."""
    try:
        Claim("email", value).normalised  # noqa: B018 - raises Invalid when impossible
    except Invalid as error:
        message = _("Enter an e-mail address in the correct format, like name@example.com")
        raise forms.ValidationError(message) from error
    return value


class RightsForm(Question):
    title = _("What would you like us to do?")
    rights = forms.MultipleChoiceField(
        label=title,
        help_text=_("Select all that apply."),
        choices=OFFERED,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Select what you would like us to do"),
            "invalid_choice": _("Select what you would like us to do"),
        },
    )


class NameForm(Question):
    title = _("What is your full name?")
    name = _text(
        _("Enter your full name"),
        200,
        _("Your name must be 200 characters or fewer"),
        forms.TextInput({"autocomplete": "name", "spellcheck": "false"}),
        label=title,
        help_text=_("Use the name we are likely to know you by."),
    )


class EmailForm(Question):
    title = _("What is your e-mail address?")
    email = email_field(title, _("Use the address you have used with us. We will send a link to it."))

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"])


class DetailsForm(Question):
    title = _("Is there anything that would help us? (optional)")
    details = _text(
        "",
        DETAILS_LENGTH,
        _("Your message must be 5,000 characters or fewer"),
        forms.Textarea({"rows": 6}),
        label=title,
        help_text=_("For example, how you dealt with us, or which data you mean. You can leave this empty."),
        required=False,
    )


class SendForm(Question):
    """The last page. The trap is a field that people do not see and simple robots fill in."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    website = forms.CharField(required=False, label=_("Leave this field empty"))

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("Leave the last field empty, then send the request again"))
        return ""


class LinkForm(Question):
    title = _("Get a link to your request")
    reference = _text(
        _("Enter the reference of your request"),
        40,
        _("Enter a reference like KP-2345-BCDF"),
        forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        label=_("Reference"),
        help_text=_("It looks like KP-2345-BCDF. You will find it in our first message."),
    )
    email = email_field(_("E-mail address"), _("The address you gave with the request."))

    def clean_reference(self) -> str:
        reference = references.tidy(self.cleaned_data["reference"])
        if not reference:
            raise forms.ValidationError(_("Enter a reference like KP-2345-BCDF"))
        return reference

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"])
