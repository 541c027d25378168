"""Builders for restores: places of their own for backups and journal, and an empty database to restore into."""

import base64
import os
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import connection

from core import outbox
from core.keys import keyring
from kraken_privacy import gate, whole
from kraken_privacy.backup import making, restoring
from kraken_privacy.backup.address import of_django
from kraken_privacy.embedded.cluster import throw_away
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import OWNER, ensure_database
from ledger.entries import record
from tests.make_retention import NOW

KEY = "b1:" + base64.b64encode(b"k" * 32).decode()
LATER = NOW + timedelta(days=3)


@contextmanager
def places(folder, settings):
    """Backups and journal in this folder, and a backup key."""
    settings.JOURNAL_DIR, settings.BACKUP_DIR = folder / "journal", folder / "backups"
    settings.BACKUP_KEYS = KEY
    keyring.cache_clear()
    yield folder
    keyring.cache_clear()


@contextmanager
def new_database():
    """Django as the owner of an empty database in a cluster of its own, of the version that the programs are of."""
    chosen = os.environ.get("POSTGRES_BIN")
    with throw_away(binaries=Path(chosen) if chosen else None) as cluster:
        ensure_database(cluster.url(SUPERUSER, "postgres"), "restored")
        before = {name: connection.settings_dict[name] for name in ("HOST", "NAME", "USER", "OPTIONS")}
        connection.close()
        connection.settings_dict.update(HOST="", NAME="restored", USER=OWNER, OPTIONS={"host": str(cluster.sockets)})
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)


def backed_up():
    """A backup of now, without its trial."""
    made = making.Manifest("2026-11-22T120000Z", NOW.isoformat(), "2026-12-27", "", 0, "")
    making._dump(made, of_django())
    return made.name


def deliver(now=LATER):
    while outbox.deliver_due(now=now + timedelta(hours=1)):
        pass


@contextmanager
def restored(name, *, now=LATER):
    """The backup, brought up to date; the site may serve. Gives what the replay did."""
    deliver(now)
    with new_database():
        making.load(name, of_django())
        whole.vouch()
        done = restoring.bring_up_to_date(is_journal_lost=False, now=now)
        assert gate.closed_because() == ""
        yield done


def lived(since, until):
    """An installation at work: something is recorded every few days."""
    while since < until:
        record(kind="test.lived", at=since, actor="test", data={})
        since += timedelta(days=3)
