"""Data keys after a change of MASTER_KEYS: wrapped anew under the current one, so that the old one may go.

What is sealed with them stays as it is. It may be broken off anywhere: each key names the master key that it is under.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from core.arrays import array
from core.keys import keyring
from core.models import DataKey, Owner
from core.vault import Key, Unreadable, unwrap

# Keys that somebody has locked are left for the next pass: whoever erases never waits for this, nor it for them.
FIND = """
SELECT id, owner, owner_id, master_key, wrapped FROM core_datakey
WHERE id > %s AND master_key <> %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
STORE = """
UPDATE core_datakey AS stored SET master_key = %s, wrapped = made.wrapped
FROM UNNEST(%s::bigint[], %s::bytea[]) AS made (id, wrapped) WHERE stored.id = made.id
"""


@dataclass(frozen=True)
class Batch:
    """`last` is the key to go on after; `lost` were wrapped under a master key that is not in the ring any more."""

    moved: int
    lost: int
    last: int


def rewrap(*, after: int = 0, limit: int = 2000) -> Batch | None:
    """Wrap the next keys anew, in a transaction of their own; None when there are no more beyond `after`."""
    ring = keyring("MASTER_KEYS")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FIND, [after, ring.current, limit])
        rows = cursor.fetchall()
        if not rows:
            return None
        found = {row[0]: key for row in rows if (key := _opened(*row[1:]))}
        wrapped = [key.wrapped()[1] for key in found.values()]
        cursor.execute(STORE, [ring.current, array(found), wrapped])
    return Batch(moved=len(found), lost=len(rows) - len(found), last=rows[-1][0])


def under_old_keys() -> dict[str, int]:
    """How many data keys are under each master key but the current one."""
    sql = "SELECT master_key, count(*) FROM core_datakey WHERE master_key <> %s GROUP BY 1 ORDER BY 1"
    with connection.cursor() as cursor:
        cursor.execute(sql, [keyring("MASTER_KEYS").current])
        return dict(cursor.fetchall())


def _opened(owner: str, owner_id: UUID, master_key: str, wrapped: bytes) -> Key | None:
    try:
        return unwrap(DataKey(owner=Owner(owner), owner_id=owner_id, master_key=master_key, wrapped=wrapped))
    except Unreadable:
        return None
