"""Keyrings: "id:base64" pairs from the environment. The first makes new values, the rest still read old ones."""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

Copy = Callable[[], Any]


@dataclass(frozen=True)
class Keyring:
    """Keys of one use. `current` is the id for new values; `keys` maps every id still needed to its 32 bytes."""

    current: str
    keys: dict[str, bytes]

    def __getitem__(self, key_id: str) -> bytes:
        return self.keys[key_id]

    def mac(self, data: bytes, key_id: str | None = None) -> bytes:
        """HMAC-SHA-256 of `data` under the key with this id (the current one if none is named)."""
        return _mac(self.keys[key_id or self.current], data)

    def macs(self, texts: Iterable[bytes], key_id: str) -> list[bytes]:
        """The same of many, a fifth of the time each: both hashes of RFC 2104 §2 have taken the key in already."""
        inner, outer = _pads(self.keys[key_id])
        return [_padded(inner, outer, text) for text in texts]


@lru_cache(maxsize=16)
def _pads(key: bytes) -> tuple[Copy, Copy]:
    padded = key.ljust(64, b"\0")
    inner, outer = (sha256(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))
    return inner.copy, outer.copy


def _padded(inner: Copy, outer: Copy, data: bytes) -> bytes:
    first, second = inner(), outer()
    first.update(data)
    second.update(first.digest())
    digest: bytes = second.digest()
    return digest


@lru_cache(maxsize=16)
def _begun(key: bytes) -> hmac.HMAC:
    """HMAC with its key taken in: a copy of it is quicker than beginning anew for each value."""
    return hmac.new(key, digestmod="sha256")


def _mac(key: bytes, data: bytes) -> bytes:
    mac = _begun(key).copy()
    mac.update(data)
    return mac.digest()


def parse(name: str, text: str) -> Keyring:
    """Read "id:base64[,id:base64…]". Raises ImproperlyConfigured, naming the setting and never its value."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key_id, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"{name}: key {key_id!r} is not base64.") from error
        if len(key) != 32 or not key_id or len(key_id) > 16:
            raise ImproperlyConfigured(
                f"{name}: each key is an id of up to 16 characters, a colon and 32 bytes in base64."
            )
        keys[key_id] = key
    if not keys:
        raise ImproperlyConfigured(f"{name} holds no key. Generate one with: openssl rand -base64 32")
    return Keyring(next(iter(keys)), keys)


@lru_cache(maxsize=16)
def keyring(name: str) -> Keyring:
    """The keyring of a setting: MASTER_KEYS, BLIND_INDEX_KEYS, SUPPRESSION_KEYS, SIGNING_KEYS or BACKUP_KEYS."""
    return parse(name, getattr(settings, name))


def token_hash(token: str) -> bytes:
    """SHA-256 of a token with 128 bits or more of randomness: nothing slower is needed, and it can be looked up."""
    return sha256(token.encode()).digest()
