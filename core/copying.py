"""Rows in their thousands, straight into their table: COPY in its binary form (PostgreSQL documentation, COPY).

Unlike INSERT it fills a whole page at a time, and neither side writes values as text for the other to read again. Keys,
checks and triggers hold as ever. A row may be made anywhere, in another thread too; only `store` needs the database.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection

START, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_FIRST_DAY = _EPOCH.toordinal()
# The types of PostgreSQL as bytes: smallint, integer and bigint. Text is UTF-8, and a UUID its own bytes.
small, whole, big = (struct.Struct(form).pack for form in ("!h", "!i", "!q"))
NULL, NO = whole(-1), b"\0"
# What stands before the sixteen bytes of a UUID.
ID = whole(16)


def instant(at: datetime) -> bytes:
    """As timestamptz."""
    return big((at - _EPOCH) // _MICROSECOND)


def day(on: date) -> bytes:
    """As date."""
    return whole(on.toordinal() - _FIRST_DAY)


def cells(*values: bytes | None) -> bytes:
    """Some of the values of a row, one after the other."""
    return b"".join([NULL if value is None else whole(len(value)) + value for value in values])


def row(*values: bytes | None) -> bytes:
    return small(len(values)) + cells(*values)


def store(table: str, columns: str, rows: Iterable[bytes]) -> None:
    """Add these rows in the caller's transaction. Table and columns are constants of the code."""
    content = b"".join(rows)
    if content:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(START + content + END)
