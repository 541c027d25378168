"""What becomes of a value so that it says less about a person: one strategy for each field, declared in a recipe.

A recipe names every field that may come; one that it does not name is refused, since what nobody thought of is what
singles people out. Nothing here makes a table anonymous: that is measured afterwards (retention/anonymise.py).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid

# What a value becomes that is empty, or that its strategy cannot read: it must not pass as it is.
NOTHING = ""
Strategy = Callable[[str], str]
# Before or after the point.
MOST_DIGITS = 30
POSTCODE = re.compile(r"(?P<area>[A-Z]{1,2})(?P<district>\d[A-Z\d]?) ?\d[A-Z]{2}")


def keep(options: Mapping[str, Any]) -> Strategy:
    """As it is, unless no row can hold it. The measuring decides whether that can be."""
    return lambda value: NOTHING if "\0" in value else value.strip()


def generalise_date(options: Mapping[str, Any]) -> Strategy:
    """A day (YYYY-MM-DD…) to its `month`, `quarter`, `year` or `decade`."""
    to = _choice(options, "to", ("month", "quarter", "year", "decade"))

    def coarser(value: str) -> str:
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return NOTHING
        if to == "month":
            return f"{day:%Y-%m}"
        if to == "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        return f"{day.year}" if to == "year" else f"{day.year // 10 * 10}s"

    return coarser


def generalise_postcode(options: Mapping[str, Any]) -> Strategy:
    """A British postcode to its `district` (TS1) or its `area` (TS)."""
    to = _choice(options, "to", ("district", "area"))

    def coarser(value: str) -> str:
        found = POSTCODE.fullmatch(value.upper())
        if not found:
            return NOTHING
        return found["area"] if to == "area" else found["area"] + found["district"]

    return coarser


def generalise_place(options: Mapping[str, Any]) -> Strategy:
    """A place to the one that holds it, by a table; what is not in the table becomes `other`."""
    table = options.get("table")
    if not isinstance(table, Mapping) or not table:
        raise _wrong("table", _("Give the table of places and what holds them."))
    wider = {str(name).strip().casefold(): str(place) for name, place in table.items()}
    other = str(options.get("other", "other"))
    return lambda value: wider.get(value.casefold(), other) if value else NOTHING


def generalise_ip(options: Mapping[str, Any]) -> Strategy:
    """An address to its network: 16 bits of IPv4 and 32 of IPv6 unless `v4` and `v6` say otherwise."""
    bits = {4: int(_number(options, "v4", 16)), 6: int(_number(options, "v6", 32))}
    if not (0 <= bits[4] <= 24 and 0 <= bits[6] <= 48):
        raise _wrong("v4", _("At most 24 bits of IPv4 and 48 of IPv6 are kept: more is a household or a device."))

    def coarser(value: str) -> str:
        try:
            address = ip_address(value)
        except ValueError:
            return NOTHING
        return str(ip_network((address, bits[address.version]), strict=False))

    return coarser


def bucket(options: Mapping[str, Any]) -> Strategy:
    """A number to the range of `width` that it lies in; with `top` or `bottom`, also coded at that end."""
    width = _number(options, "width")
    if width <= 0:
        raise _wrong("width", _("Give a width above zero."))
    ends = _ends(options)

    def coarser(value: str) -> str:
        number = _read(value)
        if number is None:
            return NOTHING
        if coded := _coded(number, *ends):
            return coded
        low = (number / width).to_integral_value(ROUND_FLOOR) * width
        return f"{_plain(low)} to under {_plain(low + width)}"

    return coarser


def top_code(options: Mapping[str, Any]) -> Strategy:
    """Numbers beyond `top` or `bottom` to “90 or more”: the few extreme ones are the easiest to find."""
    ends = _ends(options)
    if ends == (None, None):
        raise _wrong("top", _("Give top, bottom or both."))

    def coarser(value: str) -> str:
        number = _read(value)
        return NOTHING if number is None else _coded(number, *ends) or _plain(number)

    return coarser


STRATEGIES: Mapping[str, Callable[[Mapping[str, Any]], Strategy]] = {
    "keep": keep,
    "date": generalise_date,
    "postcode": generalise_postcode,
    "place": generalise_place,
    "ip": generalise_ip,
    "bucket": bucket,
    "top-code": top_code,
}
# These leave no column: a value that names somebody, words that anybody wrote, and what links to another table.
REMOVED = frozenset({"suppress", "free-text", "unlink"})


def strategy(field: str, options: Mapping[str, Any]) -> Strategy | None:
    """What the recipe says about this field; None when it leaves. Raises Invalid naming the field."""
    name = str(options.get("strategy", ""))
    if name in REMOVED:
        return None
    if name not in STRATEGIES:
        known = ", ".join(sorted({*STRATEGIES, *REMOVED}))
        raise Invalid(fields={field: _("Choose a strategy: %(known)s.") % {"known": known}})
    try:
        return STRATEGIES[name](options)
    except Invalid as error:
        raise Invalid(fields={field: next(iter(error.fields.values()))}) from error


def _ends(options: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    bottom, top = (_number(options, name) if name in options else None for name in ("bottom", "top"))
    if bottom is not None and top is not None and bottom >= top:
        raise _wrong("top", _("The top must lie above the bottom."))
    return bottom, top


def _coded(number: Decimal, bottom: Decimal | None, top: Decimal | None) -> str:
    if top is not None and number >= top:
        return f"{_plain(top)} or more"
    return f"{_plain(bottom)} or less" if bottom is not None and number <= bottom else ""


def _read(value: str) -> Decimal | None:
    """One beyond `MOST_DIGITS` counts nothing that is, and would overflow or become a text of a million digits."""
    try:
        number = Decimal(value.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS else None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _number(options: Mapping[str, Any], name: str, default: int | None = None) -> Decimal:
    number = _read(str(options.get(name, default)))
    if number is None:
        raise _wrong(name, _("Give a number."))
    return number


def _choice(options: Mapping[str, Any], name: str, among: tuple[str, ...]) -> str:
    found = options.get(name)
    if found not in among:
        raise _wrong(name, _("Choose one of: %(among)s.") % {"among": ", ".join(among)})
    return str(found)


def _wrong(name: str, sentence: Any) -> Invalid:
    return Invalid(fields={name: sentence})
