"""Public holidays, for periods that end on the next working day (Regulation 1182/71 Art 3(4), UK GDPR Art 4A).

Frozen into rows from the `holidays` library: a later release of it must not move a date somebody was told. A row may
be added by hand, as for a royal occasion.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.metadata import version

import holidays

from core.models import BankHoliday

DIVISIONS = {"england-and-wales": "ENG", "scotland": "SCT", "northern-ireland": "NIR"}
YEARS = range(2018, 2036)
SATURDAY = 5
# Upper apps keep dates that depend on these rows: told of a change, and asked to compute their open dates again.
_told: list[Callable[..., object]] = []
_recounts: list[Callable[..., int]] = []


def on_change(told: Callable[..., object], recount: Callable[..., int]) -> None:
    """`told(division, day, what, now=, actor=)` belongs to the change; `recount(now=, actor=)` says how many moved."""
    if told not in _told:
        _told.append(told)
        _recounts.append(recount)


def tell(row: BankHoliday, what: str, *, now: datetime, actor: str) -> None:
    """A row was entered, changed or removed by hand."""
    for told in _told:
        told(row.division, row.date, what, now=now, actor=actor)


def recount(*, now: datetime, actor: str) -> int:
    """Compute every open date again, now. Returns how many moved."""
    return sum(again(now=now, actor=actor) for again in _recounts)


def is_working_day(day: date, division: str) -> bool:
    return day.weekday() < SATURDAY and not BankHoliday.objects.filter(division=division, date=day).exists()


def non_working(division: str, start: date, end: date) -> set[date]:
    """The Saturdays, Sundays and public holidays from `start` to `end`, both included."""
    days = {start + timedelta(days=n) for n in range((end - start).days + 1)}
    public = BankHoliday.objects.filter(division=division, date__range=(start, end)).values_list("date", flat=True)
    return {day for day in days if day.weekday() >= SATURDAY} | set(public)


def load() -> None:
    """Freeze the divisions and years that have no row yet; nothing that is there is changed."""
    source = f"holidays {version('holidays')}"
    for division, code in DIVISIONS.items():
        there = {day.year for day in BankHoliday.objects.filter(division=division).dates("date", "year")}
        missing = [year for year in YEARS if year not in there]
        found = holidays.country_holidays("GB", subdiv=code, years=missing) if missing else {}
        BankHoliday.objects.bulk_create(
            [
                BankHoliday(date=day, division=division, title=title[:100], source=source)
                for day, title in sorted(found.items())
                # A Saturday or Sunday is no working day anyway; the library lists it beside its substitute.
                if day.year in missing
            ],
            ignore_conflicts=True,
        )
