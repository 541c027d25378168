"""The "no" that survives erasure: keyed hashes of identifiers, never the identifiers.

A suppression is lifted only by a later explicit opt-in of the person (consents/capture_sql.py), never by an import. An
objection to all marketing is never lifted as a whole: a later opt-in reaches exactly the purpose that was opted in to,
and of a "no" to every channel it leaves one to each of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Q

from consents.models import Pause, Suppression
from core import outbox
from core.keys import keyring
from core.models import Outbox
from processing.models import Purpose
from subjects.identifiers import Claim, reveal, suppression_hash, suppression_hashes
from subjects.models import DataSubject, Identifier

OBJECTION, WITHDRAWAL, ONE_CLICK = "objection", "withdrawal", "one_click"

LATER = """
ON CONFLICT (hash, purpose_id, channel) WHERE lifted_at IS NULL DO UPDATE SET
    since = EXCLUDED.since, reason = EXCLUDED.reason, entry = EXCLUDED.entry
WHERE EXCLUDED.since > consents_suppression.since
"""
ADD = f"""
INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
SELECT new.uuid, 1, new.hash, %(key)s, new.purpose, %(channel)s, %(reason)s, %(now)s, %(entry)s
FROM unnest(%(uuids)s::uuid[], %(hashes)s::bytea[], %(purposes)s::bigint[]) AS new (uuid, hash, purpose)
ORDER BY new.hash, new.purpose
{LATER}
"""  # noqa: S608  (constants only)


@dataclass(frozen=True)
class Hash:
    """A keyed hash and the id of the key that made it."""

    key: str
    value: bytes


def hash_of(claim: Claim) -> Hash:
    return Hash(keyring("SUPPRESSION_KEYS").current, suppression_hash(claim.type, claim.normalised, claim.system))


def hashes_of(claims: Iterable[Claim]) -> list[bytes]:
    """Under every active key: what a look-up tries."""
    return [value for claim in claims for value in suppression_hashes(claim.type, claim.normalised, claim.system)]


def claims_of(subject: DataSubject) -> list[Claim]:
    """The identifiers that are this person's alone, readable. Three queries."""
    rows = Identifier.objects.filter(subject_links__subject=subject, subject_links__is_shared=False)
    rows = rows.order_by("pk")
    values = reveal(rows)
    return [Claim(row.type, values[row.pk], row.system) for row in rows if row.pk in values]


def add(
    hashes: Sequence[Hash],
    *,
    purposes: Sequence[Purpose | None],
    channel: str = "",
    reason: str,
    entry: UUID,
    now: datetime,
) -> None:
    """Suppress these identifiers for each purpose (None: all marketing). A repeated "no" moves the date forward."""
    pairs = [(found.value, purpose.pk if purpose else None) for found in hashes for purpose in purposes]
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            {
                "key": hashes[0].key,
                "channel": channel,
                "reason": reason,
                "now": now,
                "entry": entry,
                "uuids": [uuid4() for _pair in pairs],
                "hashes": [value for value, _purpose in pairs],
                "purposes": [purpose for _value, purpose in pairs],
            },
        )


def spread(row: Suppression, hashes: Sequence[Hash], *, entry: UUID, now: datetime) -> None:
    """The same "no" under other identifiers as well, since the same day: here, and outside PostgreSQL."""
    if not hashes:
        return
    add(hashes, purposes=[row.purpose], channel=row.channel, reason=row.reason, entry=entry, now=row.since)
    data = {
        "action": "suppression.added",
        "entry": str(entry),
        "hashes": [{"key": found.key, "hash": found.value.hex()} for found in hashes],
        "purpose": row.purpose.slug if row.purpose else "",
        "channel": row.channel,
        "reason": row.reason,
        "since": row.since.isoformat(),
    }
    outbox.post(Outbox.Kind.JOURNAL, data, about=None, now=now)


def add_again(data: Mapping[str, Any]) -> bool:
    """Add what the journal says was added after the backup. False if its purpose is not in it."""
    purpose = Purpose.objects.filter(slug=data["purpose"]).first() if data["purpose"] else None
    if data["purpose"] and purpose is None:
        return False
    since, hashes = datetime.fromisoformat(data["since"]), hashes_in(data)
    entry = UUID(data["entry"])
    add(hashes, purposes=[purpose], channel=data["channel"], reason=data["reason"], entry=entry, now=since)
    return True


def hashes_in(data: Mapping[str, Any]) -> list[Hash]:
    """The keyed hashes in a line of the journal."""
    return [Hash(found["key"], bytes.fromhex(found["hash"])) for found in data["hashes"]]


def carry(old: Claim, new: Claim, *, entry: UUID, now: datetime) -> None:
    """Every "no" under the old address or number is one under the corrected one, since the same day."""
    for row in Suppression.objects.filter(hash__in=hashes_of([old]), lifted_at=None).select_related("purpose"):
        spread(row, [hash_of(new)], entry=entry, now=now)
    kept = hash_of(new)
    for pause in Pause.objects.filter(hash__in=hashes_of([old]), ended_at=None, until__gt=now):
        values = {"hash": kept.value, "purpose": pause.purpose, "ended_at": None}
        more = {"hash_key": kept.key, "since": pause.since, "until": pause.until, "entry": entry}
        Pause.objects.get_or_create(**values, defaults=more)


def is_suppressed(claims: Iterable[Claim], purpose: Purpose, channel: str = "", *, marketing: bool) -> bool:
    """Whether a "no" stands for any of these identifiers. A verdict with its reason is consents/permission.py."""
    scope = Q(purpose=purpose) | Q(purpose=None) if marketing else Q(purpose=purpose)
    rows = Suppression.objects.filter(scope, hash__in=hashes_of(claims), lifted_at=None)
    if channel:
        rows = rows.filter(channel__in=["", channel])
    return rows.exists()
