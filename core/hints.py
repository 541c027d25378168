"""Telling a worker that there is something to do. Only a hint: the row is the truth, and a sweep finds it."""

import logging
import time

from celery import Task, current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
# After a failure nothing is tried for a while, so that a broker that hangs costs one short wait and not one a request.
QUIET_SECONDS = 30.0
_quiet_until = 0.0


def hint(task: str | Task, *ids: int | str) -> bool:
    """Publish a task (or its name) with ids only; returns whether it was published. Never raises, never waits long."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    name = task if isinstance(task, str) else task.name
    try:
        current_app.send_task(name, args=ids, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("hint of %s not published: %s", name, type(error).__name__)
        return False
    return True
