"""Tombstones: keyed hashes of what was erased, so that a stale copy written back later is recognised.

The plaintext is gone, so the keys are kept (SUPPRESSION_KEYS) and every key still in the ring is tried. A tombstone
expires with the last backup that may contain the record; after that nothing old can come back.
"""

import hmac
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from django.db import connection, transaction
from django.db.models import Max

from core import copying
from core.arrays import Among, array, hashes
from core.copying import big, cells, day, instant, small, whole
from core.keys import keyring
from core.models import Controller
from ledger.entries import record
from processing.models import Purpose
from retention.models import Run, Tombstone
from subjects.erasure import Erased
from subjects.items import ended_hash
from subjects.models import PersonalDataItem

Scope = Tombstone.Scope
COLUMNS = "schema_version, scope, hash, hash_key, run_id, erased_at, expires_on"


def bury(run: Run, erased: Erased, *, controller: Controller, now: datetime) -> int:
    """Tombstones of everything that went, by COPY in the caller's transaction. Returns how many.

    `now` is when it was erased, also when a restored database is told of it later. Items and people are recognised by
    their ids, whatever came from elsewhere by the record it came from, with the purpose where it ended for that alone.
    """
    key_id = keyring("SUPPRESSION_KEYS").current
    expires_on = now.astimezone(controller.zone).date() + timedelta(days=controller.backup_days)
    # In order, so that a batch goes to few pages of the index, and says nothing of the order of what went.
    stones = sorted(_values(erased, key_id))
    before = {scope: small(7) + cells(small(1), scope.value.encode()) + whole(32) for scope in Scope}
    after = cells(key_id.encode(), big(run.pk), instant(now), day(expires_on))
    copying.store("retention_tombstone", COLUMNS, [before[scope] + value + after for value, scope in stones])
    return len(stones)


def _values(erased: Erased, key_id: str) -> Iterator[tuple[bytes, Scope]]:
    """What stands under a suppression key already is stored as it is; ids are hashed here."""
    key = keyring("SUPPRESSION_KEYS")[key_id]
    for scope, uuids in ((Scope.ITEM, erased.item_uuids), (Scope.SUBJECT, erased.subject_uuids)):
        # A copy for each takes a third of what beginning anew with the same key and prefix does.
        begun = HMAC(key, SHA256())
        begun.update(_prefix(scope))
        for uuid in uuids:
            one = begun.copy()
            one.update(uuid.bytes)
            yield one.finalize(), scope
    yield from ((value, Scope.RECORD) for value in (*erased.source_hashes, *_ended(erased)))
    yield from ((value, Scope.IDENTIFIER) for value in erased.identifier_hashes)


def _ended(erased: Erased) -> Iterator[bytes]:
    """Of records that another purpose still needs: each with the purpose for which it ended."""
    ended = [(one.item_id, one.purpose_id) for one in erased.left if one.item is None]
    if not ended:
        return
    came = PersonalDataItem.objects.filter(Among("pk", {item for item, _purpose in ended}), source_record__isnull=False)
    origins = {pk: bytes(origin or b"") for pk, origin in came.values_list("pk", "source_record")}
    slugs = dict(Purpose.objects.filter(pk__in={purpose for _item, purpose in ended}).values_list("pk", "slug"))
    yield from (ended_hash(origins[item], slugs[purpose]) for item, purpose in ended if item in origins)


def _prefix(scope: Scope) -> bytes:
    return b"tombstone|" + scope.encode() + b"|"


def _hash(scope: Scope, uuid: UUID, key_id: str) -> bytes:
    return hmac.digest(keyring("SUPPRESSION_KEYS")[key_id], _prefix(scope) + uuid.bytes, "sha256")


def last_erased(scope: Scope, hashes: Collection[bytes], since: datetime) -> datetime | None:
    """When a record, or a person of an identifier, of one of these keyed hashes was last erased after this moment."""
    stones = Tombstone.objects.filter(hash__in=hashes, scope=scope, erased_at__gte=since)
    last: datetime | None = stones.aggregate(last=Max("erased_at"))["last"]
    return last


def erased_since(pairs: Sequence[tuple[bytes, datetime]]) -> set[int]:
    """The places of those (identifier as keyed hash, moment) of which that is so."""
    sql = """
        SELECT DISTINCT asked.n FROM unnest(%s::int[], %s::bytea[], %s::timestamptz[]) AS asked (n, hash, at)
        JOIN retention_tombstone stone
          ON stone.hash = asked.hash AND stone.scope = %s AND stone.erased_at >= asked.at
    """
    given: list[Any] = [array(range(len(pairs))), hashes(value for value, _at in pairs), [at for _value, at in pairs]]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*given, Scope.IDENTIFIER.value])
        return {place for (place,) in cursor.fetchall()}


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
