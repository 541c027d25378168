"""The clock command's protocol: one JSON object in, one JSON object out. A bad line is answered with its field."""

import json
import re
from collections import Counter
from collections.abc import Callable, Container
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import DomainError, Invalid
from core.models import RuleSet
from requests.clock import acknowledge_by, compute, notify_by
from requests.facts import DIVISIONS, FIRST, LAST, OUT_OF_RANGE, Facts, read_date, refuse

Holidays = Callable[[str], Container[date]]
Rules = Callable[[str, date], RuleSet]
# Far more than any facts need. A line without an end must not fill the memory.
LONGEST = 1_000_000
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def answer(line: bytes, *, holidays: Holidays, rules: Rules) -> dict[str, Any]:
    """The answer to one line. Raises Invalid naming the field, or no field when the line is not a JSON object."""
    data = _parse(line)
    question = _question(data)
    if question == "complaint_received":
        return _complaint(data, holidays, rules)
    if question == "breach_aware":
        return _breach(data, rules)
    facts = Facts.from_json(data)
    params = rules(facts.regime, facts.received).params
    clock = compute(facts, params=params, holidays=holidays(facts.division))
    return {
        "status": clock.status,
        "start": _iso(clock.start),
        "due": _iso(clock.due),
        "extension_notice_by": _iso(clock.extension_notice_by),
        "explanation": clock.explanation,
    }


def refusal(error: DomainError, line: int) -> dict[str, Any]:
    field = next(iter(error.fields), None)
    return {"error": str(error.fields[field] if field else error.message), "line": line, "field": field}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _question(data: dict[str, Any]) -> str:
    """Which clock is asked for: a member that is null asks nothing, beside one that does. The others are dropped."""
    others = ("complaint_received", "breach_aware")
    asked = [name for name in others if name in data]
    first = next((name for name in asked if data[name] is not None), "")
    if not first and asked and "right" not in data and "received" not in data:
        first = asked[0]
    for name in asked:
        if name != first and data[name] is None:
            del data[name]
    return first


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise Invalid(_("This line is too long."))
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise Invalid(_("This line is not UTF-8.")) from error
    if not text:
        raise Invalid(_("This line is empty."))
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This line is not JSON.")) from error
    if not isinstance(data, dict):
        raise Invalid(_("This line is not a JSON object."))
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members are named once: of two dates, neither is the right one."""
    data = dict(pairs)
    if len(data) != len(pairs):
        [(name, _times)] = Counter(name for name, _value in pairs).most_common(1)
        raise refuse(name[:40], _("This is given twice."))
    return data


def _complaint(data: dict[str, Any], holidays: Holidays, rules: Rules) -> dict[str, Any]:
    _only(data, "complaint_received", "division")
    received = read_date("complaint_received", data["complaint_received"])
    division = DIVISIONS[0] if data.get("division") is None else data["division"]
    if division not in DIVISIONS:
        raise refuse("division", _("This must be one of: %(choices)s.") % {"choices": ", ".join(DIVISIONS)})
    params = rules("UK", received).params
    return {"acknowledge_by": _iso(acknowledge_by(received, params=params, holidays=holidays(division)))}


def _breach(data: dict[str, Any], rules: Rules) -> dict[str, Any]:
    _only(data, "breach_aware")
    text = data["breach_aware"]
    try:
        if not isinstance(text, str) or not INSTANT.fullmatch(text):
            raise ValueError
        aware = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refuse("breach_aware", _("Write a time with its zone, as in 2026-12-24T17:30Z.")) from error
    if not FIRST <= aware.date() <= LAST:
        raise refuse("breach_aware", OUT_OF_RANGE)
    by = notify_by(aware, params=rules("UK", aware.date()).params)
    # As precise as the time that was given.
    precision = "minutes" if text.count(":") == 1 + ("Z" not in text) else "auto"
    return {"notify_by": by.replace(tzinfo=None).isoformat(timespec=precision) + "Z"}


def _only(data: dict[str, Any], *fields: str) -> None:
    for field in data:
        if field not in fields:
            raise refuse(field[:40], _("There is no such field."))
