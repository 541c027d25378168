"""Backups that were told to stop, killed, or can no longer be read: nothing of them outlives its day."""

import base64
import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.keys import keyring
from kraken_privacy.backup import evidence, making, shelf
from tests.database import superuser_url
from tests.make_backup import KEY, lived, places
from tests.make_retention import NOW

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = "2026-01-01T000000Z"


@pytest.fixture(autouse=True)
def folder(tmp_path, settings, monkeypatch):
    """With a place of its own for trials."""
    (tmp_path / "trials").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "trials"))
    with places(tmp_path, settings):
        yield tmp_path


def begun(folder):
    """The command, at the moment when it has dumped and tries out what it made."""
    where = {"JOURNAL_DIR": folder / "journal", "BACKUP_DIR": folder / "backups", "TMPDIR": folder / "trials"}
    env = {**os.environ, **{name: str(path) for name, path in where.items()}}
    command = [sys.executable, "manage.py", "backup"]
    running = subprocess.Popen(command, env={**env, "DATABASE_URL": superuser_url(), "BACKUP_KEYS": KEY})
    until = time.monotonic() + 60
    while not list((folder / "trials").glob("kraken-trial-*/data/base")):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return running


def left(folder):
    kinds = ("backups/data", "backups/keys", "trials")
    return {path.name for kind in kinds for path in (folder / kind).iterdir()}


def test_one_that_is_told_to_stop_leaves_nothing(folder):
    running = begun(folder)
    running.terminate()
    assert running.wait(60) == 128 + signal.SIGTERM
    assert left(folder) == set()
    assert evidence.last(timezone.now()).failed_at


def test_what_one_that_was_killed_leaves_goes_with_the_next(folder):
    running = begun(folder)
    with pytest.raises(CommandError, match="Another backup is being made"):
        call_command("backup", "--expire")
    running.kill()
    running.wait(60)
    assert {name.rpartition(".")[2].partition("-")[0] for name in left(folder)} == {"dump", "keys", "begun", "kraken"}
    call_command("backup", "--expire")
    assert left(folder) == set()


def test_those_whose_day_has_come_go_although_a_new_one_fails(monkeypatch):
    lived(shelf._made_at(LONG_AGO), timezone.now())
    shelf.write(making.Manifest(LONG_AGO, NOW.isoformat(), "2026-02-05", "180000", 0, ""))
    shelf.keys_of(LONG_AGO).write_bytes(b"")
    monkeypatch.setenv("POSTGRES_BIN", "/nonexistent")
    with pytest.raises(CommandError, match="holds no pg_dump"):
        call_command("backup")
    assert (shelf.names(), shelf.keys_of(LONG_AGO).exists()) == ([], False)


def test_those_under_a_key_that_is_gone_or_without_a_word_go_on_their_day(settings):
    second = "2026-03-01T000000Z"
    lived(shelf._made_at(LONG_AGO), NOW)
    shelf.write(making.Manifest(LONG_AGO, NOW.isoformat(), "2026-04-05", "180000", 0, ""))
    settings.BACKUP_KEYS = "b2:" + base64.b64encode(b"j" * 32).decode()
    keyring.cache_clear()
    shelf.write(making.Manifest(second, NOW.isoformat(), "2026-04-05", "180000", 0, ""))
    damaged, today = "2026-04-01T000000Z", shelf.name_for(NOW)
    for name in (damaged, today):
        (shelf.folder("data") / f"{name}.json").write_text("{")
    shelf.keys_of(damaged).write_bytes(b"")
    settings.BACKUP_KEYS = ""
    keyring.cache_clear()
    with pytest.raises(ImproperlyConfigured):
        making.make(now=NOW, address="")
    assert (shelf.names(), shelf.keys_of(damaged).exists()) == ([today], False)
