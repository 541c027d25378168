"""The journal: what must stay done even if the database is restored from a backup, written outside PostgreSQL.

JSON lines in RFC 8785 form, one file a month, each line bound to the one before it by SHA-256. The outbox delivers at
least once, so an entry that stands here already is acknowledged without a second line. Ids and hashes only.

Lines stand in the order of delivery. `order`, the message's number, is that of the acts: whoever acts on the same
person, hold or rule waits for the other's lock, and posts after it.

A crash can leave half a line. It was never acknowledged, and a file on append-only storage cannot be cut, so it stays:
the next line names its hash under "torn", and nothing else may be unreadable.
"""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import takewhile
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any
from uuid import UUID

import rfc8785
from django.conf import settings

from core.models import Outbox

START = "0" * 64
BLOCK = 256 * 1024
ENTRY = re.compile(rb'"entry":"[0-9a-f-]{36}"')
Line = dict[str, Any]
_seen: dict[Path, tuple[set[bytes], int]] = {}


@dataclass
class Report:
    """What `verify` found. `head` is the hash of the last line; keep it elsewhere to notice a cut tail."""

    lines: int = 0
    torn: int = 0
    head: str = START
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def append(action: str, data: Mapping[str, Any], *, entry: UUID, at: datetime, order: int = 0) -> Line:
    """Write one line and return it once it is on disk; the same `entry` again returns the line that is there."""
    folder = Path(settings.JOURNAL_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        written = _find(folder, entry, at)
        if written:
            return written
        last, loose = _tail(folder)
        line: Line = {"v": 1, "seq": last["seq"] + 1 if last else 1, "at": at.isoformat(), "entry": str(entry)}
        line |= {"action": action, "data": dict(data), "prev": last["hash"] if last else START}
        if order:
            line["order"] = order
        if loose:
            line["torn"] = [sha256(fragment).hexdigest() for fragment in loose]
        line["hash"] = _hash(line)
        # A late entry of last month goes into the newest file all the same, or the chain would run backwards.
        _write(folder / max([_name(at), *(path.name for path in _files(folder)[-1:])]), rfc8785.dumps(line) + b"\n")
        return line


def carry(outbox: Outbox, payload: Mapping[str, Any]) -> None:
    """The outbox's carrier: returning acknowledges, so it returns only when the line is on disk."""
    data = {name: value for name, value in payload.items() if name != "action"}
    append(payload["action"], data, entry=outbox.uuid, at=outbox.created_at, order=outbox.pk)


def exists() -> bool:
    return bool(_files(Path(settings.JOURNAL_DIR)))


def head() -> Line | None:
    """The last whole line. Reads the end of the last file only."""
    return next(_backwards(), None)


def after(seq: int) -> list[Line]:
    """The lines beyond this number, in order. Reads from the end, so what is nearly all done costs nearly nothing."""
    return list(takewhile(lambda line: line["seq"] > seq, _backwards()))[::-1]


def in_order(lines: Iterable[Line]) -> list[Line]:
    """The same lines in the order of the acts. Of before they were numbered, one stands where it stood: with those that
    it followed, and among them by its time.
    """
    keys, highest = [], 0
    for line in lines:
        highest = max(highest, line.get("order", 0))
        keys.append((line.get("order", highest), datetime.fromisoformat(line["at"]), line["seq"], line))
    return [line for *_key, line in sorted(keys, key=lambda key: key[:3])]


def line_at(seq: int) -> Line | None:
    """The line of this number, if it is there."""
    return next((line for line in _backwards() if line["seq"] <= seq), None)


def lines() -> Iterator[Line]:
    """Every line in order, for replay after a restore. Read `verify()` first."""
    for path in _files(Path(settings.JOURNAL_DIR)):
        for raw in path.read_bytes().split(b"\n"):
            if line := _parse(raw):
                yield line


def verify() -> Report:
    """Check every hash, link and number. A torn last line is counted, not a problem: nobody relied on it."""
    report, loose, seq = Report(), list[bytes](), 0
    for path in _files(Path(settings.JOURNAL_DIR)):
        for number, raw in enumerate(path.read_bytes().split(b"\n"), start=1):
            line = _parse(raw)
            if not line:
                loose += [raw] if raw else []
                continue
            where = f"{path.name}:{number}"
            if line["prev"] != report.head or line["seq"] != seq + 1:
                report.problems.append(f"{where}: does not follow the line before it")
            if [sha256(fragment).hexdigest() for fragment in loose] != line.get("torn", []):
                report.problems.append(f"{where}: an unreadable line before it is not accounted for")
            report.torn, loose, seq = report.torn + len(loose), [], line["seq"]
            report.lines, report.head = report.lines + 1, line["hash"]
    report.torn += len(loose)
    if len(loose) > 1:
        report.problems.append("the end: more than one unreadable line")
    return report


def _hash(line: Line) -> str:
    return sha256(rfc8785.dumps({name: value for name, value in line.items() if name != "hash"})).hexdigest()


def _parse(raw: bytes) -> Line | None:
    """A whole line of ours, or None: anything else on this disk is damage."""
    try:
        line = loads(raw)
    except (JSONDecodeError, UnicodeDecodeError):
        return None
    return line if isinstance(line, dict) and line.get("hash") == _hash(line) else None


def _name(at: datetime) -> str:
    return f"journal-{at:%Y-%m}.jsonl"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("journal-*.jsonl"))


def _find(folder: Path, entry: UUID, at: datetime) -> Line | None:
    """The line of this entry. It cannot stand in a file older than the entry itself."""
    mark = f'"entry":"{entry}"'.encode()
    for path in _files(folder):
        if path.name < _name(at) or not _names(path, mark):
            continue
        content = path.read_bytes()
        found = [line for raw in content.split(b"\n") if mark in raw and (line := _parse(raw))]
        if found:
            # Whoever wrote it may have died before it reached the disk.
            _write(path, b"")
            return found[-1]
    return None


def _tail(folder: Path) -> tuple[Line | None, list[bytes]]:
    """The last whole line, and the unreadable pieces after it."""
    loose: list[bytes] = []
    for raw in _pieces(folder):
        if line := _parse(raw):
            return line, loose[::-1]
        loose.append(raw)
    return None, loose[::-1]


def _backwards() -> Iterator[Line]:
    """Every whole line, the last one first."""
    return (line for raw in _pieces(Path(settings.JOURNAL_DIR)) if (line := _parse(raw)))


def _pieces(folder: Path) -> Iterator[bytes]:
    """What stands between line ends, from the end of the last file to the beginning of the first."""
    for path in reversed(_files(folder)):
        with path.open("rb") as file:
            place, begun = file.seek(0, os.SEEK_END), b""
            while place:
                step = min(BLOCK, place)
                place = file.seek(place - step)
                begun, *whole = (file.read(step) + begun).split(b"\n")
                yield from (raw for raw in reversed(whole) if raw)
            if begun:
                yield begun


def _names(path: Path, mark: bytes) -> bool:
    """Whether the file may name this entry. Only what was added since the last look is read."""
    seen, read = _seen.get(path, (set(), 0))
    if path.stat().st_size < read:
        seen, read = set(), 0
    with path.open("rb") as file:
        file.seek(read)
        fresh = file.read()
    # The last line may be half of one that is still to be ended.
    whole = fresh.rpartition(b"\n")[0]
    seen.update(ENTRY.findall(whole))
    _seen[path] = (seen, read + len(whole))
    return mark in seen or mark in fresh


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / "lock", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: bytes) -> None:
    """Append after the end of a line, and return only when content and directory entry are on disk."""
    is_new = not path.exists()
    if not is_new and not path.read_bytes().endswith(b"\n"):
        content = b"\n" + content
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while content:
            content = content[os.write(handle, content) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was made and taken away in this folder is so on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
