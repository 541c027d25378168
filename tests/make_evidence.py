"""Builders for tests of the ledger."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from kraken_privacy.embedded.dsn import change
from kraken_privacy.embedded.roles import RUNTIME
from ledger import seals
from ledger.entries import encode, record
from ledger.leaves import horizon
from ledger.models import Entry, Head, Seal
from tests.database import superuser_url

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def entry(n: int = 0, **members) -> Entry:
    """One committed entry."""
    made = record(**{"kind": "consent.given", "at": NOW, "actor": "system", "data": {"n": n}, **members})
    return Entry.objects.get(uuid=made)


def body(n: int = 0) -> str:
    return encode(kind="consent.given", at=NOW, actor="system", subject=uuid.uuid4(), data={"n": n})[1]


def session(role: str = RUNTIME, **options: str) -> psycopg.Connection:
    """A session of its own: a second transaction beside the test's."""
    return psycopg.connect(change(superuser_url(), user=role), **options)


def let_others_end(*, seconds: float = 120) -> None:
    """Wait until the horizon is above every entry of the current epoch that can be seen.

    The horizon is the cluster's: a test in another database of the same server, in another process, holds it back.
    """
    until = time.monotonic() + seconds
    epoch = Head.objects.get().epoch
    while horizon(epoch)[0] <= max(Entry.objects.filter(epoch=epoch).values_list("xid", flat=True), default=0):
        assert time.monotonic() < until, "somebody's transaction does not end"
        time.sleep(0.02)


def seal() -> Seal | None:
    """Seal everything that is committed."""
    let_others_end()
    return seals.seal(now=NOW)


def write(session: psycopg.Connection, n: int) -> None:
    """One entry by the raw path, in whatever transaction the session is in."""
    session.execute("INSERT INTO ledger_entry (body) VALUES (%s)", [body(n)])


@contextmanager
def tampering() -> Iterator[psycopg.Connection]:
    """A superuser who turns every trigger off, commits, and leaves."""
    with psycopg.connect(superuser_url()) as thief:
        thief.execute("SET session_replication_role = replica")
        yield thief
