"""Sealing: AES-256-GCM under one data key per owner row, each wrapped by a master key.

Destroying the data key makes exactly that owner's ciphertext unreadable, in the live rows and in every logical dump
that was made without keys. WAL, physical backups and snapshots need their own expiry.

A sealed value is `version (1 byte) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. Associated data binds it to its owner and
field, so a value moved to another row does not open.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from core.arrays import Among, array
from core.errors import DomainError
from core.keys import keyring
from core.models import DataKey, Owner

VERSION = b"\x01"


class Unreadable(DomainError):
    """The key of this value has been destroyed, or the value is not the one that was sealed here."""

    code = "unreadable"


@dataclass(frozen=True)
class Key:
    """An owner's data key in the clear. Lives in memory only."""

    owner: Owner
    owner_id: UUID
    secret: bytes

    def seal(self, field: str, plain: bytes) -> bytes:
        """Seal `plain` for this owner's `field` (a stable name such as "content")."""
        nonce = os.urandom(12)
        return VERSION + nonce + AESGCM(self.secret).encrypt(nonce, plain, self._bound(field))

    def open(self, field: str, sealed: bytes) -> bytes:
        """Raises Unreadable if the value was not sealed for this owner and field."""
        sealed = bytes(sealed)
        try:
            return AESGCM(self.secret).decrypt(sealed[1:13], sealed[13:], self._bound(field))
        except InvalidTag as error:
            raise Unreadable from error

    def _bound(self, field: str) -> bytes:
        return f"{self.owner.value}:{self.owner_id}:{field}".encode()

    def wrapped(self) -> tuple[str, bytes]:
        """(master key id, wrapped key), as stored in DataKey."""
        ring = keyring("MASTER_KEYS")
        nonce = os.urandom(12)
        return ring.current, nonce + _cipher(ring[ring.current]).encrypt(nonce, self.secret, self._bound("key"))

    def row(self) -> DataKey:
        """The unsaved DataKey row of this key."""
        master, wrapped = self.wrapped()
        return DataKey(owner=self.owner, owner_id=self.owner_id, master_key=master, wrapped=wrapped)


@lru_cache(maxsize=16)
def _cipher(master: bytes) -> AESGCM:
    """Of master keys only: they stay in memory anyway."""
    return AESGCM(master)


def new_key(owner: Owner, owner_id: UUID) -> Key:
    """A fresh key, not stored: save `key.row()` in the transaction that stores the owner."""
    return Key(owner, owner_id, os.urandom(32))


def create_key(owner: Owner, owner_id: UUID) -> Key:
    """Make and store the key of a new owner row."""
    key = new_key(owner, owner_id)
    key.row().save(force_insert=True)
    return key


def keys_of(owner: Owner, owner_ids: Iterable[UUID]) -> dict[UUID, Key]:
    """The keys of many owners in one query; owners whose key is destroyed are absent."""
    rows = DataKey.objects.filter(Among("owner_id", owner_ids, "uuid"), owner=owner)
    return {row.owner_id: unwrap(row) for row in rows}


def key_of(owner: Owner, owner_id: UUID) -> Key:
    """Raises Unreadable when the key has been destroyed."""
    try:
        return keys_of(owner, [owner_id])[owner_id]
    except KeyError as error:
        raise Unreadable from error


def ensure_key(owner: Owner, owner_id: UUID) -> Key:
    """The owner's key, made if it has none yet (two writers at once get the same one)."""
    found = keys_of(owner, [owner_id]).get(owner_id)
    if found:
        return found
    DataKey.objects.bulk_create([new_key(owner, owner_id).row()], ignore_conflicts=True)
    return key_of(owner, owner_id)


def destroy_keys(owner: Owner, owner_ids: Iterable[UUID]) -> int:
    """Delete the keys of these owners; returns how many there were. Call it in the transaction that erases the rows."""
    ids = list(owner_ids)
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_datakey WHERE owner = %s AND owner_id = ANY(%s::uuid[])", [owner.value, array(ids)]
        )
        return int(cursor.rowcount)


def take_keys(owner: Owner, owner_ids: Iterable[UUID]) -> dict[UUID, Key]:
    """Destroy these keys and hand them over for a last use, in the transaction that erases what they open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_datakey WHERE owner = %s AND owner_id = ANY(%s::uuid[])"
            " RETURNING owner_id, master_key, wrapped",
            [owner.value, array(owner_ids)],
        )
        return {row[0]: _opened(owner, *row) for row in cursor.fetchall()}


def open_each(owner: Owner, field: str, rows: Iterable[tuple[str, str | None, bytes, bytes]]) -> list[bytes | None]:
    """Many values at once, given as (owner's id, master key's id, wrapped key, sealed value); None without a key.

    The same as `keys_of` and `Key.open`, without an object for each: for whoever reads millions.
    """
    masters = {key_id: _cipher(secret) for key_id, secret in keyring("MASTER_KEYS").keys.items()}
    found: list[bytes | None] = []
    whose, of_key, of_field = f"{owner.value}:", b":key", f":{field}".encode()
    try:
        for owner_id, master, wrapped, sealed in rows:
            if master is None:
                found.append(None)
                continue
            bound = (whose + owner_id).encode()
            secret = masters[master].decrypt(wrapped[:12], wrapped[12:], bound + of_key)
            found.append(AESGCM(secret).decrypt(sealed[1:13], sealed[13:], bound + of_field))
    except (InvalidTag, KeyError) as error:
        raise Unreadable from error
    return found


@dataclass(frozen=True)
class SealedAnew:
    """Values under fresh keys, in the order in which they were given: what to store, and the wrapped keys."""

    master_key: str
    sealed: list[bytes]
    wrapped: list[bytes]


def seal_each(owner: Owner, field: str, values: Iterable[tuple[str, bytes]]) -> SealedAnew:
    """Many values, given as (owner's id, plain), each under a fresh key of its own. Nothing is stored here."""
    ring = keyring("MASTER_KEYS")
    made, master = SealedAnew(ring.current, [], []), _cipher(ring[ring.current])
    whose, of_key, of_field = f"{owner.value}:", b":key", f":{field}".encode()
    for owner_id, plain in values:
        random, bound = os.urandom(56), (whose + owner_id).encode()
        secret, nonce, other = random[:32], random[32:44], random[44:]
        made.sealed.append(VERSION + nonce + AESGCM(secret).encrypt(nonce, plain, bound + of_field))
        made.wrapped.append(other + master.encrypt(other, secret, bound + of_key))
    return made


def unwrap(row: DataKey) -> Key:
    """Raises Unreadable when the master key that it is under is not in the ring."""
    return _opened(Owner(row.owner), row.owner_id, row.master_key, bytes(row.wrapped))


def _opened(owner: Owner, owner_id: UUID, master_key: str, wrapped: bytes) -> Key:
    bound = f"{owner.value}:{owner_id}:key".encode()
    try:
        secret = _cipher(keyring("MASTER_KEYS")[master_key]).decrypt(wrapped[:12], wrapped[12:], bound)
    except (InvalidTag, KeyError) as error:
        raise Unreadable from error
    return Key(owner, owner_id, secret)
