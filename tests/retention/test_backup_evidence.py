"""No backup goes and none fails without a word in the ledger. One of a wrong clock is not the latest, and goes too."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.keys import keyring
from kraken_privacy import examinations
from kraken_privacy.backup import evidence, making, restoring, shelf
from kraken_privacy.backup.address import of_django
from ledger.models import Entry
from tests.make_backup import lived, places
from tests.make_retention import NOW

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO, NEXT_YEAR = "2026-01-01T000000Z", "2027-11-22T013000Z"


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    lived(datetime(2026, 1, 1, tzinfo=UTC), NOW + timedelta(days=40))
    with places(tmp_path, settings):
        yield tmp_path / "backups"


def until_today():
    """So that the clock of this machine is borne out, whenever this is run."""
    lived(NOW + timedelta(days=40), timezone.now())


def put(name):
    at = shelf._made_at(name)
    until = (at + timedelta(days=35)).date().isoformat()
    made = making.Manifest(name, at.isoformat(), until, "180000", 0, "")
    shelf.write(made)
    shelf.keys_of(name).write_bytes(b"keys")
    shelf.dump_of(name).write_bytes(b"dump")
    return made


def told():
    """(kind, data) of each entry about backups, in order."""
    entries = Entry.objects.filter(object=evidence.ABOUT).order_by("pk")
    return [(entry.kind, json.loads(entry.body)["data"]) for entry in entries]


def gone(*names, killed=()):
    return "backup.expired", {"expired": list(names), "killed": list(killed)}


def test_what_went_is_told_though_the_new_one_has_no_key_to_be_sealed_with(settings):
    until_today()
    put(LONG_AGO)
    settings.BACKUP_KEYS = ""
    keyring.cache_clear()
    with pytest.raises(CommandError, match="BACKUP_KEYS holds no key"):
        call_command("backup")
    first, (kind, _data) = told()
    assert (first, kind, shelf.names()) == (gone(LONG_AGO), "backup.failed", [])
    assert evidence.last(timezone.now()).failed_at


def test_whoever_only_deletes_is_told_of_as_well():
    until_today()
    put(LONG_AGO)
    shelf.begin("2026-02-01T000000Z")
    call_command("backup", "--expire")
    call_command("backup", "--expire")
    assert told() == [gone(LONG_AGO, killed=["2026-02-01T000000Z"])], "and where nothing went there is nothing to tell"
    assert evidence.last(timezone.now()).failed_at is None


def test_what_cannot_be_deleted_has_its_entry_and_a_failure(folder):
    put(LONG_AGO)
    shelf.keys_of(LONG_AGO).unlink()
    shelf.keys_of(LONG_AGO).mkdir()
    with pytest.raises(OSError, match=LONG_AGO):
        making.expire(now=NOW)
    assert [kind for kind, _data in told()] == ["backup.expired", "backup.failed"]
    shelf.keys_of(LONG_AGO).rmdir()
    assert making.expire(now=NOW) == [LONG_AGO]
    assert told()[-1] == gone(LONG_AGO)


def test_who_waits_for_another_run_has_not_failed():
    with shelf.alone(), pytest.raises(making.BackupProblem):
        making.make(now=NOW, address="")
    assert told() == []


def test_one_made_while_the_clock_was_a_year_ahead_goes_as_many_days_after_it_was_found():
    put(NEXT_YEAR)
    assert making.expire(now=NOW) == []
    assert making.expire(now=NOW + timedelta(days=34)) == []
    assert making.expire(now=NOW + timedelta(days=35)) == [NEXT_YEAR]
    assert told() == [("backup.found-ahead", {"backup": NEXT_YEAR}), gone(NEXT_YEAR)]


def test_so_does_one_that_the_clock_has_come_up_with_meanwhile():
    name = shelf.name_for(NOW + timedelta(days=20))
    put(name)
    for day in (0, 19, 20, 34):
        assert making.expire(now=NOW + timedelta(days=day)) == []
    assert making.expire(now=NOW + timedelta(days=35)) == [name]


def test_one_from_a_wrong_clock_is_not_the_latest(capsys):
    ahead = put(shelf.name_for(timezone.now() + timedelta(days=365)))
    with pytest.raises(making.BackupProblem) as refused:
        restoring._latest(timezone.now())
    assert ahead.name in refused.value.message
    evidence.made(ahead, now=timezone.now() + timedelta(days=365))
    assert evidence.last(timezone.now()).made_at is None
    today = put(shelf.name_for(timezone.now()))
    evidence.made(today, now=timezone.now())
    assert restoring._latest(timezone.now()) == today.name
    assert evidence.last(timezone.now()).expires_on.isoformat() == today.expires_on
    said = [(finding.status, finding.sentence) for finding in examinations.backups(timezone.now())]
    assert said[0] == ("warn", f"These backups are of a day that is to come: {ahead.name}.")
    assert said[1][0] == "ok"
    call_command("backup", "--list")
    assert f"Backup {ahead.name} is of a day that is to come" in capsys.readouterr().err


def test_the_doctor_knows_what_is_not_whole():
    put("2026-11-20T000000Z")
    shelf.keys_of("2026-11-20T000000Z").unlink()
    put("2026-11-21T000000Z")
    made = making.make(now=NOW, address=of_django())
    assert evidence.last(NOW).partial == ["2026-11-20T000000Z"]
    said = [(finding.status, finding.sentence) for finding in examinations.backups(NOW)]
    assert said[0] == ("warn", "A part is missing of these backups: 2026-11-20T000000Z.")
    assert (said[1][0], shelf.names()[-1]) == ("ok", made.name)


def test_where_one_folder_is_away_the_failure_is_on_record(folder):
    put("2026-11-20T000000Z")
    (folder / "data").rename(folder / "away")
    with pytest.raises(making.BackupProblem):
        making.make(now=NOW, address=of_django())
    assert evidence.last(NOW).failed_at == NOW
    assert evidence.last(NOW).partial == ["2026-11-20T000000Z"]
