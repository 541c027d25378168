"""Writing evidence: the only code that builds the body of a ledger entry (RFC 8785 canonical JSON)."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core import copying
from core.copying import row, whole
from ledger.models import Entry

VERSION = 1
_KIND = re.compile(r"[a-z-]+(\.[a-z-]+)+")
# Codes, counts, hashes, ids, dates: a sentence, a name with a space or an address with an @ does not fit.
_CODE = re.compile(r"[A-Za-z0-9_.:+/=-]{0,200}")
# Made once: `json.dumps` would make it anew each time.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def instant(at: datetime) -> str:
    """The one way a time is written in evidence: UTC with microseconds."""
    # Not strftime, which takes twenty times as long and writes the year 999 with three digits.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def encode(
    *,
    kind: str,
    at: datetime,
    actor: str,
    subject: UUID | None = None,
    object: UUID | None = None,
    purpose: str = "",
    data: Mapping[str, Any] | None = None,
    test: bool = False,
    entry: UUID | None = None,
) -> tuple[UUID, str]:
    """(entry id, canonical text). Pure. Raises ValueError for anything that could be words about a person."""
    if not _KIND.fullmatch(kind):
        raise ValueError("A kind of entry is written like consent.given.")
    if at.tzinfo is None:
        raise ValueError("A time in evidence needs a time zone.")
    entry = entry or uuid.uuid4()
    body = {
        "v": VERSION,
        "id": str(entry),
        "kind": kind,
        "at": instant(at),
        "actor": _plain(actor),
        "subject": str(subject) if subject else None,
        "object": str(object) if object else None,
        "purpose": _plain(purpose),
        "data": _plain({**(data or {}), "test": True} if test else data or {}),
    }
    # Keys and text are plain ASCII codes and numbers small integers, so sorted and without spaces is canonical; the
    # general encoder takes ten times as long on the path of every consent. A test holds both against each other.
    return entry, _canonical(body)


def record(
    *,
    kind: str,
    at: datetime,
    actor: str,
    subject: UUID | None = None,
    object: UUID | None = None,
    purpose: str = "",
    data: Mapping[str, Any] | None = None,
    test: bool = False,
    entry: UUID | None = None,
) -> UUID:
    """Write an entry inside the caller's transaction: the evidence commits with the fact or not at all.

    `test` marks what a call made that only tried the API out.
    """
    entry, body = encode(
        kind=kind,
        at=at,
        actor=actor,
        subject=subject,
        object=object,
        purpose=purpose,
        data=data,
        test=test,
        entry=entry,
    )
    Entry(body=body).save(force_insert=True)
    return entry


def store(bodies: Iterable[str]) -> None:
    """Write what `encode` made, in one statement, inside the caller's transaction."""
    rows = [body.encode() for body in bodies]
    if rows:
        with connection.cursor() as cursor:
            # Asked once for all of them. Whoever begins a new epoch waits for this lock (ledger/seals.py), so until
            # this transaction ends the answer stays true.
            cursor.execute("LOCK TABLE ledger_entry IN ROW EXCLUSIVE MODE")
            cursor.execute("SELECT ledger_epoch()")
            epoch = whole(cursor.fetchone()[0])
        copying.store("ledger_entry", "body, epoch", (row(body, epoch) for body in rows))


class Pattern:
    """The body of entries that differ only in ids and times. Encoding one anew takes longer than storing it.

    Every entry has its own id. `ids` and `times` name what else differs: "subject", "object", "at", members of `data`.
    Raises ValueError as `encode` does.
    """

    def __init__(self, *, ids: Sequence[str] = (), times: Sequence[str] = (), **same: Any) -> None:
        # These stand for what differs. No code holds a percent sign.
        marks: dict[str, Any] = {name: uuid.uuid4() for name in ("entry", *ids)}
        marks |= {name: datetime.min.replace(tzinfo=UTC, microsecond=n) for n, name in enumerate(times)}
        members = {name: mark for name, mark in marks.items() if name not in ("entry", "subject", "object", "at")}
        data = {**same.pop("data"), **{name: _written(mark) for name, mark in members.items()}}
        self._differs = marks.keys()
        _entry, self._body = encode(**same, data=data, **{n: mark for n, mark in marks.items() if n not in members})
        for name, mark in marks.items():
            self._body = self._body.replace(_written(mark), f"%({name})s")

    def body(self, **differs: UUID | str) -> str:
        """The canonical text with these ids, and these times as `instant` writes them: all of them, and no others."""
        if differs.keys() != self._differs:
            raise ValueError(f"Say {', '.join(self._differs)}.")
        return self._body % differs


def _written(mark: UUID | datetime) -> str:
    return instant(mark) if isinstance(mark, datetime) else str(mark)


def record_each(
    *, kind: str, at: datetime, actor: str, subjects: Iterable[UUID], data: Mapping[str, Any], test: bool = False
) -> None:
    """One entry of the same kind for each of these people, in one statement."""
    pattern = Pattern(kind=kind, at=at, actor=actor, data=data, test=test, ids=["subject"])
    store(pattern.body(entry=uuid.uuid4(), subject=subject) for subject in subjects)


def _plain(value: Any) -> Any:
    """The value as JSON, refusing text that is not a code. The message never repeats the value."""
    # Text first and dict before Mapping: nearly everything is text, and asking an abstract class takes long.
    if isinstance(value, str):
        if not _CODE.fullmatch(value):
            raise ValueError("Evidence holds codes, counts, hashes and ids only.")
        return str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict | Mapping):
        return {_plain(str(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    raise ValueError(f"Evidence cannot hold a {type(value).__name__}.")
