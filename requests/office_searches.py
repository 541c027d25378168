"""Reading a search log from a form of the office."""

from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _

from core.errors import Invalid
from requests.searching import Log

WORDS = ("terms", "places", "custodians", "left_out", "why")


def search_of(post: QueryDict) -> Log:
    """What was typed about a search. Raises Invalid for a date that is none."""
    words = {name: post.get(name, "").strip() for name in WORDS}
    return Log(**words, since=_day(post.get("since", "")), until=_day(post.get("until", "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(fields={"since": _("Give a date, for example 2026-11-22.")}) from error
