"""Rows that wait while a copy is made, so that its page and its files are made from one reading of the database.

They stand in a temporary file, sealed under a key that only this process has: nothing readable touches the disk.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.serializers.json import DjangoJSONEncoder

BATCH = 200
Row = dict[str, Any]


class Rows:
    """Rows once written, to be read as often as needed. `columns`: every field of any, in order of appearance."""

    def __init__(self, file: IO[bytes], key: AESGCM, rows: Iterable[Row]) -> None:
        self._file, self._key = file, key
        self.start = file.seek(0, os.SEEK_END)
        self.count, self._batches, columns = 0, 0, dict[str, None]()
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            self._write(json.dumps(batch, cls=DjangoJSONEncoder).encode())
            columns.update(dict.fromkeys(name for row in batch for name in row))
            self.count += len(batch)
            self._batches += 1
        self.columns = list(columns)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        at = self.start
        for _batch in range(self._batches):
            self._file.seek(at)
            length = int.from_bytes(self._file.read(4), "big")
            sealed = self._file.read(length)
            at += 4 + length
            yield from json.loads(self._key.decrypt(sealed[:12], sealed[12:], None))

    def _write(self, content: bytes) -> None:
        nonce = os.urandom(12)
        sealed = nonce + self._key.encrypt(nonce, content, None)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)


class Spool:
    """Where rows wait while it is open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._key = file, AESGCM(os.urandom(32))

    def keep(self, rows: Iterable[Row]) -> Rows:
        return Rows(self._file, self._key, rows)


@contextmanager
def opened() -> Iterator[Spool]:
    with tempfile.TemporaryFile() as file:
        yield Spool(file)
