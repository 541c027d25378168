"""A dump restored into a new cluster: transaction ids start again from the bottom, and sealing goes on."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from kraken_privacy.backup.programs import program
from kraken_privacy.embedded.cluster import throw_away
from kraken_privacy.embedded.postgres import SUPERUSER, wheel_binaries
from kraken_privacy.embedded.roles import ensure_database
from ledger import seals
from ledger.leaves import horizon, leaves
from ledger.models import Entry, Head, Seal
from ledger.verify import verify
from tests.database import superuser_url
from tests.make_evidence import NOW, entry, seal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _an_old_cluster(transactional_db: None) -> None:
    """The first cluster has lived for a while: its transaction ids are far above those of a new one."""
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute("SELECT pg_current_xact_id()")


def dump(folder: Path) -> Path:
    file = folder / "database.dump"
    subprocess.run([program("pg_dump"), "-Fc", "-f", file, superuser_url()], check=True)
    return file


@contextmanager
def restored(file: Path) -> Iterator[None]:
    """Django on a copy in a cluster of its own, as the runtime role."""
    with throw_away() as cluster:
        ensure_database(cluster.url(SUPERUSER, "postgres"), "restored")
        command = [wheel_binaries() / "pg_restore", "--exit-on-error", "--single-transaction"]
        subprocess.run([*command, "-d", cluster.url(SUPERUSER, "restored"), file], check=True)
        before = {name: connection.settings_dict[name] for name in ("HOST", "NAME", "OPTIONS")}
        connection.close()
        connection.settings_dict.update(HOST="", NAME="restored", OPTIONS={"host": str(cluster.sockets)})
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)


def times_covered() -> Counter[int]:
    rows = Seal.objects.order_by("pk")
    return Counter(leaf.entry for row in rows for leaf in leaves(row.epoch, row.xid_from, row.xid_to))


def everything_once() -> bool:
    return times_covered() == Counter(Entry.objects.values_list("pk", flat=True))


def test_sealing_goes_on_after_a_restore(tmp_path: Path) -> None:
    entry(1)
    noted = seal().root
    entry(2)  # in the dump, but not sealed when it was made
    file = dump(tmp_path)
    with restored(file):
        assert horizon(1)[0] < Head.objects.get().horizon, "the new cluster must count from the bottom"
        assert verify(noted).ok
        assert entry(3).epoch == 2
        assert verify().waiting == 2
        assert seals.seal(now=NOW).epoch == 2
        assert list(Seal.objects.order_by("pk").values_list("epoch", "count")) == [(1, 1), (1, 1), (2, 1)]
        assert entry(4).epoch == 2
        assert seals.seal(now=NOW).count == 1
        assert everything_once()
        report = verify(noted)
        assert report.ok
        assert (report.sealed, report.waiting) == (4, 0)


def test_a_restored_ledger_that_was_never_sealed(tmp_path: Path) -> None:
    """The head knows of no horizon; ids that this cluster has not given out yet say enough."""
    entry(1)
    file = dump(tmp_path)
    with restored(file):
        entry(2)
        seals.seal(now=NOW)
        assert Head.objects.get().epoch == 2
        entry(3)
        assert seals.seal(now=NOW).epoch == 2
        assert everything_once()
        assert verify().ok


def test_a_restored_ledger_can_be_restored_again(tmp_path: Path) -> None:
    entry(1)
    seal()
    file = dump(tmp_path)
    with restored(file):
        seals.seal(now=NOW)
        assert Head.objects.get().epoch == 2
        assert verify().ok
        with connection.cursor() as cursor:
            for _ in range(50):
                cursor.execute("SELECT pg_current_xact_id()")
        entry(2)
        assert seals.seal(now=NOW).epoch == 2
        # What a second restore looks like from inside: the horizon lies below the head's.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_head SET horizon = '99999999'")
        assert entry(3).epoch == 3
