"""The register of numbers that are not called for marketing (PECR reg 26: the Telephone Preference Service).

Held as keyed hashes beside the suppressions, for live calls only. Unlike a "no" that somebody said to us, a number that
has left the register may be called again, and consent to our calls outweighs it (reg 21(4)).
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from core.arrays import hashes
from core.errors import Invalid
from core.keys import keyring
from ledger import entries
from subjects.identifiers import normalise, suppression_hash

BATCH = 5_000
LOAD = """
INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
SELECT gen_random_uuid(), 1, listed.hash, %(key)s, NULL, 'phone', 'tps', %(now)s, %(entry)s
FROM (SELECT DISTINCT hash FROM unnest(%(hashes)s::bytea[]) AS given (hash) ORDER BY hash) listed
ON CONFLICT (hash, purpose_id, channel) WHERE lifted_at IS NULL
    DO UPDATE SET since = EXCLUDED.since, entry = EXCLUDED.entry WHERE consents_suppression.reason = 'tps'
"""
LEFT = "DELETE FROM consents_suppression WHERE reason = 'tps' AND since < %s"


@transaction.atomic
def load(numbers: Iterable[str], *, now: datetime, actor: str) -> tuple[int, int, list[int]]:
    """Make these numbers the register: how many there are, how many left it, and the lines that are no number."""
    entry = uuid4()
    count, wrong = 0, []
    with connection.cursor() as cursor:
        lines = enumerate(numbers, 1)
        while batch := list(islice(lines, BATCH)):
            found = []
            for line, number in batch:
                try:
                    found.append(suppression_hash("phone", normalise("phone", number)))
                except Invalid:
                    wrong += [line] if number.strip() else []
            params: dict[str, Any] = {
                "key": keyring("SUPPRESSION_KEYS").current,
                "now": now,
                "entry": entry,
                "hashes": hashes(found),
            }
            cursor.execute(LOAD, params)
            count += len(found)
        cursor.execute(LEFT, [now])
        left = cursor.rowcount
    counts = {"numbers": count, "left": left, "wrong": len(wrong)}
    entries.record(kind="register.loaded", at=now, actor=actor, data=counts, entry=entry)
    return count, left, wrong
