"""The secrets of second factors, sealed under the master key: the database alone must not be able to make codes."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.keys import keyring
from core.vault import Unreadable

_BOUND = b"staff:second-factor"


def seal(text: str) -> str:
    """ "key id.base64 of nonce and ciphertext"."""
    ring = keyring("MASTER_KEYS")
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(ring[ring.current]).encrypt(nonce, text.encode(), _BOUND)
    return f"{ring.current}.{base64.b64encode(sealed).decode()}"


def unseal(text: str) -> str:
    key_id, _dot, encoded = text.rpartition(".")
    sealed = base64.b64decode(encoded)
    try:
        return AESGCM(keyring("MASTER_KEYS")[key_id]).decrypt(sealed[:12], sealed[12:], _BOUND).decode()
    except (InvalidTag, KeyError) as error:
        raise Unreadable from error
