"""Several workers in one process on one run: while one waits for the database, another reads, hashes and seals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

from django.db import connection

from retention.pace import named

# Seconds in which a connection is there, or is not to be waited for.
LONGEST = 5


def together(workers: int, work: Callable[[], None]) -> None:
    """Do `work` in so many threads, each with a connection of its own. Raises what the first of them raised."""
    # Inside a transaction nobody else would see what it has written so far.
    if workers == 1 or connection.in_atomic_block:
        work()
        return
    met = Barrier(workers)
    with ThreadPoolExecutor(workers, thread_name_prefix="purge") as pool:
        jobs = [pool.submit(_alone, work, met) for _worker in range(workers)]
    for job in jobs:
        job.result()


def _alone(work: Callable[[], None], met: Barrier) -> None:
    """Without its name each would be somebody else to the others, who would give way to it (retention/pace.py). So all
    have theirs before any begins, and keep it until all have ended."""
    try:
        with named():
            # One of them may get no connection: then the others do its part.
            with suppress(BrokenBarrierError):
                met.wait(LONGEST)
            work()
            with suppress(BrokenBarrierError):
                met.wait()
    except BaseException:
        met.abort()
        raise
    finally:
        connection.close()
