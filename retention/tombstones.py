"""Tombstones: keyed hashes of what was erased, so that a stale copy written back later is recognised.

The plaintext is gone, so the keys are kept (SUPPRESSION_KEYS) and every key still in the ring is tried. A tombstone
expires with the last backup that may contain the record; after that nothing old can come back.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from hmac import digest
from uuid import UUID

from django.db import connection, transaction

from core.keys import keyring
from core.models import Controller
from ledger.entries import record
from retention.models import Run, Tombstone
from subjects.erasure import Erased

Scope = Tombstone.Scope
COPY = (
    "COPY retention_tombstone (schema_version, scope, hash, hash_key, run_id, erased_at, expires_on)"
    " FROM STDIN (FORMAT BINARY)"
)
COLUMNS = ("int2", "varchar", "bytea", "varchar", "int8", "timestamptz", "date")


def bury(run: Run, erased: Erased, *, controller: Controller, now: datetime) -> int:
    """Tombstones of everything that went, by COPY in the caller's transaction. Returns how many.

    Items and people are recognised by their ids, whatever came from elsewhere by the record it came from.
    """
    key_id = keyring("SUPPRESSION_KEYS").current
    expires_on = now.astimezone(controller.zone).date() + timedelta(days=controller.backup_days)
    count = 0
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(COLUMNS)
        for scope, value in _values(erased, key_id):
            copy.write_row((1, scope.value, value, key_id, run.pk, now, expires_on))
            count += 1
    return count


def _values(erased: Erased, key_id: str) -> Iterator[tuple[Scope, bytes]]:
    """What stands under a suppression key already is stored as it is; ids are hashed here."""
    for uuid in erased.item_uuids:
        yield Scope.ITEM, _hash(Scope.ITEM, uuid, key_id)
    for uuid in erased.subject_uuids:
        yield Scope.SUBJECT, _hash(Scope.SUBJECT, uuid, key_id)
    yield from ((Scope.RECORD, value) for value in erased.source_hashes)
    yield from ((Scope.IDENTIFIER, value) for value in erased.identifier_hashes)


def _hash(scope: Scope, uuid: UUID, key_id: str) -> bytes:
    # In one call: this runs for every row of a purge.
    return digest(keyring("SUPPRESSION_KEYS")[key_id], b"tombstone|" + scope.encode() + b"|" + uuid.bytes, "sha256")


def is_written_back(source_hash: bytes, collected_at: datetime) -> bool:
    """The guard of subjects.items.collect: was this record erased after the data in it was collected?"""
    return Tombstone.objects.filter(hash=source_hash, scope=Scope.RECORD, erased_at__gte=collected_at).exists()


def was_erased_since(hashes: Collection[bytes], since: datetime) -> bool:
    """Whether a person of one of these identifiers (as keyed hashes) was erased after this moment."""
    return Tombstone.objects.filter(hash__in=hashes, scope=Scope.IDENTIFIER, erased_at__gte=since).exists()


def was_erased(scope: Scope, uuid: UUID) -> bool:
    """Whether the item or person of this id was erased, as long as a backup may still hold it."""
    hashes = [_hash(scope, uuid, key_id) for key_id in keyring("SUPPRESSION_KEYS").keys]
    return Tombstone.objects.filter(hash__in=hashes, scope=scope).exists()


@transaction.atomic
def expire(*, today: date, now: datetime) -> int:
    """Forget the tombstones whose last backup is gone."""
    count, _per_model = Tombstone.objects.filter(expires_on__lt=today).delete()
    if count:
        record(kind="retention.tombstones-expired", at=now, actor="system:retention", data={"count": count})
    return count
