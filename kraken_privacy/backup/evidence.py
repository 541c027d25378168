"""What the ledger knows of backups, so that every process can say how old the last one is: files lie elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kraken_privacy.backup import shelf
from kraken_privacy.backup.shelf import AHEAD, Manifest
from ledger.entries import record
from ledger.models import Entry

MADE, FAILED, EXPIRED, FOUND = "backup.made", "backup.failed", "backup.expired", "backup.found-ahead"
ACTOR = "system:backup"
# Every entry about backups is about this: the ledger is indexed by it.
ABOUT = uuid5(NAMESPACE_URL, "urn:kraken-privacy:backups")


@dataclass(frozen=True)
class Last:
    """The last backup that was restored once, if there is one, and when one failed since."""

    made_at: datetime | None = None
    expires_on: date | None = None
    failed_at: datetime | None = None
    # Names, as the last attempt found them: what is not whole, and what is named for a day to come.
    partial: Sequence[str] = ()
    ahead: Sequence[str] = ()


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


def found(ahead: Sequence[str], *, now: datetime) -> dict[str, datetime]:
    """When each of those was found here whose names lie ahead of the clock, or once did: their days count from then.

    By its name alone such a backup would outlive its day by as much as the clock was ahead.
    """
    entries = Entry.objects.filter(object=ABOUT, kind=FOUND, at__lte=now + AHEAD).order_by("-pk")
    known = {_data(entry)["backup"]: entry.at for entry in entries}
    for name in ahead:
        if name not in known:
            _record(FOUND, {"backup": name}, now)
    return dict.fromkeys(ahead, now) | known


def last(now: datetime) -> Last:
    entries = Entry.objects.filter(object=ABOUT).order_by("-pk")
    # A clock that was years ahead would have the last backup be of a day to come until then.
    whole = entries.filter(kind=MADE, at__lte=now + AHEAD).first()
    trouble, latest = entries.filter(kind=FAILED).first(), entries.filter(kind__in=[MADE, FAILED]).first()
    seen = _data(latest) if latest else {}
    return Last(
        made_at=whole.at if whole else None,
        expires_on=date.fromisoformat(_data(whole)["expires_on"]) if whole else None,
        failed_at=trouble.at if trouble and (whole is None or trouble.pk > whole.pk) else None,
        partial=seen.get("partial", ()),
        ahead=seen.get("ahead", ()),
    )


def _seen(now: datetime) -> dict[str, list[str]]:
    return {"partial": list(shelf.partial()), "ahead": shelf.ahead(now)}


def _record(kind: str, data: dict[str, Any], now: datetime) -> None:
    record(kind=kind, at=now, actor=ACTOR, object=ABOUT, data=data)


def _data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(entry.body)["data"]
    return data
