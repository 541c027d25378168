"""Forms on the office's pages: how a refusal of the domain gets back to the field it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Controller


def refuse(form: forms.Form, error: DomainError, fields: Mapping[str, str] | None = None) -> None:
    """Show a refusal at the fields it names; `fields` says which of them stand for others."""
    for name, sentence in (error.fields or {"": error.message}).items():
        field = (fields or {}).get(name, name.rpartition(".")[2])
        form.add_error(field if field in form.fields else None, str(sentence))


class MomentField(forms.DateTimeField):
    """A date and time as the clock on the controller's wall shows it."""

    default_error_messages = {"invalid": _("Give a date and a time, for example 2026-11-22 14:30.")}

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
        super().__init__(**given)

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(Controller.current().zone) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(Controller.current().zone):
            return super().to_python(value)


class DayField(forms.DateField):
    default_error_messages = {"invalid": _("Give a date, for example 2026-11-22.")}

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**given)
