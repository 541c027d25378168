"""Waiting for another process, thread or session, however slow the machine is, and no longer than it takes."""

import time

from django.db import connection

# Nobody looks at these numbers as long as all is well: a machine may be busy, or stand still for a while.
PATIENCE = 60.0
# Whoever waits for this session, or in a queue behind somebody who does.
BEHIND = """
WITH RECURSIVE behind(pid) AS (
    SELECT pg_backend_pid()
    UNION
    SELECT asked.pid FROM pg_locks asked JOIN behind ON behind.pid = ANY(pg_blocking_pids(asked.pid))
    WHERE NOT asked.granted
)
SELECT count(*) - 1 FROM behind
"""


def wait_until(question, seconds: float = PATIENCE, *, every: float = 0.05) -> bool:
    """Whether it came to be so. What costs others something is asked less often."""
    until = time.monotonic() + seconds
    while not question():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


def others_wait(count: int = 1) -> None:
    """Returns as soon as so many other sessions wait for a lock of this one."""
    with connection.cursor() as cursor:
        assert wait_until(lambda: cursor.execute(BEHIND).fetchone()[0] >= count), "nobody waits for this session"
