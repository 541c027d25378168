"""Exemptions as staff read them."""

import json
from typing import Any

from django import template

from requests import exempting
from requests.exemptions import EXEMPTIONS
from requests.leaving_out import reasons_of
from requests.models import Exemption, Right, RightsRequest
from requests.two_people import REASONS

register = template.Library()


@register.filter
def ground(made: Exemption) -> str:
    """Information about somebody else (DPA 2018 Sch 2 ¶16)."""
    code = EXEMPTIONS[made.code]
    return f"{code.label} ({code.article})"


@register.filter
def reasons(made: Exemption) -> dict[str, Any]:
    """Why, opened: only on pages that record that they were looked at."""
    return reasons_of(made)


@register.filter
def unquoted(content: str) -> str:
    """A record that is one piece of text, without the marks in which it is stored."""
    try:
        value = json.loads(content)
    except ValueError:
        return content
    return value if isinstance(value, str) else content


@register.filter
def of_item(left_out: dict[Any, list[Any]], item: Any) -> list[Any]:
    return left_out.get(item, [])


@register.simple_tag
def spared_of(rights_request: RightsRequest) -> dict[str, tuple[int, int]]:
    """By purpose: how many records an exemption leaves as they are, out of how many."""
    return exempting.counts(rights_request) if rights_request.right != Right.ACCESS else {}


@register.filter
def in_purpose(spared: dict[str, tuple[int, int]], slug: str) -> tuple[int, int] | None:
    return spared.get(slug)


@register.filter
def numbers(last: int) -> range:
    """1 to last."""
    return range(1, last + 1)


@register.simple_tag
def own_reasons() -> dict[str, Any]:
    """Why one person may do both."""
    return dict(REASONS)
