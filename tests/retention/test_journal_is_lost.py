"""`restore --journal-is-lost`: the site serves again, the ledger says so, and what is left still counts."""

from datetime import date, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command

from core import outbox
from kraken_privacy import gate
from ledger.models import Entry
from retention import journal
from retention.models import JournalMark
from subjects import erasure
from subjects.models import PersonalDataItem
from tests.make_retention import NOW, item, live, person

pytestmark = pytest.mark.django_db(transaction=True)
RECENT = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.JOURNAL_DIR = tmp_path / "journal"
    return settings.JOURNAL_DIR


def erase(number):
    """One line of the journal. Returns the uuid of what went."""
    made = item(person(number), ["surveys"], RECENT)
    erasure.erase(subject=person(number), purposes=[live("surveys")], request=uuid4(), actor="user:1", now=NOW)
    assert outbox.deliver_due(now=NOW + timedelta(minutes=1)) == 1
    return made.uuid


def go_on():
    said = StringIO()
    call_command("restore", "--replay", "--journal-is-lost", stdout=said)
    return said.getvalue()


def test_after_a_lost_journal_the_site_serves_and_a_new_one_begins(folder):
    for number in (1, 2):
        erase(number)
    for path in folder.glob("*.jsonl"):
        path.unlink()
    assert "lines are missing" in gate.closed_because()

    assert "Replayed 0 lines" in go_on()

    assert gate.closed_because() == ""
    (entry,) = Entry.objects.filter(kind="restore.without-journal")
    assert '"known":2' in entry.body
    assert '"found":0' in entry.body
    erase(3)
    assert (journal.verify().ok, journal.verify().lines) == (True, 1)
    assert gate.closed_because() == ""


def test_of_a_cut_journal_the_rest_is_gone_on_with(folder):
    for number in (1, 2, 3):
        erase(number)
    (path,) = folder.glob("*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    go_on()
    assert JournalMark.objects.get().seq == 2
    assert gate.closed_because() == ""


def test_lines_that_the_database_does_not_know_are_not_lost_with_the_others():
    """A backup as of line 1; of the journal there is more, and whoever says that the rest is lost is right too."""
    erase(1)
    kept = item(person(2), ["surveys"], RECENT)
    data = {"run": str(uuid4()), "items": [str(kept.uuid)], "people": [str(person(2).uuid)]}
    journal.append("purge", data, entry=uuid4(), at=NOW)
    assert "Replayed 1 lines" in go_on()
    assert not PersonalDataItem.objects.filter(uuid=kept.uuid).exists()
    assert gate.closed_because() == ""
