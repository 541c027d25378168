"""A replay that broke off is taken up: one run, one certificate and one entry say all that was done."""

import json
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, connection

from ledger.models import Entry
from retention import certificate, holds, holds_scope, journal, replay
from retention.holds_scope import Scope
from retention.models import JournalMark, Run
from subjects.models import PersonalDataItem
from tests.make_backup import LATER
from tests.make_retention import NOW, item, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.JOURNAL_DIR = tmp_path
    return tmp_path


def purged(*numbers):
    """A line of the journal for a record of each of these people, which are back."""
    for number in numbers:
        made = item(person(number), ["newsletter"], date(2024, 1, 1))
        data = {"run": str(uuid4()), "purpose": "newsletter", "items": [str(made.uuid)], "people": []}
        journal.append("purge", data, entry=uuid4(), at=NOW)


def breaks_off(*, at):
    """The first person's line is done, and that of the one who is locked is not."""
    params = connection.get_connection_params() | {"cursor_factory": None}
    connection.cursor().execute("SET lock_timeout = '200ms'")
    with psycopg.connect(**params) as other:
        other.execute("SELECT FROM subjects_datasubject WHERE id = %s FOR UPDATE", [person(at).pk])
        with pytest.raises(OperationalError):
            replay.replay(now=NOW)
        other.rollback()
    connection.cursor().execute("RESET lock_timeout")


def test_counts_certificate_and_entry_cover_all_of_it():
    purged(1, 2, 3)
    journal.append("hold.released", {"hold": str(uuid4())}, entry=uuid4(), at=NOW)
    breaks_off(at=2)
    assert (PersonalDataItem.objects.count(), Run.objects.get().status) == (2, "running")
    # What is done is done, and nothing is served before the rest is.
    assert (JournalMark.objects.get().seq, len(replay.standing().waiting)) == (0, 4)
    # What came to the journal meanwhile is done as well.
    purged(4)
    done = replay.replay(now=LATER)
    assert (done.lines, done.empty, done.by_action) == (4, 0, {"purge": 4})
    assert not PersonalDataItem.objects.exists()
    first, second = Run.objects.order_by("pk")
    assert {first.status, second.status} == {"finished"}
    assert certificate.certificate(first)["counts"]["items"] == 3
    assert first.started_at == NOW
    entries = [json.loads(one.body) for one in Entry.objects.filter(kind="restore.replayed").order_by("pk")]
    assert [(one["object"], one["data"]["purge"]) for one in entries] == [
        (str(first.request), 3),
        (str(second.request), 1),
    ]
    assert replay.standing().may_serve
    assert replay.replay(now=LATER).lines == 0


def test_one_that_broke_off_before_its_end_was_written_down():
    for number in (1, 2):
        hold = {"hold": str(uuid4()), "people": [str(person(number).uuid)], **holds_scope.told(Scope())}
        told = {"reason": "claim", "by": "user:1", "at": NOW.isoformat(), "review_due": LATER.date().isoformat()}
        journal.append("hold.placed", hold | told, entry=uuid4(), at=NOW)
    breaks_off(at=2)
    # As killed after the last line: nothing is left to do but to say so.
    holds.place_again(hold | told, now=NOW, actor=replay.ACTOR)
    begun = JournalMark.objects.get().replay
    JournalMark.objects.update(replay=begun | {"done": 2, "lines": 2, "by_action": {"hold.placed": 2}})
    assert not replay.standing().may_serve
    assert replay.replay(now=LATER).by_action == {"hold.placed": 2}
    assert Entry.objects.filter(kind="restore.replayed").count() == 1
    assert replay.standing().may_serve


def test_the_journal_is_lost_before_it_was_taken_up(folder):
    purged(1, 2, 3)
    breaks_off(at=2)
    [path] = folder.glob("*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert "The journal ends at line 2" in replay.standing().problem
    with pytest.raises(replay.Refused):
        replay.replay(now=LATER)
    replay.go_on_without(now=LATER)
    assert Run.objects.get().status == "finished"
    # Of what is left, what is done again already is not here any more.
    done = replay.replay(now=LATER)
    assert (done.lines, done.empty) == (2, 1)
    assert [one.status for one in Run.objects.all()] == ["finished", "finished"]
    assert PersonalDataItem.objects.count() == 1
    assert replay.standing().may_serve
