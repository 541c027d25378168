"""The one form that people fill in here: where to send the link to their choices."""

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _


class AddressForm(forms.Form):
    use_required_attribute = False
    email = forms.CharField(
        label=_("Which e-mail address do we write to?"),
        help_text=_("We send a link to it. The link opens your choices."),
        widget=forms.EmailInput({"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        validators=[MaxLengthValidator(254, _("The e-mail address must be 254 characters or fewer"))],
        error_messages={
            "required": _("Enter your e-mail address"),
            "null_characters_not_allowed": _("Enter text only"),
        },
    )

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the input, message), for the summary above the form."""
        return [(f"id_{name}", str(messages[0])) for name, messages in self.errors.items()]
