"""What the ledger knows of backups, so that every process can say how old the last one is: files lie elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from core.models import Controller
from kraken_privacy.backup import shelf
from kraken_privacy.backup.shelf import AHEAD, Manifest
from ledger.entries import record
from ledger.models import Entry

MADE, FAILED, EXPIRED, FOUND = "backup.made", "backup.failed", "backup.expired", "backup.found-ahead"
CONFIRMED = "backup.clock-confirmed"
ACTOR = "system:backup"
# Every entry about backups is about this: the ledger is indexed by it.
ABOUT = uuid5(NAMESPACE_URL, "urn:kraken-privacy:backups")


@dataclass(frozen=True)
class Last:
    """The last backup that was restored once, if there is one, and when one failed since."""

    made_at: datetime | None = None
    expires_on: date | None = None
    failed_at: datetime | None = None
    # Names, as the last attempt left them: what is not whole, what is named for a day to come, what should have gone.
    partial: Sequence[str] = ()
    ahead: Sequence[str] = ()
    overdue: Sequence[str] = ()


def made(manifest: Manifest, *, now: datetime) -> None:
    counts = {"rows": sum(manifest.rows.values()), "tables": len(manifest.rows)}
    data = {"backup": manifest.name, "expires_on": manifest.expires_on, "journal": manifest.journal_seq, **counts}
    _record(MADE, data | _seen(now), now)


def failed(name: str, *, now: datetime) -> None:
    """Making one, trying one out again or deleting those whose day has come ended with an error."""
    try:
        seen = _seen(now)
    except OSError:
        seen = {}  # which may be the error
    _record(FAILED, {"backup": name, **seen}, now)


def expire(names: Sequence[str], *, killed: Sequence[str], now: datetime) -> None:
    """These are deleted now. Written before the first of them goes: nothing goes without a trace, whatever happens.

    One that could not be deleted is there at the next run, and is named again.
    """
    if names or killed:
        _record(EXPIRED, {"expired": list(names), "killed": list(killed)}, now)


def note(ahead: Sequence[str], *, now: datetime) -> None:
    """These lie ahead of the clock: their days count from the first time that they were found so.

    By its name alone such a backup would outlive its day by as much as the clock was ahead.
    """
    found = _found(now)
    for name in ahead:
        if name not in found:
            _record(FOUND, {"backup": name}, now)


def _found(now: datetime) -> dict[str, datetime]:
    entries = Entry.objects.filter(object=ABOUT, kind=FOUND, at__lte=now + AHEAD).order_by("-pk")
    return {_data(entry)["backup"]: entry.at for entry in entries}


def overdue(now: datetime) -> dict[str, datetime]:
    """Those that are there although their day has come, and from when their days count."""
    controller, found = Controller.current(), dict.fromkeys(shelf.ahead(now), now) | _found(now)
    return shelf.due(now=now, days=controller.backup_days, zone=controller.zone, found=found)


def confirm(*, now: datetime) -> None:
    """Somebody says that it is now, however long nothing was recorded before."""
    _record(CONFIRMED, {}, now)


def is_confirmed(*, since: date, now: datetime) -> bool:
    """Whether somebody said so on that day (UTC) or later."""
    first = datetime.combine(since, time.min, UTC)
    return Entry.objects.filter(object=ABOUT, kind=CONFIRMED, at__gte=first, at__lte=now).exists()


def last(now: datetime) -> Last:
    entries = Entry.objects.filter(object=ABOUT).order_by("-pk")
    # A clock that was years ahead would have the last backup be of a day to come until then.
    whole = entries.filter(kind=MADE, at__lte=now + AHEAD).first()
    trouble, latest = entries.filter(kind=FAILED).first(), entries.filter(kind__in=[MADE, FAILED]).first()
    seen = _data(latest) if latest else {}
    since = entries.filter(kind=EXPIRED, pk__gt=latest.pk if latest else 0)
    gone = {name for entry in since for name in _data(entry)["expired"]} if seen.get("overdue") else set()
    return Last(
        made_at=whole.at if whole else None,
        expires_on=date.fromisoformat(_data(whole)["expires_on"]) if whole else None,
        failed_at=trouble.at if trouble and (whole is None or trouble.pk > whole.pk) else None,
        partial=seen.get("partial", ()),
        ahead=seen.get("ahead", ()),
        overdue=[name for name in seen.get("overdue", ()) if name not in gone],
    )


def _seen(now: datetime) -> dict[str, list[str]]:
    return {"partial": list(shelf.partial()), "ahead": shelf.ahead(now), "overdue": list(overdue(now))}


def _record(kind: str, data: dict[str, Any], now: datetime) -> None:
    record(kind=kind, at=now, actor=ACTOR, object=ABOUT, data=data)


def _data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(entry.body)["data"]
    return data
