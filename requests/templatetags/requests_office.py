"""How values read in packages, letters and the office's pages."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils.dateformat import format as format_date
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import Controller
from processing.models import Purpose
from requests import expiry, messages, reading
from requests.models import CaseFile, Right

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
    return reading.words(name)


@register.filter
def claim_words(name: str) -> str:
    """A part of what somebody claimed as a label: what they said about a right stands under its name."""
    return str(Right(name).label) if name in Right.values else reading.words(name)


@register.filter
def purpose_title(purpose: Purpose) -> str:
    """What a purpose is called in the newest version of the register."""
    title = purpose.versions.order_by("-number").values_list("title", flat=True).first()
    return title or purpose.slug


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
def reference(case: CaseFile) -> str:
    """What a case is called: its first request, or its complaint."""
    return messages.reference_of(case)


@register.filter
def keeping(case: CaseFile) -> list[expiry.Kept]:
    """What is kept of a case, and until when."""
    return expiry.kept(case)


@register.filter
def office_page(case: CaseFile) -> str:
    """Where staff see a case."""
    return messages.page_of(case)


@register.filter
def readable(value: Any) -> str | SafeString:
    """A value of an export for a person (requests/reading.py)."""
    return reading.readable(value, Controller.current().zone)
