"""Processes that granian and Celery start: under `make run` they must not outlive their parent either."""

import multiprocessing
import os

from kraken_privacy.embedded.child import die_with
from kraken_privacy.embedded.process import MARK


def die_with_supervisor() -> None:
    """The kernel's promise holds for one generation only and is forgotten in a fork, so each process asks anew."""
    if MARK in os.environ:
        spawner = multiprocessing.parent_process()
        die_with(spawner.pid if spawner and spawner.pid else os.getppid())
