"""The test database: made and migrated by the owner, used by the runtime role, emptied by a superuser."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from kraken_privacy.embedded.dsn import change
from kraken_privacy.embedded.roles import OWNER, drop_database, ensure_database
from tests.plugin import FOLDER, PATTERN, RUN, SERVER, WORKER


def superuser_url() -> str:
    """The superuser's address of the database that the tests of this process use."""
    return change(os.environ[SERVER], dbname=connection.settings_dict["NAME"])


@contextmanager
def connected_as(role: str) -> Iterator[None]:
    """Django's connection under another role. Every thread shares the settings, so there must be no other thread."""
    before = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = role
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = before


@dataclass
class Snapshot:
    """The rows that migrations leave behind: permissions, groups, rule sets, bank holidays. Kept as COPY data."""

    tables: dict[str, bytes] = field(default_factory=dict)
    marks: dict[str, tuple] = field(default_factory=dict)

    def take(self) -> None:
        with psycopg.connect(superuser_url(), autocommit=True) as session:
            for table in filled_tables(session):
                with session.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                    self.tables[table] = b"".join(bytes(block) for block in copy)
            self.marks = self._read_marks(session)

    def restore(self) -> None:
        """Empty every table and put the snapshot back, in one transaction with all triggers and foreign keys off."""
        with psycopg.connect(superuser_url(), options="-c session_replication_role=replica") as session:
            # A test that left a transaction open in some thread must fail here instead of hanging the run.
            session.execute("SET lock_timeout = '20s'")
            now = self._read_marks(session)
            same = {table for table, mark in now.items() if mark == self.marks[table]}
            for table in filled_tables(session):
                if table not in same:
                    session.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table in self.tables.keys() - same:
                columns = stored_columns(session, table)
                command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
                with session.cursor().copy(command) as copy:
                    copy.write(self.tables[table])
            self.marks = self._read_marks(session)

    def _read_marks(self, session: psycopg.Connection) -> dict[str, tuple]:
        """For each table of the snapshot what changes with any of its rows: how many, and the latest transaction."""
        if not self.tables:
            return {}
        mark = sql.SQL("SELECT {}, count(*), max(xmin::text::bigint) FROM {}")
        each = [mark.format(sql.Literal(table), sql.Identifier(table)) for table in self.tables]
        found = session.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()
        return {table: (count, latest) for table, count, latest in found}


def stored_columns(session: psycopg.Connection, table: str) -> sql.Composed:
    names = session.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [f'"{table}"'],
    ).fetchall()
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in names)


def filled_tables(session: psycopg.Connection) -> list[str]:
    """Every table that holds a row, except the list of migrations."""
    names = session.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations' ORDER BY 1"
    ).fetchall()
    if not names:
        return []
    probe = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for (name,) in names
    )
    return [name for (name,) in session.execute(probe).fetchall()]


def _make(server: str, name: str) -> None:
    """Of several workers the first migrates, and the others copy what it had before its first test."""
    if not WORKER:
        _migrate(server, name)
        return
    pattern = PATTERN.format(run=os.environ[RUN])
    with (
        Path(os.environ[FOLDER], "pattern.lock").open("w") as lock,
        psycopg.connect(server, autocommit=True) as session,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not session.execute("SELECT FROM pg_database WHERE datname = %s", [pattern]).rowcount:
            _migrate(server, name)
            connection.close()
            session.execute(_copy(name, pattern))
        else:
            session.execute(_copy(pattern, name))


def _copy(given: str, made: str) -> sql.Composed:
    command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    return command.format(sql.Identifier(made), sql.Identifier(OWNER), sql.Identifier(given))


def _migrate(server: str, name: str) -> None:
    ensure_database(server, name)
    with connected_as(OWNER):
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def migrated_database() -> Iterator[Snapshot]:
    server, name = os.environ[SERVER], connection.settings_dict["NAME"]
    try:
        _make(server, name)
        snapshot = Snapshot()
        snapshot.take()
        yield snapshot
    finally:
        connection.close()
        drop_database(server, name)
