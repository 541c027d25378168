"""Signatures anybody can check: compact JWS (RFC 7515), "alg":"Ed25519" (RFC 9864), key ids by RFC 7638."""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.keys import keyring


class BadSignature(DomainError):
    code = "bad-signature"
    message = _("This signature is not valid.")
    status = 400


def sign(payload: bytes, *, typ: str) -> str:
    """A compact JWS over exactly these bytes, with the current key."""
    ring = keyring("SIGNING_KEYS")
    key_id, key = _key(ring[ring.current])
    signed = _header(key_id, typ) + "." + _encode(payload)
    return signed + "." + _encode(key.sign(signed.encode()))


def verify(token: str, *, typ: str | None = None, published: Mapping[str, Any] | None = None) -> bytes:
    """The signed bytes. Raises BadSignature; with `typ` also for a token made for another use.

    `published`: the keys as /.well-known/jwks.json shows them, for whoever does not have ours.
    """
    try:
        header_part, payload_part, signature = token.split(".")
        header = json.loads(_decode(header_part))
        if header["alg"] != "Ed25519" or "crit" in header or typ not in (None, header.get("typ")):
            raise BadSignature
        _public_keys(published)[header["kid"]].verify(_decode(signature), f"{header_part}.{payload_part}".encode())
        return _decode(payload_part)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature, binascii.Error) as error:
        raise BadSignature from error


def _public_keys(published: Mapping[str, Any] | None) -> dict[str, Ed25519PublicKey]:
    if published is None:
        return {key_id: key.public_key() for key_id, key in _keys().items()}
    found = [key for key in published["keys"] if key["kty"] == "OKP" and key["crv"] == "Ed25519"]
    return {key["kid"]: Ed25519PublicKey.from_public_bytes(_decode(key["x"])) for key in found}


def jwks() -> dict[str, list[dict[str, str]]]:
    """The public keys, current first; those of the past stay as long as something signed with them is kept."""
    return {
        "keys": [{**_public(key), "kid": key_id, "use": "sig", "alg": "Ed25519"} for key_id, key in _keys().items()]
    }


@lru_cache(maxsize=32)
def _key(seed: bytes) -> tuple[str, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    canonical = json.dumps(_public(key), separators=(",", ":"), sort_keys=True).encode()
    return _encode(sha256(canonical).digest()), key


def _keys() -> dict[str, Ed25519PrivateKey]:
    return dict(_key(seed) for seed in keyring("SIGNING_KEYS").keys.values())


@lru_cache(maxsize=64)
def _header(key_id: str, typ: str) -> str:
    return _encode(json.dumps({"alg": "Ed25519", "kid": key_id, "typ": typ}, separators=(",", ":")).encode())


def _public(key: Ed25519PrivateKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _encode(key.public_key().public_bytes_raw())}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict base64url without padding: a second spelling of the same bytes is refused."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:
        raise ValueError("not canonical")
    return data
