"""The opaque part of a link that is sealed and not stored (docs/adr/0026-unsubscribe-links-are-sealed-not-stored.md).

AES-SIV (RFC 5297) needs no nonce, so the same text has the same link. The key is made from one that is kept for as long
as anybody's "no", and so the link works for as long as the mail it stands in is kept.
"""

import base64
import binascii
import hmac
from functools import lru_cache
from hashlib import sha512

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.keys import keyring

DERIVED_FOR = b"kraken-privacy/unsubscribe/1"
# Longer than any address and its lists make it. What is longer is not ours.
LONGEST = 2_000


def seal(text: str, *, use: bytes, key: str = "") -> str:
    """What is sealed for one use opens nothing of another. `key` is the current one, for whoever seals many."""
    key = key or keyring("SUPPRESSION_KEYS").current
    sealed = _cipher(key).encrypt(text.encode(), [use])
    return f"{key}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def opened(token: str, *, use: bytes) -> str | None:
    """What was sealed; None for anything that we did not make."""
    key_id, _dot, text = token.partition(".")
    if len(token) > LONGEST or key_id not in keyring("SUPPRESSION_KEYS").keys:
        return None
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return _cipher(key_id).decrypt(sealed, [use]).decode()
    except (binascii.Error, ValueError, InvalidTag):
        return None


@lru_cache(maxsize=16)
def _cipher(key_id: str) -> AESSIV:
    return AESSIV(hmac.new(keyring("SUPPRESSION_KEYS")[key_id], DERIVED_FOR, sha512).digest())
