"""The two folders of backups: nothing in one of them goes before its day because of what the other one lacks."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from kraken_privacy.backup import making, shelf
from kraken_privacy.backup.address import of_django
from tests.make_backup import lived, places

pytestmark = pytest.mark.django_db(transaction=True)
# The commands go by the clock of this machine.
NOW = timezone.now()
MADE = [NOW.replace(hour=1, minute=30, second=0, microsecond=0) - timedelta(days=days) for days in (4, 3, 2)]
NAMES = [shelf.name_for(at) for at in MADE]
# Where the controller is, five weeks after the first of them.
DAY = MADE[0].replace(hour=12) + timedelta(days=35)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    lived(NOW - timedelta(days=5), NOW + timedelta(days=40))
    with places(tmp_path, settings):
        yield tmp_path / "backups"


def put(name):
    shelf.write(making.Manifest(name, NOW.isoformat(), (DAY + timedelta(days=365)).date().isoformat(), "180000", 0, ""))
    shelf.keys_of(name).write_bytes(b"keys")
    shelf.dump_of(name).write_bytes(b"dump")


def keys(folder):
    return sorted(path.stem for path in (folder / "keys").iterdir())


@pytest.mark.parametrize("way", ["empty", "with a file of its own", "not there"])
def test_the_keys_outlive_a_night_without_the_dumps(folder, way, capsys):
    """data/ is other storage, and was not mounted: nothing stands in its place, or an empty directory."""
    for name in NAMES:
        put(name)
    (folder / "data").rename(folder / "away")
    if way != "not there":
        (folder / "data").mkdir()
    if way == "with a file of its own":
        (folder / "data" / "lost+found").mkdir()
    call_command("backup", "--expire")
    assert f"{folder}/data is empty, and {folder}/keys holds its part of 3 backups" in capsys.readouterr().err
    with pytest.raises(CommandError, match=r"data is empty, and .*Mount it"):
        call_command("backup")
    with pytest.raises(CommandError, match=r"data is empty, and .*Mount it"):
        call_command("restore")
    assert keys(folder) == NAMES
    if (folder / "data" / "lost+found").exists():
        (folder / "data" / "lost+found").rmdir()
    (folder / "data").rmdir()
    (folder / "away").rename(folder / "data")
    assert (shelf.names(), shelf.amiss(NOW)) == (NAMES, [])


def test_keys_without_dumps_go_on_the_day_that_their_own_names_give(folder):
    for name in NAMES:
        put(name)
    (folder / "data").rename(folder / "away")
    assert making.expire(now=DAY - timedelta(days=1)) == []
    assert making.expire(now=DAY) == NAMES[:1]
    assert keys(folder) == NAMES[1:]
    (folder / "data").rmdir()
    (folder / "away").rename(folder / "data")
    assert making.expire(now=DAY) == NAMES[:1], "and the dump that was away goes as soon as it is back"


def test_nothing_is_made_where_the_keys_are_not_mounted(folder):
    put(NAMES[0])
    (folder / "keys").rename(folder / "away")
    with pytest.raises(CommandError, match=rf"keys is empty, and .*data holds its part of backup {NAMES[0]}"):
        call_command("backup")
    assert list((folder / "keys").iterdir()) == []
    assert shelf.names() == NAMES[:1]


def test_a_backup_that_lost_a_file_is_told_of_and_kept_until_its_day(folder):
    for name in NAMES:
        put(name)
    (folder / "data" / f"{NAMES[0]}.json").unlink()
    shelf.keys_of(NAMES[1]).unlink()
    said = StringIO()
    call_command("backup", "--list", stdout=StringIO(), stderr=said)
    first, second = said.getvalue().splitlines()
    assert f"{NAMES[0]} is not whole: without {folder}/data/{NAMES[0]}.json" in first
    assert f"{NAMES[1]} is not whole: without {folder}/keys/{NAMES[1]}.keys" in second
    assert making.expire(now=DAY - timedelta(days=1)) == []
    assert shelf.keys_of(NAMES[0]).exists()
    assert making.expire(now=DAY + timedelta(days=1)) == NAMES[:2]
    assert (keys(folder), shelf.amiss(NOW)) == (NAMES[2:], [])


def test_only_what_one_that_was_killed_had_begun_goes_at_once(folder):
    """Killed while it wrote the second file; on the day after one of its folders is away."""
    put(NAMES[0])
    shelf.begin(NAMES[1])
    shelf.dump_of(NAMES[1]).write_bytes(b"du")
    (folder / "data").rename(folder / "away")
    making.expire(now=NOW)
    assert keys(folder) == NAMES[:1]
    (folder / "data").rmdir()
    (folder / "away").rename(folder / "data")
    making.expire(now=NOW)
    assert {path.name for path in (folder / "data").iterdir()} == {f"{NAMES[0]}.dump", f"{NAMES[0]}.json"}


def test_a_whole_one_carries_no_mark_and_is_not_made_again_under_its_name(folder):
    made = making.make(now=NOW, address=of_django())
    assert {path.suffix for kind in ("data", "keys") for path in (folder / kind).iterdir()} == {
        *(".dump", ".json", ".keys")
    }
    with pytest.raises(making.BackupProblem) as refused:
        making.make(now=NOW, address=of_django())
    assert "already" in refused.value.message
    assert shelf.names() == [made.name]
    assert shelf.amiss(NOW) == []
