"""Thousands of ids as one value. As a list the driver writes them one by one and Django reads each as a parameter of
its own, which for a batch takes longer than what is then done with the rows.
"""

import struct
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import BooleanField, F, Func, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from psycopg.adapt import Dumper
from psycopg.pq import Format


def array(ids: Iterable[int | UUID]) -> str:
    """A PostgreSQL array literal, for `= ANY(%s::bigint[])` or `::uuid[]`. Neither kind of id needs quoting."""
    # Of a UUID its digits without dashes, which take a fifth of the time.
    return f"{{{','.join([one.bytes.hex() if type(one) is UUID else str(one) for one in ids])}}}"


def hashes(values: Iterable[bytes]) -> str:
    """The same for `::bytea[]`."""
    joined = '","\\\\x'.join(map(bytes.hex, values))
    return f'{{"\\\\x{joined}"}}' if joined else "{}"


class Bytes:
    """Values for a `bytea[]` in core/prepared.py, where they go as the bytes that they are."""

    def __init__(self, values: Collection[bytes]) -> None:
        self.values = values


class BytesDumper(Dumper):
    """In PostgreSQL's binary form (array_recv): dimensions, no nulls, element type; length, bytes."""

    format = Format.BINARY
    oid = 1001

    def dump(self, obj: Bytes) -> bytes:
        if not obj.values:
            return struct.pack("!iii", 0, 0, 17)
        lengths = {len(value) for value in obj.values}
        if len(lengths) == 1:
            [each] = (struct.pack("!i", length) for length in lengths)
            values = each + each.join(obj.values)
        else:
            values = b"".join([len(value).to_bytes(4, "big") + value for value in obj.values])
        return struct.pack("!iiiii", 1, 0, 17, len(obj.values), 1) + values


def texts(values: Iterable[str | None]) -> str:
    """The same for `::text[]`, and for whatever else is written as text, such as times."""
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    # PostgreSQL documentation, 8.15.6 Array Input and Output Syntax.
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Among(Func):
    """A condition for filter(): the field is one of these ids (primary keys, or UUIDs with `kind="uuid"`)."""

    template = "(%(expressions)s::%(kind)s[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, field: str, ids: Iterable[int | UUID], kind: str = "bigint") -> None:
        super().__init__(F(field), Value(array(ids)), kind=kind)


class OneOf(Func):
    """A condition for filter(): the value is among those of an array column."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def one_of_or_any(value: Combinable | Expression, wanted: Combinable) -> Coalesce:
    """A condition for filter(): the same, where the column has none because any will do."""
    return Coalesce(OneOf(value, wanted), IsNull(wanted, True))
