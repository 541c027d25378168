"""Pieces of work that make very many objects and no cycles of them."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_at_work = 0


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would go through all that was made so far again and again.

    Objects go as ever when nothing names them; only cycles, of other threads too, wait until the last such piece ends.
    """
    global _at_work
    with _lock:
        _at_work += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _at_work -= 1
            if not _at_work:
                gc.enable()
