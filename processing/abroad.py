"""Which recipients are in a third country: outside the United Kingdom, or under the law of the Union outside the
European Economic Area (Arts 13(1)(f), 15(2) and 44).
"""

from collections.abc import Iterable

from processing.models import Recipient

UNITED_KINGDOM = frozenset({"GB"})
EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)


def among(recipients: Iterable[Recipient], jurisdiction: str) -> list[Recipient]:
    """Those that are, for a controller of this jurisdiction."""
    home = UNITED_KINGDOM if jurisdiction == "UK" else EEA
    return [one for one in recipients if one.country not in home]
