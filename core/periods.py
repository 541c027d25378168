"""Periods as people say them."""

import re

from django.utils.translation import ngettext

UNITS = {
    "Y": lambda n: ngettext("%(n)d year", "%(n)d years", n),
    "M": lambda n: ngettext("%(n)d month", "%(n)d months", n),
    "D": lambda n: ngettext("%(n)d day", "%(n)d days", n),
}


def in_words(period: str) -> str:
    """An ISO 8601 period of years, months and days as people say it."""
    parts = [(int(number), unit) for number, unit in re.findall(r"(\d+)([YMD])", period)]
    return ", ".join(UNITS[unit](n) % {"n": n} for n, unit in parts)
