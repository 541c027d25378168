"""What the ledger knows of backups, so that every process can say how old the last one is: files lie elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5

from kraken_privacy.backup.shelf import Manifest
from ledger.entries import record
from ledger.models import Entry

MADE, FAILED = "backup.made", "backup.failed"
ACTOR = "system:backup"
# Every entry about backups is about this: the ledger is indexed by it.
ABOUT = uuid5(NAMESPACE_URL, "urn:kraken-privacy:backups")


@dataclass(frozen=True)
class Last:
    """The last backup that was restored once, if there is one, and when one failed since."""

    made_at: datetime | None = None
    expires_on: date | None = None
    failed_at: datetime | None = None


def made(manifest: Manifest, *, expired: list[str], now: datetime) -> None:
    counts = {"rows": sum(manifest.rows.values()), "tables": len(manifest.rows), "expired": expired}
    data = {"backup": manifest.name, "expires_on": manifest.expires_on, "journal": manifest.journal_seq, **counts}
    record(kind=MADE, at=now, actor=ACTOR, object=ABOUT, data=data)


def failed(name: str, *, expired: Sequence[str] = (), now: datetime) -> None:
    """Making one, or trying one out again, came to nothing. Those whose day had come are gone all the same."""
    record(kind=FAILED, at=now, actor=ACTOR, object=ABOUT, data={"backup": name, "expired": list(expired)})


def last() -> Last:
    entries = Entry.objects.filter(object=ABOUT).order_by("-pk")
    whole, trouble = entries.filter(kind=MADE).first(), entries.filter(kind=FAILED).first()
    failed_at = trouble.at if trouble and (whole is None or trouble.pk > whole.pk) else None
    if whole is None:
        return Last(failed_at=failed_at)
    return Last(whole.at, date.fromisoformat(json.loads(whole.body)["data"]["expires_on"]), failed_at)
