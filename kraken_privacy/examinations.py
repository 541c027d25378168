"""The parts of `manage.py doctor` that look after backups and restores."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.formats import date_format

from core.doctor import FAIL, OK, WARN, Finding, register
from core.models import Controller
from kraken_privacy import whole
from kraken_privacy.backup import clock, evidence

# One night may be missed while a machine is serviced; two nights are somebody's to look at.
TOO_OLD = timedelta(hours=50)
LOG = "Read what `manage.py backup` said, mend it and run it again (docs/backup.md)."


def backups(now: datetime) -> Iterator[Finding]:
    last, zone = evidence.last(now), Controller.current().zone
    yield from _found(last)
    if last.failed_at:
        day = date_format(last.failed_at.astimezone(zone), "j F Y H:i")
        yield Finding(FAIL, f"The last attempt at a backup, on {day}, failed.", LOG)
    if last.made_at is None or last.expires_on is None:
        way_out = "Run `manage.py backup` each night, or see that what else backs up expires in time (docs/backup.md)."
        yield Finding(WARN, "No backup was ever made.", way_out)
        return
    age = now - last.made_at
    day = date_format(last.made_at.astimezone(zone), "j F Y")
    if last.expires_on < now.astimezone(zone).date():
        yield Finding(FAIL, f"The last backup, of {day}, has expired: there is none.", LOG)
    elif age > TOO_OLD:
        yield Finding(FAIL, f"The last backup is of {day}, {age.days} days ago.", LOG)
    elif not last.failed_at:
        expires = date_format(last.expires_on, "j F Y")
        yield Finding(OK, f"The last backup is of {day}, was restored once and expires on {expires}.")


def _found(last: evidence.Last) -> Iterator[Finding]:
    """What the last attempt saw among those of before."""
    if last.overdue:
        sentence = (
            f"By the clock the day of {clock.named(last.overdue)} has come, and nothing that was recorded bears it out."
        )
        yield Finding(FAIL, sentence, clock.WAY_OUT)
    if last.partial:
        way_out = "See that data/ and keys/ are both mounted. `manage.py backup --list` says which files are missing."
        yield Finding(WARN, f"A part is missing of these backups: {', '.join(last.partial)}.", way_out)
    if last.ahead:
        sentence = f"These backups are of a day that is to come: {', '.join(last.ahead)}."
        yield Finding(WARN, sentence, "See that the clock is right. They do not count as the latest (docs/backup.md).")


def restored(now: datetime) -> Iterator[Finding]:
    if whole.is_loaded() is not None and (missing := whole.missing()):
        yield Finding(FAIL, missing, "Then run manage.py restore --replay as the owner of the tables (docs/backup.md).")


def register_all() -> None:
    register("restored", restored)
    register("backups", backups)
