"""Reading entries in the order of sealing: by transaction, then by id. The SQL of the ledger is here."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from ledger import merkle

# One stream of what is there and what a retention run removed. Both sides come from an index in this order.
_LEAVES = """
SELECT id, body, NULL::bytea AS leaf, xid FROM ledger_entry
WHERE epoch = %(epoch)s AND xid >= %(start)s::xid8 AND xid < %(end)s::xid8
UNION ALL
SELECT entry, NULL, leaf, xid FROM ledger_pruned
WHERE epoch = %(epoch)s AND xid >= %(start)s::xid8 AND xid < %(end)s::xid8
ORDER BY xid, id
"""
# One statement, hence one snapshot. An entry above the head's epoch, or with a transaction id that this cluster has not
# given out yet, was restored from another cluster. The caller's own transaction may be above xmax.
_HORIZON = """
SELECT pg_snapshot_xmin(now), EXISTS (SELECT FROM ledger_entry WHERE epoch > %(epoch)s) OR EXISTS (
    SELECT FROM ledger_entry WHERE epoch = %(epoch)s AND xid >= pg_snapshot_xmax(now)
    AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
) FROM pg_current_snapshot() AS now
"""
_LAST = """
SELECT max(xid) FROM (
    (SELECT xid FROM ledger_entry WHERE epoch = %(epoch)s ORDER BY epoch DESC, xid DESC LIMIT 1)
    UNION ALL
    (SELECT xid FROM ledger_pruned WHERE epoch = %(epoch)s ORDER BY epoch DESC, xid DESC LIMIT 1)
) AS both_ends
"""


@dataclass(frozen=True)
class Leaf:
    entry: int
    hash: bytes
    is_pruned: bool


def leaves(epoch: int, start: int, end: int) -> Iterator[Leaf]:
    """The leaves of a half-open range of transaction ids, streamed: a range may be far larger than memory."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_LEAVES, {"epoch": epoch, "start": str(start), "end": str(end)})
        while rows := cursor.fetchmany(2000):
            for entry, body, pruned, _xid in rows:
                hashed = merkle.leaf(body.encode()) if pruned is None else bytes(pruned)
                yield Leaf(entry, hashed, pruned is not None)


def horizon(epoch: int) -> tuple[int, bool]:
    """(the transaction id below which everything has ended, whether entries of another cluster are here)."""
    with connection.cursor() as cursor:
        cursor.execute(_HORIZON, {"epoch": epoch})
        xmin, has_foreign = cursor.fetchone()
    return int(xmin), has_foreign


def last_xid(epoch: int) -> int | None:
    """The highest transaction id with an entry in an epoch."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"epoch": epoch})
        (found,) = cursor.fetchone()
    return None if found is None else int(found)
