"""Whether it is believed that the day of a backup has come: a clock that is ahead would delete them all in one night.

Nothing here can tell such a clock from a right one. But time that really went by has left traces on the way, entries in
the ledger and names of backups, and a clock that jumped has left none. So the days are followed from now back to that
of each backup. What lies behind a gap is kept until somebody says that the clock is right, or until it is.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from django.db.models.functions import TruncDate

from kraken_privacy.backup import evidence, shelf
from ledger.models import Entry

# An installation at work leaves traces every day. Of backups that are kept for days only, half of these; but from one
# day to the next is no gap.
QUIET, A_DAY = timedelta(days=7), timedelta(days=1)
WAY_OUT = "Set the clock right or, if it is, say so: manage.py backup --clock-is-right (docs/backup.md)."


def doubted(due: Mapping[str, datetime], *, days: int, now: datetime) -> list[str]:
    """Those of `due` of which only the clock says that their day has come. They are kept for so many `days`.

    `due`: from when the days of each count. Where none are kept all go, and no clock is asked.
    """
    if not due or not days:
        return []
    quiet = max(A_DAY, min(QUIET, days * A_DAY / 2))
    reached = _reached(_days(min(due.values()), now), now, quiet)
    if evidence.is_confirmed(since=reached, now=now):
        return []
    return [name for name, at in due.items() if at.astimezone(UTC).date() < reached]


def sentence(kept: Iterable[str]) -> str:
    return f"By the clock the day of {named(kept)} has come, and nothing that was recorded bears it out. {WAY_OUT}"


def named(kept: Iterable[str]) -> str:
    names = sorted(kept)
    return f"{len(names)} backups, {names[0]} to {names[-1]}," if names[1:] else f"backup {names[0]}"


def _days(since: datetime, now: datetime) -> set[date]:
    """On which something was recorded. Reads the ledger once, as a backup reads all there is."""
    entries = Entry.objects.filter(at__gte=since, at__lte=now).order_by()
    recorded = entries.annotate(day=TruncDate("at", tzinfo=UTC)).values_list("day", flat=True).distinct()
    return {*recorded, *(day for day in shelf.days() if day <= now.astimezone(UTC).date())}


def _reached(days: set[date], now: datetime, quiet: timedelta) -> date:
    """The earliest day that can be come to from now without so long a gap."""
    reached = now.astimezone(UTC).date()
    for day in sorted(days, reverse=True):
        if reached - day > quiet:
            break
        reached = day
    return reached
