"""What people fill in on the pages of their choices: an address, the code mailed to it, a pause, a language."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from core.desk import DayField


class PublicForm(forms.Form):
    use_required_attribute = False

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the input, message), for the summary above the form."""
        return [(f"id_{name}", str(messages[0])) for name, messages in self.errors.items()]


class AddressForm(PublicForm):
    email = forms.CharField(
        label=_("Which e-mail address do we write to?"),
        help_text=_("We send a code to it. The code opens your choices."),
        widget=forms.EmailInput({"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        validators=[MaxLengthValidator(254, _("The e-mail address must be 254 characters or fewer"))],
        error_messages={
            "required": _("Enter your e-mail address"),
            "null_characters_not_allowed": _("Enter text only"),
        },
    )


class CodeForm(PublicForm):
    code = forms.CharField(
        label=_("Code"),
        help_text=_("Eight digits, from the e-mail that we sent just now."),
        max_length=30,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code", "class": "short"}),
        error_messages={
            "required": _("Enter the code"),
            "max_length": _("The code has eight digits"),
            "null_characters_not_allowed": _("Enter digits only"),
        },
    )


class PauseForm(PublicForm):
    """`topics` are (slug, title) of what can be paused."""

    topic = forms.ChoiceField(label=_("What"), required=False)
    until = DayField(
        label=_("Until when"),
        help_text=_("On this day it goes on by itself. A year from now at most."),
        error_messages={"required": _("Give the day on which it goes on")},
    )

    def __init__(self, *args: Any, topics: Iterable[tuple[str, str]], today: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["topic"].choices = [("", _("Everything that is on")), *topics]  # type: ignore[attr-defined]
        self.fields["until"].initial = today + timedelta(days=30)
        self.fields["until"].widget.attrs |= {
            "min": (today + timedelta(days=1)).isoformat(),
            "max": (today + timedelta(days=365)).isoformat(),
        }


class LanguageForm(PublicForm):
    language = forms.ChoiceField(
        label=_("Language"),
        error_messages={"invalid_choice": _("Choose one of the languages")},
    )

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["language"].choices = languages  # type: ignore[attr-defined]
