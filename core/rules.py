"""The law as data with dates: what a case is computed under is the rule set in force when it was received.

Periods are those of Art 12(3) GDPR and Art 12A UK GDPR (in force 5 February 2026, SI 2026/82), section 164A of the
Data Protection Act 2018 (complaints to controllers, in force 19 June 2026) and Art 33 (breaches).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.models import RuleSet

# Same in all: one month, two more (Art 12(3), 12A(4)), 28 days as our own target, 72 hours for a breach (Art 33(1)).
COMMON: Mapping[str, Any] = {
    "months": 1,
    "extension_months": 2,
    "target_days": 28,
    "breach_hours": 72,
    "breach_working_days": 0,
    "pause_rights": [],
    "fee_stops_clock": False,
    "complaint_ack_days": None,
    "complaint_routes": ["regulator", "court"],
    "objection_stops_direct_marketing": True,
}
_UK_12A = {"pause_rights": ["access"], "fee_stops_clock": True}
_UK_164A = {"complaint_ack_days": 30, "complaint_routes": ["controller", "regulator", "court"]}

# (slug, jurisdiction, from, to, what differs from COMMON, source)
RULE_SETS: tuple[tuple[str, str, date, date | None, Mapping[str, Any], str], ...] = (
    ("uk-2018", "UK", date(2018, 5, 25), date(2025, 8, 20), {}, "GDPR Art 12(3)"),
    ("uk-2025-08", "UK", date(2025, 8, 20), date(2026, 2, 5), {}, "UK GDPR Art 4A and 12(3); DUAA 2025 s.108"),
    ("uk-2026-02", "UK", date(2026, 2, 5), date(2026, 6, 19), _UK_12A, "UK GDPR Art 12A; DUAA 2025 s.76; SI 2026/82"),
    (
        "uk-2026-06",
        "UK",
        date(2026, 6, 19),
        None,
        {**_UK_12A, **_UK_164A},
        "UK GDPR Art 12A; DPA 2018 s.164A; DUAA 2025 s.103",
    ),
    ("eu-2018", "EU", date(2018, 5, 25), None, {}, "GDPR Art 12(3); Regulation (EEC, Euratom) 1182/71 Art 3"),
)


class NoRuleSet(NotFound):
    code = "no-rule-set"
    message = _("No rule set covers this place and date.")


def rule_set(jurisdiction: str, on: date) -> RuleSet:
    """The rule set in force in "UK" or "EU" on a day. Raises NoRuleSet."""
    in_force = Q(effective_to=None) | Q(effective_to__gt=on)
    found = RuleSet.objects.filter(in_force, jurisdiction=jurisdiction, effective_from__lte=on)
    row = found.order_by("-effective_from").first()
    if row is None:
        raise NoRuleSet
    return row


def load() -> None:
    """Add the rule sets that are missing. One that is there stays as it is: cases were computed under it."""
    for slug, jurisdiction, start, end, differs, source in RULE_SETS:
        RuleSet.objects.get_or_create(
            slug=slug,
            defaults={
                "jurisdiction": jurisdiction,
                "effective_from": start,
                "effective_to": end,
                "params": {**COMMON, **differs},
                "source": source,
            },
        )
