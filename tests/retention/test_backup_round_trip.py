"""From a backup to a new cluster: what was erased, withdrawn and restricted since is so before anything is served."""

from datetime import date, datetime, timedelta
from io import StringIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from consents import permission, withdraw
from core import outbox
from core.models import Controller
from kraken_privacy import gate
from kraken_privacy.backup import evidence, making, restoring, shelf
from kraken_privacy.backup.address import of_django
from kraken_privacy.whole import vouch
from ledger.models import Entry
from ledger.verify import verify
from retention import journal, tombstones
from retention.purge import purge
from subjects import blocks, erasure, people, restrictions
from subjects.identifiers import Claim
from subjects.models import PersonalDataItem
from tests.make_backup import LATER, deliver, lived, new_database, places
from tests.make_canary import Search
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
LONDON = ZoneInfo("Europe/London")
OLD, RECENT = date(2024, 1, 1), TODAY - timedelta(days=30)
WORDS = {"erased": f"cnry{uuid4().hex}", "purged": f"cnry{uuid4().hex}"}


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


def before_the_backup():
    """Five people. A hold of that day lies over the one who will be erased."""
    live("newsletter", direct_marketing=True, channels=["email"])
    rule(live("newsletter"), period="P12M")
    item(person(1), ["surveys"], RECENT, content=f'"{WORDS["erased"]}"')
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    item(person(2), ["newsletter"], RECENT)
    item(person(3), ["surveys"], RECENT)
    item(person(4), ["newsletter"], OLD, content=f'"{WORDS["purged"]}"')
    item(person(5), ["surveys"], RECENT, content='"stays"')


def after_the_backup():
    for block in person(1).erasure_blocks.all():
        blocks.release(block.placed_for, now=LATER, actor="test")
    erasure.erase(subject=person(1), purposes=[live("surveys")], request=uuid4(), actor="user:1", now=LATER)
    withdraw.withdraw(person(2), purposes=["newsletter"], now=LATER, actor="test")
    withdraw.withdraw([Claim("email", "unknown@example.org")], purposes="all-marketing", now=LATER, actor="test")
    restrictions.restrict(person(3), ground="accuracy", placed_for=uuid4(), now=LATER, actor="test")
    lifted = restrictions.restrict(person(5), ground="accuracy", placed_for=uuid4(), now=LATER, actor="test")
    restrictions.lift(lifted, now=LATER, actor="test")
    purge(rule_of(), as_of=TODAY, commit=True, now=LATER)
    deliver()


def rule_of():
    return live("newsletter").retention_rules.get()


def reason(email):
    (verdict,) = permission.check("newsletter", "email", "email", [email], now=LATER)
    return verdict.allowed, verdict.reason


def test_what_was_done_since_the_backup_is_done_after_the_restore(folder):
    before_the_backup()
    made = making.make(now=NOW, address=of_django())
    assert (made.rows["subjects_datasubject"], made.rows["core_datakey"] > 0) == (5, True)
    erased, marks = person(1).uuid, {"email": bytes(Claim("email", "person1@example.org").blinds[0])}
    after_the_backup()
    whole = journal.verify().lines
    assert whole == 8, "the purge has a line of its own, and the rule of before the backup"
    with (folder / "journal" / "journal-2026-11.jsonl").open("ab") as file:
        file.write(b'{"v":1,"seq":')

    with new_database():
        making.load(made.name, of_django())
        vouch()
        assert people.find([Claim("email", "person1@example.org")])
        assert "ahead of this database" in gate.closed_because()
        assert [error.id for error in run_checks(databases=["default"], tags=["database"])] == ["kraken.E001"]
        done = restoring.bring_up_to_date(is_journal_lost=False, now=LATER)
        assert (done.lines, done.torn, done.empty) == (whole - 1, 1, 0)
        assert gate.closed_because() == ""
        assert restoring.bring_up_to_date(is_journal_lost=False, now=LATER).lines == 0

        assert people.find([Claim("email", "person1@example.org")]) is None
        assert tombstones.was_erased(tombstones.Scope.SUBJECT, erased)
        assert people.find([Claim("email", "person4@example.org")]) is None
        assert Search(WORDS, marks).database() == {}
        assert reason("person2@example.org")[0] is False
        assert withdraw.suppression.is_suppressed(
            [Claim("email", "unknown@example.org")], live("newsletter"), marketing=True
        )
        assert restrictions.is_restricted(person(3))
        assert blocks.active(person(3)).exists()
        assert not restrictions.is_restricted(person(5))
        assert PersonalDataItem.objects.filter(subject=person(5)).count() == 1
        assert Entry.objects.filter(kind="restore.replayed").count() == 1
        assert verify().ok


def test_only_whole_backups_and_the_right_journal_are_taken(folder):
    item(person(1), ["surveys"], RECENT)
    restrictions.restrict(person(1), ground="accuracy", placed_for=uuid4(), now=NOW, actor="test")
    outbox.deliver_due(now=NOW)
    out = StringIO()
    call_command("backup", stdout=out)
    assert "restored once" in out.getvalue()
    (name,) = shelf.names()
    assert b"person1" not in shelf.dump_of(name).read_bytes()
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", name)
    with new_database():
        (folder / "journal").rename(folder / "elsewhere")
        with pytest.raises(CommandError, match="no journal"):
            call_command("restore", name)
        (folder / "journal").mkdir()
        (folder / "journal" / "journal-2026-11.jsonl").write_text("")
        with pytest.raises(CommandError, match="not the one of this backup"):
            call_command("restore", name)
        keys = shelf.keys_of(name).read_bytes()
        shelf.keys_of(name).write_bytes(keys[:-1])
        with pytest.raises(CommandError, match="changed or is not whole"):
            call_command("restore", name, "--journal-is-lost")
    assert evidence.last(timezone.now()).failed_at is None
    with pytest.raises(CommandError, match="changed or is not whole"):
        call_command("backup", "--verify", name)
    assert evidence.last(timezone.now()).failed_at > evidence.last(timezone.now()).made_at


def test_a_database_whose_journal_is_lost_serves_only_after_somebody_said_so(folder):
    item(person(1), ["surveys"], RECENT)
    restrictions.restrict(person(1), ground="accuracy", placed_for=uuid4(), now=NOW, actor="test")
    outbox.deliver_due(now=NOW)
    assert gate.closed_because() == ""
    next((folder / "journal").glob("*.jsonl")).unlink()
    assert "lines are missing" in gate.closed_because()
    with pytest.raises(CommandError, match="lines are missing"):
        call_command("restore", "--replay")


def test_expired_backups_go_with_their_keys():
    ring = making.Manifest("2026-01-01T000000Z", NOW.isoformat(), "2026-02-05", "180000", 0, "")
    shelf.write(ring)
    shelf.keys_of(ring.name).write_bytes(b"")
    lived(datetime(2026, 1, 1, tzinfo=LONDON), datetime(2026, 2, 5, tzinfo=LONDON))
    assert making.expire(now=datetime(2026, 2, 4, 23, tzinfo=LONDON)) == []
    # On the very day: letters say that it is destroyed then.
    assert making.expire(now=datetime(2026, 2, 5, 1, tzinfo=LONDON)) == [ring.name]
    assert not shelf.keys_of(ring.name).exists()


def due(month, day, *, days, zone=LONDON):
    return list(shelf.due(now=datetime(2026, month, day, 12, tzinfo=zone), days=days, zone=zone, found={}))


def test_where_backups_are_kept_for_less_long_those_of_before_go_with_the_others():
    ring = making.Manifest("2026-01-01T000000Z", NOW.isoformat(), "2026-02-05", "180000", 0, "")
    shelf.write(ring)
    assert due(1, 7, days=7) == []
    assert due(1, 8, days=7) == [ring.name]


@pytest.mark.parametrize(("zone", "day"), [("Europe/London", 3), ("UTC", 2)])
def test_a_day_is_a_day_where_the_controller_is(zone, day):
    """Made at half past midnight on 2 June in summer time, and kept for a day."""
    ring = making.Manifest("2026-06-01T233000Z", "2026-06-01T23:30:00+00:00", "2026-06-03", "180000", 0, "")
    shelf.write(ring)
    assert due(6, day - 1, days=1, zone=ZoneInfo(zone)) == []
    assert due(6, day, days=1, zone=ZoneInfo(zone)) == [ring.name]


def test_where_no_backups_are_kept_none_is_made_and_those_of_before_go(monkeypatch, capsys):
    monkeypatch.setattr(Controller, "current", lambda: Controller(backup_days=0))
    shelf.write(making.Manifest("2026-01-01T000000Z", NOW.isoformat(), "2026-02-05", "180000", 0, ""))
    with pytest.raises(CommandError, match="no backups are kept"):
        call_command("backup")
    assert shelf.names() == []
    call_command("backup", "--expire")
    assert "0 backups were deleted" in capsys.readouterr().out
