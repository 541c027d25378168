"""What a program exports, as a person reads it: labels, dates in words, lists as lists.

Markup is put together as plain strings, each value escaped once: a copy may have a hundred thousand rows.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from html import escape
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

EMPTY: tuple[Any, ...] = (None, "", [], {})


def record(row: Mapping[str, Any], zone: tzinfo) -> str:
    """One row as markup: a list of labels and values. What is empty is left out."""
    return f'<div class="record">{_pairs(row, zone)}</div>\n'


def readable(value: Any, zone: tzinfo) -> SafeString:
    """One value: dates in words, lists as lists, objects as small definition lists."""
    return mark_safe(_markup(value, zone))  # noqa: S308 - every value in it is escaped by _markup


def words(name: str) -> str:
    """A column name as a label: collected_at → Collected at."""
    return str(name).replace("_", " ").strip().capitalize()


def _markup(value: Any, zone: tzinfo) -> str:
    if isinstance(value, str):
        return _from_text(value, zone)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        here = value.astimezone(zone)
        return escape(
            _("%(day)s at %(time)s") % {"day": _day(here.date(), "j F Y", get_language()), "time": f"{here:%H:%M}"}
        )
    if isinstance(value, date):
        return escape(_day(value, "l j F Y", get_language()))
    if isinstance(value, Mapping):
        return _pairs(value, zone)
    if isinstance(value, list | tuple):
        return _list(value, zone)
    return escape(str(value))


@lru_cache(maxsize=4096)
def _day(day: date, form: str, _language: str | None) -> str:
    return format_date(day, form)


def _pairs(row: Mapping[str, Any], zone: tzinfo) -> str:
    pairs = (
        f"<div><dt>{escape(words(name))}</dt><dd>{_markup(value, zone)}</dd></div>"
        for name, value in row.items()
        if value not in EMPTY
    )
    return f"<dl>{''.join(pairs)}</dl>"


def _list(value: list[Any] | tuple[Any, ...], zone: tzinfo) -> str:
    if all(isinstance(part, str | int) for part in value):
        return escape(", ".join(str(part) for part in value))
    return f"<ul>{''.join(f'<li>{_markup(part, zone)}</li>' for part in value)}</ul>"


def _from_text(value: str, zone: tzinfo) -> str:
    """Text that is JSON or an ISO time reads better opened; everything else is shown as it is, lines kept."""
    try:
        if value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
            return _markup(json.loads(value), zone)
        if len(value) == 10 and value[4] == "-":
            return _markup(date.fromisoformat(value), zone)
        if len(value) >= 19 and value[4] == "-" and value[10] in "T ":
            at = parse_datetime(value)
            if at is not None and at.tzinfo is not None:
                return _markup(at, zone)
    except (ValueError, RecursionError):
        pass
    return f"<pre>{escape(value)}</pre>" if "\n" in value else escape(value)
