"""Sealed files: AES-256-GCM in pieces, so that a dump of any size never touches the disk in the clear.

A file is MAGIC, the length and id of the backup key, 32 bytes of salt, then pieces. Each has a key of its own file
(HKDF-SHA-256 of backup key and salt) and a nonce that counts, with a last byte that marks the end: a file that was cut,
or whose pieces changed places, does not open.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured

from core.keys import Keyring, keyring

MAGIC = b"KPBACK01"
PIECE = 1024 * 1024
TAG = 16


class Damaged(Exception):
    """The file is not one of ours, was changed, or is not whole. The text says which."""


def ring() -> Keyring:
    """Raises ImproperlyConfigured when there is no backup key."""
    try:
        return keyring("BACKUP_KEYS")
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(
            "BACKUP_KEYS holds no key. Make one with: printf 'b1:%s' \"$(openssl rand -base64 32)\". Keep a"
            " copy where the backups are not (docs/backup.md)."
        ) from error


def seal(source: IO[bytes], target: IO[bytes]) -> int:
    """Seal what `source` gives under the current backup key; returns how many bytes went in."""
    keys, salt = ring(), os.urandom(32)
    name = keys.current.encode()
    head = MAGIC + bytes([len(name)]) + name + salt
    target.write(head)
    cipher, count, size = _cipher(keys[keys.current], salt), 0, 0
    piece = _exactly(source, PIECE)
    while True:
        after = _exactly(source, PIECE)
        target.write(cipher.encrypt(_nonce(count, is_last=not after), piece, head))
        count, size = count + 1, size + len(piece)
        if not after:
            return size
        piece = after


def opened(source: IO[bytes]) -> Iterator[bytes]:
    """The content, piece by piece. Raises Damaged; what was given before that must not be relied on."""
    fixed = _exactly(source, len(MAGIC) + 1)
    if not fixed.startswith(MAGIC) or len(fixed) <= len(MAGIC):
        raise Damaged("it is not a backup of Kraken Privacy")
    name, salt = _exactly(source, fixed[-1]), _exactly(source, 32)
    keys = ring()
    if name.decode(errors="replace") not in keys.keys:
        raise Damaged(f"it was sealed with the backup key {name.decode(errors='replace')!r}, which is not here")
    cipher, count = _cipher(keys[name.decode()], salt), 0
    piece = _exactly(source, PIECE + TAG)
    while True:
        after = _exactly(source, PIECE + TAG)
        try:
            yield cipher.decrypt(_nonce(count, is_last=not after), piece, fixed + name + salt)
        except InvalidTag as error:
            raise Damaged("it was changed or is not whole") from error
        if not after:
            return
        piece, count = after, count + 1


def seal_file(source: IO[bytes], path: Path) -> int:
    """Seal into a new file that only we can read, and return once it is on disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        size = seal(source, target)
        target.flush()
        os.fsync(target.fileno())
    return size


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"kraken-privacy backup file").derive(key))


def _nonce(count: int, *, is_last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([is_last])


def _exactly(source: IO[bytes], size: int) -> bytes:
    """So many bytes unless the end comes first: a pipe gives less at a time."""
    found = bytearray()
    while len(found) < size and (more := source.read(size - len(found))):
        found += more
    return bytes(found)
