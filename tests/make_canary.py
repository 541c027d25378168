"""Looking for planted words everywhere in the database, under every disguise they could wear, sealed values included.

GCM is counter mode with a tag: decrypting without the tag needs no associated data, so no sealed value can hide behind
an owner or a field name that the search does not know.
"""

import base64
import io
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import caches
from django.db import connection

from core.keys import keyring
from core.models import DataKey


def disguises(word: str) -> list[bytes]:
    """The word as text in any case, in hex, and in base64 at each of its three alignments."""
    raw = word.lower().encode()
    found = [raw, raw.hex().encode()]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + word.encode())
        # Drop what the neighbours of the word would change.
        found.append(encoded[(4 if shift else 0) : -4].lower())
    return found


class Search:
    """`words` are looked for as text, `marks` (blind indexes, keyed hashes) as bytes. Both: name → needle."""

    def __init__(self, words: dict[str, str], marks: dict[str, bytes]):
        self.needles = {name: disguises(word) for name, word in words.items()}
        self.needles |= {name: [mark, mark.hex().encode()] for name, mark in marks.items()}

    def names_in(self, content: bytes) -> set[str]:
        lowered = content.lower()
        return {name for name, needles in self.needles.items() if any(n in lowered or n in content for n in needles)}

    def database(self) -> dict[str, set[str]]:
        """table.column → names found in it, read as it stands or decrypted with any key there is."""
        found = defaultdict(set)
        secrets = list(surviving_secrets())
        for table, column, kind in columns():
            for value in values(table, column, kind):
                content = bytes(value) if kind == "bytea" else str(value).encode()
                found[f"{table}.{column}"] |= self.names_in(content)
                for plain in opened(content, secrets) if kind == "bytea" else ():
                    found[f"{table}.{column}"] |= self.names_in(plain)
        return {place: names for place, names in found.items() if names}

    def files(self, folder: Path) -> set[str]:
        return {name for path in folder.rglob("*") if path.is_file() for name in self.names_in(path.read_bytes())}

    def cache(self) -> set[str]:
        return self.names_in(repr([list(vars(cache).get("_cache", {}).items()) for cache in caches.all()]).encode())


def columns() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, CASE WHEN data_type = 'bytea' THEN 'bytea' ELSE 'text' END"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position"
        )
        return cursor.fetchall()


def values(table: str, column: str, kind: str) -> list:
    """Sessions are signed, packed and in base64, which is their outermost disguise."""
    with connection.cursor() as cursor:
        cast = "" if kind == "bytea" else "::text"
        cursor.execute(f'SELECT "{column}"{cast} FROM "{table}" WHERE "{column}" IS NOT NULL')
        found = [row[0] for row in cursor.fetchall()]
    if (table, column) == ("django_session", "session_data"):
        found += [str(SessionStore().decode(value)) for value in found]
    return found


def surviving_secrets():
    """Every master key, and every data key that any of them unwraps."""
    masters = list(keyring("MASTER_KEYS").keys.values())
    yield from masters
    for row in DataKey.objects.all():
        wrapped = bytes(row.wrapped)
        yield from (decrypted(master, wrapped[:12], wrapped[12:-16]) for master in masters)


def opened(content: bytes, secrets: list[bytes]):
    """What the value says under each key; what is packed is unpacked."""
    if len(content) < 29 or content[0] != 1:
        return
    for secret in secrets:
        plain = decrypted(secret, content[1:13], content[13:-16])
        yield plain
        if plain.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(plain)) as archive:
                yield from (archive.read(name) for name in archive.namelist())
        elif plain[:1] == b"\x78":
            try:
                yield zlib.decompress(plain)
            except zlib.error:
                continue


def decrypted(secret: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    counter = modes.CTR(nonce + (2).to_bytes(4, "big"))
    return Cipher(algorithms.AES(secret), counter).decryptor().update(ciphertext)
