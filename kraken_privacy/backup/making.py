"""Making a backup: two dumps of one moment, sealed on their way to the disk, and restored once to see that they can be.

The keys of everything sealed are in the table core_datakey alone. Without its rows the ordinary dump holds what nobody
can read, so it is worth as much as the dump of the keys beside it, and that one goes on its day.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from django.db import DatabaseError
from psycopg import sql

from core.models import Controller
from kraken_privacy.backup import clock, evidence, shelf
from kraken_privacy.backup.problem import BackupProblem, NotTried
from kraken_privacy.backup.programs import environment, feeding, program, reading
from kraken_privacy.backup.sealing import Damaged, opened, ring, seal_file
from kraken_privacy.backup.shelf import Manifest
from kraken_privacy.embedded.cluster import clear, throw_away
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.roles import ensure_database
from retention import journal

KEYS = "core_datakey"
TRIAL = "kraken-trial-"
DUMP = ("--format=custom", "--no-owner", "--no-privileges", "--no-sync")


def make(*, now: datetime, address: str, is_clock_right: bool = False) -> Manifest:
    """Delete the backups whose day is over, whatever becomes of this one; then dump, seal, try out.

    Nothing is left of one that failed, nor of one that was killed before. `is_clock_right`: somebody says so.
    """
    name = shelf.name_for(now)
    with _told(name, now), shelf.alone():
        _expire(now, is_clock_right)
        manifest = _planned(name, now)
        shelf.begin(name)
        try:
            _dump(manifest, address)
            verify(manifest)
            manifest.verified_at = now.isoformat()
            shelf.write(manifest)
        except BaseException:
            shelf.discard(name)
            raise
        evidence.made(manifest, now=now)
        return manifest


def _planned(name: str, now: datetime) -> Manifest:
    """What is to be made, once nothing stands in its way."""
    controller = Controller.current()
    if not controller.backup_days:
        raise NotTried("The controller's settings, and letters, say that no backups are kept (backup days: 0).")
    ring()
    if empty := shelf.not_mounted():
        raise BackupProblem(empty)
    expires = now.astimezone(controller.zone).date() + timedelta(days=controller.backup_days)
    # Read before the snapshot: whatever stands in the journal by now is in the dump.
    head = journal.head()
    return Manifest(
        name=name,
        made_at=now.isoformat(),
        expires_on=expires.isoformat(),
        server="",
        journal_seq=head["seq"] if head else 0,
        journal_hash=head["hash"] if head else "",
    )


@contextmanager
def _told(name: str, now: datetime) -> Iterator[None]:
    """The doctor knows of whatever goes wrong, also before anything is begun."""
    try:
        yield
    except NotTried:
        raise
    except BaseException:
        with suppress(DatabaseError):  # gone with it, and then the doctor has worse to tell
            evidence.failed(name, now=now)
        raise


def expire(*, now: datetime, is_clock_right: bool = False) -> list[str]:
    """Delete the backups whose day has come, or all where none are kept, and what is left of those that were killed."""
    with _told("", now), shelf.alone():
        gone = _expire(now, is_clock_right)
        if evidence.overdue(now):
            evidence.failed("", now=now)
        return gone


def _expire(now: datetime, is_clock_right: bool) -> list[str]:
    if is_clock_right:
        evidence.confirm(now=now)
    killed = shelf.killed()
    evidence.note(shelf.ahead(now), now=now)
    ended = {name: at for name, at in evidence.overdue(now).items() if name not in killed}
    kept = clock.doubted(ended, days=Controller.current().backup_days, now=now)
    due = [name for name in ended if name not in kept]
    evidence.expire(due, killed=killed, now=now)
    for name in (*killed, *due):
        shelf.discard(name)
    clear(TRIAL)
    return due


def _dump(manifest: Manifest, address: str) -> None:
    with _snapshot(address) as (session, snapshot):
        manifest.server = str(session.info.server_version)
        manifest.rows = counted(session)
        common: list[str | Path] = [program("pg_dump"), *DUMP, f"--snapshot={snapshot}"]
        env = environment(address)
        with reading([*common, f"--exclude-table-data={KEYS}"], env) as output:
            seal_file(output, shelf.dump_of(manifest.name))
        with reading([*common, "--data-only", f"--table={KEYS}"], env) as output:
            seal_file(output, shelf.keys_of(manifest.name))


@contextmanager
def _snapshot(address: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A transaction whose view of the data others can share."""
    with psycopg.connect(address) as session:
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = session.execute("SELECT pg_export_snapshot()").fetchone()
        assert row  # noqa: S101 - a function without FROM gives one row
        yield session, str(row[0])


def verify_again(name: str, *, now: datetime) -> None:
    """Try out a backup of before. Raises BackupProblem, and the doctor knows of it."""
    with _told(name, now):
        verify(shelf.read(name))


def counted(session: psycopg.Connection) -> dict[str, int]:
    """Rows of every table."""
    tables = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    if not tables:
        return {}
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(name)) for (name,) in tables
    )
    return dict(session.execute(each).fetchall())


def verify(manifest: Manifest) -> None:
    """Restore both dumps into a cluster made for it and count. Raises BackupProblem."""
    try:
        with throw_away(prefix=TRIAL) as cluster:
            ensure_database(cluster.url(SUPERUSER, "postgres"), "trial")
            address = cluster.url(SUPERUSER, "trial")
            load(manifest.name, address)
            with psycopg.connect(address) as session:
                found = counted(session)
    except Problem as problem:
        raise BackupProblem(f"The backup could not be tried out: {problem}") from problem
    wrong = sorted(name for name in manifest.rows if found.get(name) != manifest.rows[name])
    if wrong:
        raise BackupProblem(f"The backup does not hold what the database holds: {', '.join(wrong)}.")


def load(name: str, address: str) -> None:
    """Both dumps into an empty database. Raises BackupProblem."""
    env = environment(address)
    target = f"--dbname={env.get('PGDATABASE', '')}"
    common: list[str | Path] = [program("pg_restore"), *DUMP[1:3], "--exit-on-error", "--single-transaction", target]
    for path, extra in ((shelf.dump_of(name), ()), (shelf.keys_of(name), ("--data-only",))):
        try:
            with path.open("rb") as file:
                feeding([*common, *extra], env, opened(file))
        except FileNotFoundError as error:
            raise BackupProblem(f"{path} is missing: without it this backup cannot be restored.") from error
        except Damaged as error:
            raise BackupProblem(f"{path} cannot be used: {error}.") from error
