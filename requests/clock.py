"""When an answer is due, computed from dated facts and explained in sentences. Pure: no clock of its own, no database.

UK GDPR Art 12A (Data (Use and Access) Act 2025 s.76), counted as Regulation 1182/71 Art 3 says (UK GDPR Art 4A, DPA
2018 s.205(2)). `holidays` holds the public holidays of the place; Saturdays and Sundays are known here.
"""

from calendar import monthrange
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from requests.facts import Facts, refuse

Pause = tuple[date, date | None]
DAY = timedelta(days=1)
# What Art 12A says, for a rule set that does not say otherwise.
DEFAULTS: dict[str, int] = {
    "months": 1,
    "extension_months": 2,
    "exam_months": 5,
    "exam_days": 40,
    "target_days": 28,
    "complaint_ack_days": 30,
    "breach_hours": 72,
}


@dataclass(frozen=True)
class Clock:
    """`due` is a working day; `extension_notice_by` is the date before it is rolled, so that nobody works too late."""

    status: str
    start: date | None
    due: date | None
    extension_notice_by: date | None
    target: date | None
    explanation: list[str]


def compute(facts: Facts, *, params: Mapping[str, Any], holidays: Container[date], explains: bool = True) -> Clock:
    """The clock of one rights request (Art 12A). Raises Invalid when an extension was noted too late (Art 12A(4)).

    Without `explains`, the dates only: for whoever takes requests in by the hundred.
    """
    start = start_of(facts)
    if start is None:
        return Clock("not_started", None, None, None, None, [_received(facts), *_waiting(facts)])
    months = _param(params, "months")
    pauses = pauses_of(facts)
    notice_by = walk(start, (add_months(start, months) - start).days, pauses)
    if facts.extended_on:
        _check_notice(facts.extended_on, notice_by)
        months += _param(params, "extension_months")
    ordinary = walk(start, (add_months(start, months) - start).days, pauses)
    exam = exam_until(facts, start, params=params)
    raw = max(ordinary, exam) if ordinary and exam else ordinary
    due = roll_forward(raw, holidays) if raw else None
    target = walk(start, _param(params, "target_days"), pauses) if raw else None
    exams = _exam(facts, start, params, ordinary) if explains and ordinary else ()
    explanation = [*_explained(facts, start, months, pauses), *exams, *_ended(raw, due)] if explains else []
    if due is None:
        return Clock("paused", start, None, notice_by, None, explanation)
    return Clock("running", start, due, notice_by, min(target, due) if target else None, explanation)


def _explained(facts: Facts, start: date, months: int, pauses: list[Pause]) -> Iterator[str]:
    yield _received(facts)
    yield from _started(facts, start)
    yield from _month(facts, start, months)
    yield from _paused(facts, pauses)


def _ended(raw: date | None, due: date | None) -> Iterator[str]:
    if raw is None or due is None:
        yield _("The clock is paused until the question is answered, so there is no due date yet.")
    else:
        yield from _ending(raw, due)


def acknowledge_by(received: date, *, params: Mapping[str, Any], holidays: Container[date]) -> date:
    """When a complaint must be acknowledged: 30 days, then the next working day (DPA 2018 s.164A(3))."""
    return roll_forward(received + timedelta(days=_param(params, "complaint_ack_days")), holidays)


def notify_by(aware: datetime, *, params: Mapping[str, Any]) -> datetime:
    """When a breach must be notified: 72 hours of real time, holidays included (Art 33(1); Reg 1182/71 Art 3(4))."""
    return aware + timedelta(hours=_param(params, "breach_hours"))


def start_of(facts: Facts) -> date | None:
    """The relevant time (Art 12A(2)): the latest of receipt, of the identity asked for, and of payment of the fee.

    The EU text knows only the receipt; we take no suspension there (the cautious reading of EDPB 01/2022).
    """
    if facts.regime != "UK":
        return facts.received
    if (facts.id_asked and not facts.id_received) or (facts.fee_charged and not facts.fee_paid):
        return None
    return max(filter(None, (facts.received, facts.id_received, facts.fee_paid)))


def pauses_of(facts: Facts) -> list[Pause]:
    """The days on which a clarification was open, both ends included, merged (Art 12A(5): UK and access only)."""
    if facts.regime != "UK" or facts.right != "access":
        return []
    merged: list[Pause] = []
    for asked, answered in sorted(facts.clarifications, key=lambda pause: pause[0]):
        last = merged[-1] if merged else None
        if last and (last[1] is None or asked <= last[1] + DAY):
            merged[-1] = (last[0], None if last[1] is None or answered is None else max(last[1], answered))
        else:
            merged.append((asked, answered))
    return merged


def exam_until(facts: Facts, start: date, *, params: Mapping[str, Any]) -> date | None:
    """Until when a request for exam marks that came before the results may be answered (DPA 2018 Sch 2 ¶25): five
    months from the relevant time, or 40 days from the announcement if that is earlier. None: the ordinary time.

    No question lengthens it (the cautious reading: Art 12A(5) names the ordinary time), and where the ordinary time is
    longer, because proof of identity came late or the time was extended, that counts.
    """
    if facts.exam_results is None or facts.received >= facts.exam_results:
        return None
    return min(_exam_ends(facts.exam_results, start, params))


def _exam_ends(results: date, start: date, params: Mapping[str, Any]) -> tuple[date, date]:
    return add_months(start, _param(params, "exam_months")), results + timedelta(days=_param(params, "exam_days"))


def walk(start: date, days: int, pauses: list[Pause]) -> date | None:
    """The day on which `days` days that are not paused have passed since `start`; None if a pause never ends."""
    day = start
    for first, last in pauses:
        free = max((first - day).days - 1, 0)
        if days <= free:
            break
        days -= free
        if last is None:
            return None
        day = max(day, last)
    return day + timedelta(days=days)


def add_months(day: date, months: int) -> date:
    """The same date some months later, or the last day of that month (Reg 1182/71 Art 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def roll_forward(day: date, holidays: Container[date]) -> date:
    """The day itself, or the working day after a weekend or public holiday (Reg 1182/71 Art 3(4))."""
    while day.weekday() >= 5 or day in holidays:
        day += DAY
    return day


def in_words(day: date) -> str:
    return _words(day, get_language())


@lru_cache(maxsize=4096)
def _words(day: date, language: str | None) -> str:
    return format_date(day, "l j F Y")


def _param(params: Mapping[str, Any], name: str) -> int:
    return int(params.get(name) or DEFAULTS[name])


def _check_notice(extended_on: date, notice_by: date | None) -> None:
    if notice_by and extended_on > notice_by:
        message = _("Notice of an extension had to be given by %(day)s, so it does not count.")
        raise refuse("extended_on", message % {"day": in_words(notice_by)})


def _received(facts: Facts) -> str:
    return _("The request was received on %(day)s.") % {"day": in_words(facts.received)}


def _waiting(facts: Facts) -> Iterator[str]:
    if facts.id_asked and not facts.id_received:
        yield _("We asked for proof of identity on %(day)s and have not received it.") % {
            "day": in_words(facts.id_asked)
        }
    if facts.fee_charged and not facts.fee_paid:
        yield _("A fee was charged on %(day)s and has not been paid.") % {"day": in_words(facts.fee_charged)}
    yield _("The clock has not started, so there is no due date yet (UK GDPR Art 12A(2)).")


def _started(facts: Facts, start: date) -> Iterator[str]:
    if facts.regime != "UK":
        if facts.id_asked or facts.fee_charged:
            yield _("Under the EU GDPR the month runs from receipt; asking for identity or a fee does not delay it.")
    elif start == facts.received:
        return
    elif start == facts.id_received:
        yield _("The clock started on %(day)s, when the proof of identity arrived.") % {"day": in_words(start)}
    else:
        yield _("The clock started on %(day)s, when the fee was paid.") % {"day": in_words(start)}


def _month(facts: Facts, start: date, months: int) -> Iterator[str]:
    if facts.extended_on:
        yield _("On %(day)s we gave notice that more time is needed: %(months)d months from the start.") % {
            "day": in_words(facts.extended_on),
            "months": months,
        }
    yield _("The period ends on the corresponding date, %(day)s, unless it is paused.") % {
        "day": in_words(add_months(start, months))
    }


def _paused(facts: Facts, pauses: list[Pause]) -> Iterator[str]:
    if facts.clarifications and not pauses:
        yield _("Asking what the request means does not pause this clock: only a UK access request can be paused.")
    for asked, answered in pauses:
        if answered:
            yield _("From %(asked)s to %(answered)s we waited for an answer; those days do not count.") % {
                "asked": in_words(asked),
                "answered": in_words(answered),
            }
        else:
            yield _("On %(asked)s we asked a question that is still open.") % {"asked": in_words(asked)}


def _exam(facts: Facts, start: date, params: Mapping[str, Any], ordinary: date) -> Iterator[str]:
    results = facts.exam_results
    if results is None:
        return
    if facts.received >= results:
        before = _("It is about exam marks. The results had been announced on %(day)s, so the ordinary time counts.")
        yield before % {"day": in_words(results)}
        return
    late, after = _exam_ends(results, start, params)
    known = _("It is about exam marks, and came before the day of the results, %(day)s (DPA 2018 Sch 2 paragraph 25).")
    yield known % {"day": in_words(results)}
    yield _("From the start, %(months)d months end on %(late)s. From the results, %(days)d days end on %(after)s.") % {
        "months": _param(params, "exam_months"),
        "late": in_words(late),
        "days": _param(params, "exam_days"),
        "after": in_words(after),
    }
    if min(late, after) < ordinary:
        yield _("The ordinary time ends later, on %(day)s, and counts.") % {"day": in_words(ordinary)}
    else:
        yield _("The earlier of the two counts: %(day)s.") % {"day": in_words(min(late, after))}


def _ending(raw: date, due: date) -> Iterator[str]:
    if raw != due:
        yield _("%(day)s is not a working day, so the period ends on the next one.") % {"day": in_words(raw)}
    yield _("The answer is due by %(day)s.") % {"day": in_words(due)}
