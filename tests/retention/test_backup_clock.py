"""No backup goes because a clock says that its day has come, unless days that were recorded bear it out."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Controller
from kraken_privacy import examinations
from kraken_privacy.backup import clock, evidence, making, shelf
from kraken_privacy.backup.address import of_django
from ledger.models import Entry
from tests.make_backup import lived, places
from tests.make_retention import NOW

pytestmark = pytest.mark.django_db(transaction=True)
NIGHTS = [NOW - timedelta(days=number) for number in range(30, 0, -1)]


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path / "backups"


def put(at):
    name = shelf.name_for(at)
    until = (at + timedelta(days=35)).date().isoformat()
    shelf.write(making.Manifest(name, at.isoformat(), until, "180000", 0, ""))
    shelf.keys_of(name).write_bytes(b"keys")
    shelf.dump_of(name).write_bytes(b"dump")
    return name


@pytest.fixture
def nights():
    """A backup each night, and an installation at work until now."""
    lived(NIGHTS[0] - timedelta(days=60), NOW)
    return [put(at) for at in NIGHTS]


def said():
    return [(finding.status, finding.sentence) for finding in examinations.backups(timezone.now())]


@pytest.mark.parametrize("days", [36, 365, 9000])
def test_a_clock_that_is_ahead_deletes_nothing_however_long_nobody_sees_it(nights, days):
    ahead = NOW + timedelta(days=days)
    lived(ahead - timedelta(hours=9), ahead)  # web and worker have the same clock
    for night in range(5):
        assert making.expire(now=ahead + timedelta(days=night)) == []
        put(ahead + timedelta(days=night))
    assert shelf.names()[:30] == nights
    assert all(shelf.keys_of(name).is_file() for name in nights)
    assert list(evidence.last(ahead).overdue) == nights
    # Right again, the days go on where they were.
    lived(NOW, NOW + timedelta(days=6))
    assert making.expire(now=NOW + timedelta(days=5)) == nights[:1]
    assert evidence.last(NOW).failed_at is not None


def test_a_few_days_without_a_word_are_no_reason(nights):
    for number in range(0, 40, 7):
        evidence.failed("", now=NOW + timedelta(days=number))
    assert making.expire(now=NOW + timedelta(days=40)) == nights
    assert evidence.last(NOW).overdue == []


def test_of_backups_that_are_kept_for_days_only_a_day_is_much(monkeypatch):
    monkeypatch.setattr(Controller, "current", lambda: Controller(backup_days=4))
    evidence.failed("", now=NOW)
    names = [put(NOW - timedelta(days=number)) for number in (3, 2, 1)]
    assert making.expire(now=NOW + timedelta(days=3)) == []
    assert shelf.names() == names
    assert making.expire(now=NOW + timedelta(days=2)) == names[:2]


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_backup_each_night_is_no_gap_however_short_they_are_kept(days, monkeypatch):
    """Letters name the day."""
    monkeypatch.setattr(Controller, "current", lambda: Controller(backup_days=days))
    names = [put(NOW - timedelta(days=number)) for number in range(days + 3, 0, -1)]
    assert making.expire(now=NOW) == names[:4]
    # A clock that jumped by two days has only that in its favour.
    assert making.expire(now=NOW + timedelta(days=days + 2)) == []


def test_after_a_restore_the_backups_since_tell_that_the_time_went_by(folder):
    """The ledger ends with the backup that was restored."""
    lived(NOW - timedelta(days=60), NOW - timedelta(days=20))
    names = [put(at) for at in [NOW - timedelta(days=35), *NIGHTS]]
    assert making.expire(now=NOW) == names[:1]


def test_whoever_was_away_says_that_the_clock_is_right():
    """Switched off for two months: the backup is made all the same, and the command says what was kept, and why."""
    off = timezone.now() - timedelta(days=60)
    lived(off - timedelta(days=5), off)
    old = put(off - timedelta(days=1))
    with pytest.raises(CommandError, match=rf"day of backup {old} has come.*--clock-is-right"):
        call_command("backup")
    made = shelf.names()[-1]
    assert shelf.names() == [old, made]
    assert (said()[0][0], said()[0][1] in clock.sentence([old])) == ("fail", True)
    assert said()[1][0] == "ok"
    with pytest.raises(CommandError, match="clock-is-right"):
        call_command("backup", "--expire")
    call_command("backup", "--expire", "--clock-is-right")
    assert shelf.names() == [made]
    assert Entry.objects.filter(kind="backup.clock-confirmed", object=evidence.ABOUT).count() == 1
    assert "By the clock" not in str(said())
    call_command("backup", "--expire")


def test_what_somebody_said_of_one_day_is_not_believed_of_a_later_one(nights):
    making.expire(now=NOW, is_clock_right=True)
    assert making.expire(now=NOW + timedelta(days=36)) == []
    assert making.expire(now=NOW + timedelta(days=36), is_clock_right=True) == nights


def test_the_night_with_a_wrong_clock_has_a_backup_of_its_own(nights):
    made = making.make(now=NOW + timedelta(days=365), address=of_django())
    assert shelf.names() == [*nights, made.name]
    assert list(evidence.last(NOW).overdue) == nights
