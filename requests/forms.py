"""What every public form has in common, and the forms that stand alone.

The server checks; nothing is marked `required` and no length is cut off silently.
"""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from requests import messages, references
from requests.intake import DETAILS_LENGTH, LENGTHS
from requests.representing import Capacity
from subjects.identifiers import Claim

LONG = _("Your message must be 5,000 characters or fewer")
# In which capacity somebody asks for another, as they would say it of themselves.
CAPACITIES = [
    (Capacity.PARENT.value, _("Their parent, or somebody with parental responsibility")),
    (Capacity.ATTORNEY.value, _("Their attorney, deputy or guardian")),
    (Capacity.SOLICITOR.value, _("Their solicitor")),
    (Capacity.AGENT.value, _("A friend, relative or adviser whom they asked")),
    (Capacity.OTHER.value, _("Somebody else")),
]
MISSING = {
    "age": _("Select how old they are"),
    "capacity": _("Select who you are"),
    "representative": _("Enter your own name, and how we reach you"),
}
FOR_ANOTHER = tuple(MISSING)
AGES = [("adult", _("18 or older")), ("child", _("Under 18"))]


class Question(forms.Form):
    """A page with one question. `title` is the page's heading and, of a page with one field, its label.

    `short` names the answer on the page that shows them all; `aside` is a template below the question.
    """

    use_required_attribute = False
    title: Any = ""
    short: Any = ""
    aside = ""
    optional = False

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the input, message): the error summary says the same words as the page."""
        return [(self._target(name), str(messages[0])) for name, messages in self.errors.items()]

    @property
    def is_single(self) -> bool:
        return len(self.fields) == 1

    def in_words(self, answer: dict[str, Any]) -> list[str]:
        """What was answered, a line for each thing, as the page showed it."""
        lines: list[str] = []
        for name, field in self.fields.items():
            value = answer.get(name) or ""
            if not value:
                continue
            if isinstance(field, forms.ChoiceField):
                labels: dict[Any, Any] = dict(field.choices)  # type: ignore[arg-type]
                chosen = value if isinstance(value, list) else [value]
                lines += [str(labels.get(one, one)) for one in chosen]
            else:
                lines.append(value if self.is_single else f"{field.label}\n{value}")
        return lines

    def _target(self, name: str) -> str:
        first = isinstance(self.fields[name].widget, forms.CheckboxSelectMultiple | forms.RadioSelect)
        return f"id_{name}_0" if first else f"id_{name}"


def text(missing: Any, longest: int, too_long: Any, widget: forms.Widget, **options: Any) -> forms.CharField:
    return forms.CharField(
        error_messages={"required": missing, "null_characters_not_allowed": _("Enter text only")},
        validators=[MaxLengthValidator(longest, too_long)],
        widget=widget,
        **options,
    )


def words(label: Any, missing: Any = "", hint: Any = "", *, rows: int = 6, required: bool = True) -> forms.CharField:
    """A message of some length."""
    area = forms.Textarea({"rows": rows})
    return text(missing, DETAILS_LENGTH, LONG, area, label=label, help_text=hint, required=required)


def email_field(label: Any, hint: Any = "", **options: Any) -> forms.CharField:
    return text(
        _("Enter your e-mail address"),
        LENGTHS["email"],
        _("The e-mail address must be 254 characters or fewer"),
        forms.EmailInput({"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        label=label,
        help_text=hint,
        **options,
    )


def name_field(label: Any, hint: Any = "") -> forms.CharField:
    return text(
        _("Enter your full name"),
        LENGTHS["name"],
        _("Your name must be 200 characters or fewer"),
        forms.TextInput({"autocomplete": "name", "spellcheck": "false"}),
        label=label,
        help_text=hint,
    )


def address_field(label: Any, hint: Any = "", **options: Any) -> forms.CharField:
    return text(
        _("Enter your postal address"),
        LENGTHS["address"],
        _("The postal address must be 500 characters or fewer"),
        forms.Textarea({"rows": 5, "autocomplete": "street-address", "spellcheck": "false"}),
        label=label,
        help_text=hint,
        **options,
    )


def reference_field(label: Any, hint: Any) -> forms.CharField:
    return text(
        _("Enter the reference of your request"),
        40,
        _("Enter a reference like KP-2345-BCDF"),
        forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
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


class WithReference(Question):
    def clean_reference(self) -> str:
        reference = references.tidy(self.cleaned_data["reference"])
        if not reference:
            raise forms.ValidationError(_("Enter a reference like KP-2345-BCDF"))
        return reference


class SendForm(Question):
    """The last page. The trap is a field that people do not see and simple robots fill in."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    website = forms.CharField(required=False, label=_("Leave this field empty"))

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("Leave the last field empty, then send the request again"))
        return ""


class LinkForm(WithReference):
    title = _("Get a link to your request")
    reference = reference_field(_("Reference"), _("It looks like KP-2345-BCDF. You will find it in our first message."))
    email = email_field(_("E-mail address"), _("The address you gave with the request."))

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"])


class NewAddressForm(Question):
    title = _("Which e-mail address is right?")
    email = email_field(title, _("The link we have sent already stops working, and we send a new one."))

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"])


class MessageForm(WithReference):
    title = _("Leave a message about your request")
    reference = reference_field(_("Reference"), _("It looks like KP-2345-BCDF."))
    message = text(
        _("Enter your message"),
        messages.LENGTH,
        _("Your message must be 2,000 characters or fewer"),
        forms.Textarea({"rows": 6}),
        label=_("Your message"),
        help_text=_("Tell us how to reach you now: by telephone, by post or at another e-mail address."),
    )


def choice(label: Any, options: Any) -> forms.ChoiceField:
    """One of several in a list that may stay empty."""
    wrong = {"invalid_choice": _("Choose from the list")}
    return forms.ChoiceField(label=label, choices=[("", ""), *options], required=False, error_messages=wrong)


def representative_field(**options: Any) -> forms.CharField:
    return text(
        MISSING["representative"],
        LENGTHS["representative"],
        _("Your name and how we reach you must be 200 characters or fewer"),
        forms.Textarea({"rows": 2}),
        label=_("Your own name, and how we reach you"),
        help_text=_("We ask you to show that you may act for them before we send or change anything."),
        **options,
    )


class ComplaintForm(SendForm):
    """A complaint in one page (DPA 2018 s.164A(2): a form, and other ways beside it)."""

    title = _("Complain about how we handled your data")
    complaint = words(
        _("What went wrong?"),
        _("Tell us what went wrong"),
        _("In your own words. If it is about a request, give its reference if you have it."),
    )
    wish = words(_("What would put it right? (optional)"), rows=3, required=False)
    name = name_field(_("Your full name"))
    email = email_field(_("Your e-mail address"), _("If you have none, leave this empty."), required=False)
    address = address_field(
        _("Your postal address"), _("Only if you gave no e-mail address. We write to you there."), required=False
    )
    age = choice(_("How old are they?"), AGES)
    capacity = choice(_("Who are you?"), CAPACITIES)
    representative = representative_field(required=False)
    field_order = ["complaint", "wish", "name", "email", "address", *FOR_ANOTHER, "token", "website"]

    @property
    def about_them(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        return [field for field in self.visible_fields() if field.name not in (*FOR_ANOTHER, "website")]

    @property
    def for_another(self) -> list[forms.BoundField]:
        return [self[name] for name in FOR_ANOTHER]

    @property
    def is_for_another(self) -> bool:
        """Whether something was said about somebody else, so that it is not folded away."""
        return any(field.value() for field in self.for_another)

    def clean_email(self) -> str:
        return possible_email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("email") and not data.get("address") and not {"email", "address"} & set(self.errors):
            self.add_error("email", _("Enter an e-mail address or a postal address, so that we can answer you"))
        if any(data.get(name) for name in FOR_ANOTHER):
            for name, missing in MISSING.items():
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, missing)
        return data
