"""From facts to a stored clock: the rule set and the public holidays that requests/clock.py is given."""

from collections.abc import Callable
from datetime import date
from functools import cache

from core.models import BankHoliday, Controller, RuleSet
from core.rules import NoRuleSet, rule_set
from requests.clock import Clock, compute
from requests.facts import Facts
from requests.models import RightsRequest


def regime_of(controller: Controller) -> str:
    return "UK" if controller.jurisdiction == "UK" else "EU"


def holidays_of(division: str) -> frozenset[date]:
    """Every public holiday we know of in this division."""
    return frozenset(BankHoliday.objects.filter(division=division).values_list("date", flat=True))


def cached() -> tuple[Callable[[str], frozenset[date]], Callable[[str, date], RuleSet]]:
    """The two look-ups, remembered: for a run over many lines."""
    rows = list(RuleSet.objects.order_by("-effective_from"))

    def rules(jurisdiction: str, on: date) -> RuleSet:
        for row in rows:
            in_force = row.effective_from <= on and (row.effective_to is None or on < row.effective_to)
            if in_force and row.jurisdiction == jurisdiction:
                return row
        raise NoRuleSet

    return cache(holidays_of), rules


def clock_of(facts: Facts, rules: RuleSet | None = None, *, holidays: frozenset[date] | None = None) -> Clock:
    """The clock under the rule set of the case, or under the one in force when the request was received.

    `holidays` are those of its division, for whoever has them.
    """
    rules = rules or rule_set(facts.regime, facts.received)
    known = holidays_of(facts.division) if holidays is None else holidays
    return compute(facts, params=rules.params, holidays=known)


def store(rights_request: RightsRequest, facts: Facts) -> Clock:
    """Compute again after a fact was added, and keep the results. Raises Invalid; then nothing changed."""
    clock = clock_of(facts, rights_request.case.rule_set)
    rights_request.keep_clock(facts.to_json(), due=clock.due, notice_by=clock.extension_notice_by, target=clock.target)
    return clock
