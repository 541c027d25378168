"""What a program exports, as a person reads it: labels, dates in words, lists as lists."""

import json
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

EMPTY: tuple[Any, ...] = (None, "", [], {})


def record(row: Mapping[str, Any], zone: tzinfo) -> SafeString:
    """One row as a list of labels and values. What is empty is left out."""
    return format_html('<div class="record">{}</div>\n', _pairs(row, zone))


def words(name: str) -> str:
    """A column name as a label: collected_at → Collected at."""
    return str(name).replace("_", " ").strip().capitalize()


def readable(value: Any, zone: tzinfo) -> str | SafeString:
    """One value: dates in words, lists as lists, objects as small definition lists."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return format_date(value.astimezone(zone), "j F Y \\a\\t H:i")
    if isinstance(value, date):
        return format_date(value, "l j F Y")
    if isinstance(value, str):
        return _from_text(value, zone)
    if isinstance(value, Mapping):
        return _pairs(value, zone)
    if isinstance(value, list | tuple):
        return _list(value, zone)
    return str(value)


def _pairs(row: Mapping[str, Any], zone: tzinfo) -> SafeString:
    pairs = ((words(name), readable(value, zone)) for name, value in row.items() if value not in EMPTY)
    return format_html("<dl>{}</dl>", format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", pairs))


def _list(value: list[Any] | tuple[Any, ...], zone: tzinfo) -> str | SafeString:
    if all(isinstance(part, str | int) for part in value):
        return ", ".join(str(part) for part in value)
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((readable(part, zone),) for part in value)))


def _from_text(value: str, zone: tzinfo) -> str | SafeString:
    """Text that is JSON or an ISO time reads better opened; everything else is shown as it is, lines kept."""
    try:
        if value[:1] in "{[" and value[-1:] in "}]":
            return readable(json.loads(value), zone)
        if len(value) == 10 and value[4:5] == "-":
            return readable(date.fromisoformat(value), zone)
        if len(value) >= 19 and value[4:5] == "-" and value[10:11] in "T ":
            at = parse_datetime(value)
            if at is not None and at.tzinfo is not None:
                return readable(at, zone)
    except ValueError:
        pass
    return format_html("<pre>{}</pre>", value) if "\n" in value else value
