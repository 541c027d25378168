"""Several workers in one process on one run: while one waits for the database, another reads, hashes and seals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from retention.pace import named


def together(workers: int, work: Callable[[], None]) -> None:
    """Do `work` in so many threads, each with a connection of its own. Raises what the first of them raised."""
    # Inside a transaction nobody else would see what it has written so far.
    if workers == 1 or connection.in_atomic_block:
        work()
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="purge") as pool:
        jobs = [pool.submit(_alone, work) for _worker in range(workers)]
    for job in jobs:
        job.result()


def _alone(work: Callable[[], None]) -> None:
    try:
        with named():
            work()
    finally:
        connection.close()
