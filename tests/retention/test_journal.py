"""The journal outside PostgreSQL: one line per entry, chained, whole again after a crash."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from retention import journal

NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, settings) -> Path:
    settings.JOURNAL_DIR = tmp_path / "deep" / "journal"
    return settings.JOURNAL_DIR


def write(at=NOVEMBER, **data):
    return journal.append("erase", data or {"items": [str(uuid4())]}, entry=uuid4(), at=at)


def file(folder: Path) -> Path:
    return folder / "journal-2026-11.jsonl"


def test_lines_are_chained_across_months(folder):
    written = [write(), write(), write(DECEMBER), write(NOVEMBER)]
    assert sorted(path.name for path in folder.glob("*.jsonl")) == ["journal-2026-11.jsonl", "journal-2026-12.jsonl"]
    assert list(journal.lines()) == written
    assert [line["seq"] for line in written] == [1, 2, 3, 4]
    report = journal.verify()
    assert report.ok
    assert (report.lines, report.head) == (4, written[-1]["hash"])


def test_only_the_owner_can_read_it(folder):
    write()
    assert file(folder).stat().st_mode & 0o077 == 0


def test_the_same_entry_twice_is_one_line(folder):
    entry = uuid4()
    first = journal.append("erase", {"items": []}, entry=entry, at=NOVEMBER)
    write(DECEMBER)
    assert journal.append("erase", {"items": []}, entry=entry, at=NOVEMBER) == first
    assert journal.verify().lines == 2


def test_many_writers_make_one_chain(folder):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: write(), range(40)))
    report = journal.verify()
    assert report.ok
    assert report.lines == 40


@pytest.mark.parametrize("keep", [1, 40, -2])
def test_half_a_line_after_a_crash_is_kept_and_accounted_for(folder, keep):
    write()
    write()
    whole, last = file(folder).read_bytes().splitlines(keepends=True)
    file(folder).write_bytes(whole + last[:keep])
    assert journal.verify().torn == 1
    assert journal.verify().ok
    line = write()
    assert line["seq"] == 2
    assert len(line["torn"]) == 1
    report = journal.verify()
    assert (report.ok, report.lines, report.torn) == (True, 2, 1)


def test_a_line_that_lacks_only_its_newline_counts(folder):
    entry = uuid4()
    first = journal.append("erase", {}, entry=entry, at=NOVEMBER)
    os.truncate(file(folder), file(folder).stat().st_size - 1)
    assert journal.append("erase", {}, entry=entry, at=NOVEMBER) == first
    assert write()["seq"] == 2
    assert journal.verify() == journal.Report(lines=2, torn=0, head=list(journal.lines())[-1]["hash"])


def test_two_crashes_in_a_row(folder):
    write()
    with open(file(folder), "ab") as handle:
        handle.write(b'{"half')
    with open(file(folder), "ab") as handle:
        handle.write(b"\n")
    assert len(write()["torn"]) == 1
    assert journal.verify().ok


@pytest.mark.parametrize("damage", ["change", "remove", "swap", "garbage"])
def test_any_change_shows(folder, damage):
    for number in range(4):
        write(DECEMBER if number > 2 else NOVEMBER)
    lines = file(folder).read_bytes().splitlines(keepends=True)
    if damage == "change":
        changed = json.loads(lines[1]) | {"action": "nothing"}
        lines[1] = json.dumps(changed).encode() + b"\n"
    elif damage == "remove":
        del lines[1]
    elif damage == "swap":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines.insert(1, b"{}\n")
    file(folder).write_bytes(b"".join(lines))
    assert not journal.verify().ok


def test_a_disk_that_fails_acknowledges_nothing(folder, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    entry = uuid4()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        journal.append("erase", {}, entry=entry, at=NOVEMBER)
    monkeypatch.undo()
    journal.append("erase", {}, entry=entry, at=NOVEMBER)
    assert journal.verify().lines == 1
