"""How values read in packages, letters and the office's pages."""

import json
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.dateformat import format as format_date
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import Controller

register = template.Library()


def local(value: date | datetime) -> date | datetime:
    """A time in the controller's zone; a date as it is."""
    return value.astimezone(Controller.current().zone) if isinstance(value, datetime) else value


@register.filter
def in_words(value: date | datetime | None) -> str:
    """Tuesday 22 December 2026."""
    return format_date(local(value), "l j F Y") if value else ""


@register.filter
def moment(value: datetime | None) -> str:
    """22 December 2026 at 14:05."""
    return format_date(local(value), "j F Y \\a\\t H:i") if value else ""


@register.filter
def words(name: str) -> str:
    """A column name as a label: collected_at → Collected at."""
    return str(name).replace("_", " ").strip().capitalize()


@register.filter
def days_left(due: date, today: date) -> str:
    """In 30 days, today, or 3 days overdue."""
    days = (due - today).days
    if days < 0:
        return ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}
    if days == 0:
        return _("today")
    return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}


@register.filter
def readable(value: Any) -> str | SafeString:
    """A value of an export for a person: dates in words, lists as lists, objects as small definition lists."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return in_words(value)
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, dict):
        rows = ((words(key), readable(part)) for key, part in value.items() if part not in (None, "", [], {}))
        return format_html("<dl>{}</dl>", format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", rows))
    if isinstance(value, list | tuple):
        return _list(value)
    return str(value)


def _list(value: list[Any] | tuple[Any, ...]) -> str | SafeString:
    if all(isinstance(part, str | int) for part in value):
        return ", ".join(str(part) for part in value)
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((readable(part),) for part in value)))


def _from_text(value: str) -> str | SafeString:
    """Text that is JSON or an ISO time reads better opened; everything else is shown as it is, lines kept."""
    if value[:1] in "{[" and value[-1:] in "}]":
        try:
            return readable(json.loads(value))
        except ValueError:
            pass
    if len(value) == 10 and value[4:5] == "-":
        try:
            return in_words(date.fromisoformat(value))
        except ValueError:
            return value
    if len(value) >= 19 and value[4:5] == "-" and value[10:11] in "T ":
        try:
            at = parse_datetime(value)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return moment(at)
    return format_html("<pre>{}</pre>", value) if "\n" in value else value
