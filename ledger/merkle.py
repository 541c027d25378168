"""Merkle trees of RFC 9162 section 2.1. Pure: anybody may use this file alone to check a proof."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf and remembers only the roots of its complete subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf_hash: bytes) -> None:
        # As many complete subtrees are merged as the old size ends in binary ones.
        size, whole = self.size, leaf_hash
        while size & 1:
            whole = node(self._peaks.pop(), whole)
            size >>= 1
        self._peaks.append(whole)
        self.size += 1

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        whole = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            whole = node(peak, whole)
        return whole


def root_of(leaves: Iterable[bytes]) -> bytes:
    tree = Tree()
    for leaf_hash in leaves:
        tree.add(leaf_hash)
    return tree.root()


def inclusion_path(leaves: Iterable[bytes], index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` among `size` (2.1.3.1), in one pass over the leaf hashes. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError("There is no such leaf.")
    spans = _siblings(index, size)
    trees = [Tree() for _ in spans]
    places = sorted(range(len(spans)), key=lambda n: spans[n])
    current = 0
    for position, leaf_hash in enumerate(leaves):
        while current < len(places) and position >= spans[places[current]][1]:
            current += 1
        if current < len(places) and position >= spans[places[current]][0]:
            trees[places[current]].add(leaf_hash)
    return [tree.root() for tree in trees]


def is_included(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, whole = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            whole = node(sibling, whole)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            whole = node(whole, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and whole == root


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """The half-open spans of leaves whose roots are the path, from the leaf upwards."""
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]
