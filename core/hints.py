"""Telling a worker that there is something to do. Only a hint: the row is the truth, and a sweep finds it."""

import logging
import time

from celery import Task, current_app
from kombu.exceptions import KombuError, OperationalError
from kombu.pools import producers

logger = logging.getLogger(__name__)
# After a failure nothing is tried for a while, so that a broker that hangs costs one short wait and not one a request.
QUIET_SECONDS = 30.0
_quiet_until = 0.0
# Kombu by default tries a broker that refuses for six seconds; a worker may, a request may not.
IMPATIENT = {
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 1.0,
}


def hint(task: str | Task, *ids: int | str) -> bool:
    """Publish a task (or its name) with ids only; returns whether it was published. Never raises, never waits long."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    name = task if isinstance(task, str) else task.name
    try:
        connection = current_app.connection(transport_options=IMPATIENT)
        with producers[connection].acquire(block=True, timeout=1) as producer:
            current_app.send_task(name, args=ids, producer=producer, retry=False, ignore_result=True)
    except (KombuError, OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("hint of %s not published: %s", name, type(error).__name__)
        return False
    return True
