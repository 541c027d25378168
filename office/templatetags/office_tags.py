"""Codes of people's pages in words."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consents.models import Status
from processing.models import Channel
from requests.templatetags.requests_office import readable
from subjects.models import PersonalDataItem

register = template.Library()
# The register says "From you": true in a letter, wrong on a page for staff.
SOURCES: dict[str, str | Promise] = {
    "in_person": _("the person, face to face"),
    "correspondence": _("the person, in correspondence"),
    "phone": _("the person, on the telephone"),
    "social_media": _("the person, on social media"),
    "website": _("the person, on a website"),
    "product": _("their use of a product"),
    "third_party": _("a third party"),
    "public_source": _("a public source"),
}
NATURES: dict[str, str | Promise] = {
    "provided": _("provided"),
    "observed": _("observed"),
    "inferred": _("inferred by us"),
}


@register.filter
def day(value: date | datetime | None) -> str:
    """Tuesday 22 December 2026, in the zone in force (office/frame.py): no look-up for each value."""
    return format_date(_local(value), "l j F Y") if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    """22 December 2026 at 14:05."""
    return format_date(_local(value), "j F Y \\a\\t H:i") if value else ""


def _local(value: date | datetime) -> date | datetime:
    return timezone.localtime(value) if isinstance(value, datetime) else value


@register.filter
def source_in_words(item: PersonalDataItem) -> str:
    return str(SOURCES.get(item.source, item.get_source_display()))


@register.filter
def nature_in_words(item: PersonalDataItem) -> str:
    return str(NATURES.get(item.nature, item.nature))


@register.filter
def channel_in_words(channel: str) -> str:
    return str(dict(Channel.choices).get(channel, channel))


@register.filter
def status_in_words(status: str) -> str:
    return str(dict(Status.choices).get(status, status)).lower()


@register.filter
def of(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def content(text: str) -> str:
    """The content of an item: a text as it is, anything with parts as a list of them."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return value if isinstance(value, str) else readable(value)


@register.filter
def as_query(filters: Mapping[str, str]) -> str:
    return urlencode(dict(filters))
