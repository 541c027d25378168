"""Statements that the server plans once for each connection, for the few hot paths where planning is most of the work.

Django binds values on the client side, so its statements are parsed and planned anew each time. Here the values are
bound by the server. Through PgBouncer this needs version 1.21 or later with `max_prepared_statements` set.
"""

from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import psycopg
from django.db import OperationalError, connection

from core.arrays import Bytes, BytesDumper

Params = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]
Fetch = Callable[[str, Params], list[Row]]
Answer = TypeVar("Answer")
# Pages that an index names are in memory, as a rule, or on a disk without an arm.
ONE_PROCESS = "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL random_page_cost = 1.1"
# What a transaction of the caller goes on with: SET LOCAL lasts until that ends.
AS_BEFORE = "SET LOCAL max_parallel_workers_per_gather TO DEFAULT; SET LOCAL random_page_cost TO DEFAULT"


def fetch_one(sql: str, params: Params) -> Row | None:
    """The first row, on Django's own connection and in its transaction."""
    return next(iter(fetch_all(sql, params)), None)


def fetch_all(sql: str, params: Params) -> list[Row]:
    """Every row, likewise."""
    session = _session()
    with connection.wrap_database_errors:
        cursor = _cursor(session)
        # For this statement only: Django's own are all different texts, and preparing them would fill the cache.
        usual, session.prepare_threshold = session.prepare_threshold, 0
        try:
            rows: list[Row] = cursor.execute(sql, params, prepare=True).fetchall()
        finally:
            session.prepare_threshold = usual
    return rows


def fetch_bulk(sql: str, params: Params) -> list[Row]:
    """Every row of a statement planned for exactly these values: what suits a few does not suit a hundred thousand.

    Values and rows go in their binary form, which neither side has to write as text and read again.
    """
    return bulk()(sql, params)


def bulk() -> Fetch:
    """The same on this thread's connection, also for another thread, which would get one of its own.

    One at a time: while that thread waits, nothing else is asked here.
    """
    cursor, errors = _cursor(_session()), connection.wrap_database_errors

    def fetch(sql: str, params: Params) -> list[Row]:
        with errors:
            return cursor.execute(sql, params, prepare=False, binary=True).fetchall()

    return fetch


def looked_up() -> Fetch:
    """Likewise, for many rows of much larger tables: one after the other by index, while Python is at work beside it.

    Several processes of PostgreSQL would take its processor away, and be told anew of everything that is asked for.
    """
    session, fetch = _session(), bulk()

    def fetch_alone(sql: str, params: Params) -> list[Row]:
        with session.transaction():
            session.execute(ONE_PROCESS)
            rows = fetch(sql, params)
            session.execute(AS_BEFORE)
        return rows

    return fetch_alone


class Lines:
    """For threads that look things up at once: this thread's connection, and for a second one of them another.

    Not inside a transaction, of whose changes another connection would know nothing: there all wait for this one. So do
    they when the server, or the pool, has no other to give. `fetch`: of this thread's connection.
    """

    def __init__(self, fetch: Fetch) -> None:
        self.count = 1 if connection.in_atomic_block else 2
        self._free: SimpleQueue[Fetch] = SimpleQueue()
        self._free.put(fetch)

    def ask(self, work: Callable[[Fetch], Answer]) -> Answer:
        """What `work` makes of a connection that nobody else uses meanwhile."""
        try:
            fetch = self._free.get_nowait()
        except Empty:
            return self._on_another(work)
        return self._on_this(fetch, work)

    def _on_this(self, fetch: Fetch, work: Callable[[Fetch], Answer]) -> Answer:
        try:
            return work(fetch)
        finally:
            self._free.put(fetch)

    def _on_another(self, work: Callable[[Fetch], Answer]) -> Answer:
        try:
            fetch = looked_up()
        except OperationalError:
            return self._on_this(self._free.get(), work)
        try:
            return work(fetch)
        finally:
            connection.close()


def _session() -> Any:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    return connection.connection


def _cursor(session: Any) -> psycopg.Cursor[Row]:
    """One for each connection: a new one would look up again how every type is written and read."""
    cursor: psycopg.Cursor[Row] | None = getattr(session, "kraken_cursor", None)
    if cursor is None:
        cursor = session.kraken_cursor = psycopg.Cursor(session)
        cursor.adapters.register_dumper(Bytes, BytesDumper)
    return cursor
