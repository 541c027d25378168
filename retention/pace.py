"""How much one transaction of a run takes along, and when: what others do here comes first.

A run may take hours, and nobody waits for its end. So while others use the database its workers take turns, each with a
rest twice as long as its transaction; on a machine of its own it goes as fast as it can.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic, sleep
from types import TracebackType

from django.db import Error, connection

from core.undisturbed import undisturbed

# Nobody waits longer than a page may take: a person's rows stay locked from the first statement to the commit.
AIM = 0.12
SMALLEST, LARGEST, FIRST = 20, 2000, 100
# Of seconds in which others use the database, a third is enough. Whoever waited long for a lock rests no longer than
# this, with the turn of all.
REST, LONGEST_REST = 2, 1.0
# What its sessions are called at the server, where whoever looks after it may see them: runs give way to others only.
NAME = "kraken retention"
# Whatever did something within the last second does something again, as a rule.
OTHERS = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
      AND application_name <> %s AND state_change > clock_timestamp() - interval '1 second'
)
"""
_turn = Lock()


class Pace:
    """The size of the next batch. Entered around each transaction: it grows while that is quick and shrinks at once.

    `share`: this worker's number, and of how many. Each begins with people of its own, or they would all read the same
    rows and find them locked.
    """

    def __init__(self, fixed: int = 0, share: tuple[int, int] = (0, 1)) -> None:
        self.share = share
        self.size, self._fixed = fixed or FIRST, bool(fixed)
        self.longest, self._has_turn = 0.0, False
        # How many this transaction worked, if it says so: others may have been at work on the rest.
        self.worked = self.size

    def __enter__(self) -> None:
        if others_at_work():
            self._has_turn = _turn.acquire()
        self._began, self.worked = monotonic(), self.size
        # The collector goes through all that this process holds, which under locks others would have to wait for. Of
        # what a batch makes it would find next to nothing to clear away.
        self._still = undisturbed()
        self._still.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._still.__exit__(None, None, None)
        took = monotonic() - self._began
        if not gc.isenabled():
            # Another worker keeps it off, and between the two it might never be on: what is young is looked through.
            gc.collect(1)
        self.longest = max(self.longest, took)
        if self.worked and not self._fixed:
            wanted = int(min(self.worked * AIM / max(took, 0.001), self.size * 2))
            self.size = max(SMALLEST, min(wanted, LARGEST))
        if self._has_turn:
            self._rest(0 if error else min(REST * took, LONGEST_REST))

    def _rest(self, seconds: float) -> None:
        self._has_turn = False
        try:
            sleep(seconds)
        finally:
            _turn.release()


def others_at_work() -> bool:
    """Whether anybody but runs has just used this database. Of other roles' sessions nothing is known, nor counted."""
    if connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [NAME])
        [found] = cursor.fetchone()
    return bool(found)


@contextmanager
def named() -> Iterator[None]:
    """What this thread's connection does meanwhile is done for a run."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [NAME])
    try:
        yield
    finally:
        # A connection that is lost has forgotten it.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("RESET application_name")
