"""The next pieces of work are done by other threads while the one before is used."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(make: Callable[[Given], Made], given: Iterable[Given], threads: int = 1) -> Iterator[Made]:
    """What `make` gives for each, in their order. It runs at most `threads` times at once, and for a single one here.

    Raises what `make` raises, when its turn has come. Whoever stops early waits for the pieces that were begun.
    """
    rest = iter(given)
    begun = list(islice(rest, 2))
    if len(begun) < 2:
        yield from map(make, begun)
        return
    with ThreadPoolExecutor(threads) as beside:
        coming = [beside.submit(make, one) for one in chain(begun, islice(rest, threads - 1))]
        while coming:
            made = coming.pop(0).result()
            coming += [beside.submit(make, one) for one in islice(rest, 1)]
            yield made
