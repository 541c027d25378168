"""From facts to a stored clock: the rule set and the public holidays that requests/clock.py is given."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from core import prepared
from core.apikeys import Seen
from core.models import BankHoliday, Controller, RuleSet
from core.recall import Changed, Recall
from core.rules import NoRuleSet, rule_set
from requests.clock import Clock, compute
from requests.facts import Facts
from requests.models import RightsRequest


def regime_of(controller: Controller) -> str:
    return "UK" if controller.jurisdiction == "UK" else "EU"


def has_passed(day: date | None, *, now: datetime) -> bool:
    """Whether this day is over where the controller is: nobody is promised anything by it any more."""
    # A later day than in Greenwich has passed nowhere: nobody need be asked where the controller is.
    if day is None or day > now.astimezone(UTC).date():
        return False
    return day < now.astimezone(Controller.current().zone).date()


def holidays_of(division: str) -> frozenset[date]:
    """Every public holiday we know of in this division."""
    return frozenset(BankHoliday.objects.filter(division=division).values_list("date", flat=True))


@dataclass(frozen=True)
class Circumstances:
    """What the clock of a request received on `day` is computed from, read at once."""

    controller: Controller
    rules: RuleSet
    day: date
    # Those of the next months: a request without any other fact is due well before they end.
    holidays: frozenset[date]
    # Of all this, as it was read (core/recall.py).
    version: str

    def proof(self, by: Seen | None) -> dict[str, Any]:
        """What PROVEN compares: that this is still so, and so is the key that was recalled."""
        unknown = _unknown()
        place = {"given": self.day, "arrived": None, "division": unknown.division, "zone": unknown.time_zone}
        return place | {"version": self.version} | _key(by)


_CONTROLLER, _RULES = ([str(field.attname) for field in model._meta.concrete_fields] for model in (Controller, RuleSet))
_PLACE = """
FROM (VALUES (1)) one (id)
LEFT JOIN core_controller controller ON controller.id = one.id
CROSS JOIN LATERAL (SELECT COALESCE(controller.division, %(division)s) AS division,
                           CASE COALESCE(controller.jurisdiction, 'UK') WHEN 'UK' THEN 'UK' ELSE 'EU' END AS regime,
                           COALESCE(controller.time_zone, %(zone)s) AS zone) place
CROSS JOIN LATERAL (
    SELECT COALESCE(%(given)s::date, (%(arrived)s::timestamptz AT TIME ZONE place.zone)::date) AS day) arrived
LEFT JOIN LATERAL (SELECT *, xmin, ctid FROM core_ruleset WHERE jurisdiction = place.regime
    AND effective_from <= arrived.day AND (effective_to IS NULL OR effective_to > arrived.day)
    ORDER BY effective_from DESC LIMIT 1) rules ON true
CROSS JOIN LATERAL (SELECT ARRAY(SELECT date FROM core_bankholiday WHERE division = place.division
    AND date BETWEEN arrived.day AND arrived.day + 100 ORDER BY date) AS holidays) public
WHERE (%(key)s::bigint IS NULL
    OR EXISTS (SELECT FROM core_apikey WHERE id = %(key)s AND xmin || ' ' || ctid = %(key_version)s))
"""
_VERSION = "concat_ws(' ', controller.xmin, controller.ctid, rules.xmin, rules.ctid, public.holidays)"
# Everything that takes in requests asks this, so it is planned once for each connection.
CIRCUMSTANCES = f"""
SELECT {", ".join(f"controller.{name}" for name in _CONTROLLER)}, {", ".join(f"rules.{name}" for name in _RULES)},
       arrived.day, public.holidays, {_VERSION} {_PLACE}
"""
# One row if that is still so.
PROVEN = f"SELECT {_PLACE} AND {_VERSION} = %(version)s"
_recalled: Recall[Circumstances] = Recall()


def recalled(given: date | None, at: datetime, *, by: Seen | None) -> Circumstances:
    """As `circumstances`, or as they were when they were read for that day before; then PROVEN has to be asked."""
    last = _recalled.get("last")
    if given is None and last and last.day == at.astimezone(last.controller.zone).date():
        return last
    return circumstances(given, at, by=by)


def circumstances(given: date | None, at: datetime, *, by: Seen | None = None) -> Circumstances:
    """For a request that arrived on a day that is `given`, or `at` a moment: then the day is that of the controller's
    own place. Raises NoRuleSet; and Changed when the key `by` is not any more as it was recalled.
    """
    unknown = _unknown()
    place = {"given": given, "arrived": at, "division": unknown.division, "zone": unknown.time_zone}
    row = prepared.fetch_one(CIRCUMSTANCES, place | _key(by))
    if row is None:
        raise Changed
    first, second = len(_CONTROLLER), len(_CONTROLLER) + len(_RULES)
    if row[first] is None:
        raise NoRuleSet
    controller = unknown if row[0] is None else Controller.from_db(None, _CONTROLLER, row[:first])
    rules = RuleSet.from_db(None, _RULES, row[first:second])
    rules.params = json.loads(rules.params)
    day, holidays, version = row[second:]
    return _recalled.keep("last", Circumstances(controller, rules, day, frozenset(holidays), version))


def _key(by: Seen | None) -> dict[str, Any]:
    return {"key": by.key.pk if by else None, "key_version": by.version if by else None}


@cache
def _unknown() -> Controller:
    return Controller.placeholder()


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
