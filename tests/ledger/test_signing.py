"""Signatures are JWS that a foreign library accepts, over exactly the bytes given."""

import base64
import json

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from core.keys import keyring
from ledger import signing

TOKEN_PARTS = ["header", "payload", "signature"]


@pytest.fixture
def two_keys(settings) -> None:
    """A new key in front; the old one still checks what it signed."""
    keyring.cache_clear()
    settings.SIGNING_KEYS = "t2:" + base64.b64encode(b"n" * 32).decode() + "," + settings.SIGNING_KEYS
    yield
    keyring.cache_clear()


def test_round_trip() -> None:
    token = signing.sign(b"\x00 any bytes", typ="x")
    assert signing.verify(token, typ="x") == b"\x00 any bytes"


def test_foreign_library_accepts_it() -> None:
    token = signing.sign(b"payload", typ="receipt")
    key = OKPKey.import_key(signing.jwks()["keys"][0])
    read = jws.deserialize_compact(token, key, algorithms=["Ed25519"])
    assert read.payload == b"payload"
    assert read.headers()["kid"] == key.thumbprint()
    assert read.headers()["typ"] == "receipt"


def test_published_keys_hold_no_secret() -> None:
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in signing.jwks()["keys"])


def test_a_retired_key_still_verifies(settings, request) -> None:
    token = signing.sign(b"old", typ="x")
    request.getfixturevalue("two_keys")
    assert signing.verify(token) == b"old"
    assert signing.verify(signing.sign(b"new", typ="x")) == b"new"
    kids = [key["kid"] for key in signing.jwks()["keys"]]
    assert len(set(kids)) == 2
    assert json.loads(base64.urlsafe_b64decode(signing.sign(b"", typ="x").split(".")[0] + "=="))["kid"] == kids[0]


@pytest.mark.parametrize("part", range(3))
def test_any_changed_part_is_refused(part: int) -> None:
    parts = signing.sign(b"payload", typ="x").split(".")
    parts[part] = parts[part][:-2] + ("AA" if not parts[part].endswith("AA") else "BB")
    with pytest.raises(signing.BadSignature):
        signing.verify(".".join(parts))


def test_other_use_is_refused() -> None:
    with pytest.raises(signing.BadSignature):
        signing.verify(signing.sign(b"payload", typ="receipt"), typ="seal")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "Ed25519", "kid": "?"}, [], "x", None])
def test_other_algorithms_and_keys_are_refused(header) -> None:
    _old, payload, signature = signing.sign(b"payload", typ="x").split(".")
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(signing.BadSignature):
        signing.verify(f"{forged}.{payload}.{signature}")


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "....", "é.é.é", "e30.e30.e30"])
def test_garbage_is_refused(token: str) -> None:
    with pytest.raises(signing.BadSignature):
        signing.verify(token)
