"""A package in the database: sealed piece by piece, so that neither making nor handing it over holds it in memory.

Each piece is bound to its place and to whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway
and Vizár, 2015): a piece that was moved, swapped, left out or cut off does not open.
"""

import io
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from core import vault
from core.models import Owner
from requests.models import Package, PackageChunk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

SIZE = 256 * 1024


class Writer(io.RawIOBase):
    """Takes bytes, seals them in pieces of SIZE, and knows their number and hash. `finish` seals the last."""

    def __init__(self, package: Package, key: vault.Key) -> None:
        super().__init__()
        self.size, self._hash = 0, sha256()
        self._package, self._key = package, key
        self._rest, self._position = bytearray(), 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        content = bytes(data)
        self._hash.update(content)
        self.size += len(content)
        self._rest += content
        # A full piece waits until more comes: it may be the last.
        while len(self._rest) > SIZE:
            self._seal(bytes(self._rest[:SIZE]), is_last=False)
            del self._rest[:SIZE]
        return len(content)

    def finish(self) -> None:
        self._seal(bytes(self._rest), is_last=True)
        self._rest.clear()

    def _seal(self, content: bytes, *, is_last: bool) -> None:
        sealed = self._key.seal(_field(self._package, self._position, is_last=is_last), content)
        PackageChunk.objects.create(package=self._package, position=self._position, sealed=sealed)
        self._position += 1


class Reader(io.RawIOBase):
    """The same bytes again, from any place, with one piece in memory. Raises Unreadable when one is missing."""

    def __init__(self, package: Package) -> None:
        super().__init__()
        self._package, self._key = package, vault.key_of(Owner.CASE, package.request.case.uuid)
        self._last = max(package.size - 1, 0) // SIZE
        self._at, self._here, self._piece = 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._package.size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        into = memoryview(buffer).cast("B")
        if self._at >= self._package.size:
            return 0
        piece, start = self.piece(self._at // SIZE), self._at % SIZE
        part = piece[start : start + len(into)]
        into[: len(part)] = part
        self._at += len(part)
        return len(part)

    def piece(self, position: int) -> bytes:
        if position != self._here:
            chunk = PackageChunk.objects.filter(package=self._package, position=position).first()
            if chunk is None:
                raise vault.Unreadable
            field = _field(self._package, position, is_last=position == self._last)
            self._piece, self._here = self._key.open(field, bytes(chunk.sealed)), position
        return self._piece

    def pieces(self) -> Iterator[bytes]:
        """All of it in order, a piece at a time."""
        for position in range(self._last + 1):
            yield self.piece(position)


def _field(package: Package, position: int, *, is_last: bool) -> str:
    return f"package:{package.uuid}:{position}:{'last' if is_last else 'more'}"
