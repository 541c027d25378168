"""Nothing is served from a restored database before what was erased, restricted or refused since is so again.

Around the WSGI application, every task and every command of ours that writes: a process finds out by itself, however
the database was restored.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from celery import Task
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections

from kraken_privacy import whole
from retention.replay import standing

logger = logging.getLogger("kraken.gate")
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# A closed gate is tried again soon; an open one is looked after, since a database can be restored beneath a process.
CLOSED_SECONDS, OPEN_SECONDS = 3.0, 30.0
ALIVE = "/healthz"
ADVICE = "Run `manage.py restore --replay` as the owner of the tables (docs/backup.md)."
PAGE = b"""<!doctype html>
<html lang="en-GB"><meta charset="utf-8"><title>Back soon</title>
<h1>We will be back soon</h1>
<p>This service was restored from a backup and is being brought up to date. Until that is done, nothing is shown.
Please try again in a few minutes.</p></html>
"""


def closed_because() -> str:
    """Why nothing may be served, or nothing."""
    return whole.missing() or _behind()


def closed_to_commands() -> str:
    """The same for a command that writes. That there is no database it says better itself."""
    try:
        return closed_because()
    except (OperationalError, InterfaceError):
        return ""
    except DatabaseError as error:
        return _not_whole(error)


def _not_whole(error: DatabaseError) -> str:
    """It is there and without the mark: half restored by hand, or older than that."""
    return f"This database is not whole, or not migrated ({type(error).__name__}). {ADVICE}"


def _behind() -> str:
    found = standing()
    if found.problem:
        return found.problem
    if found.waiting:
        return f"The journal is ahead of this database, which was restored from a backup. {ADVICE}"
    return ""


class Gate:
    """Remembers its last look for a moment."""

    def __init__(self) -> None:
        self._next_look = 0.0
        self._closed_because = ""

    def is_open(self, *, when_unknown: bool = True) -> bool:
        """`when_unknown`: the answer while nobody can look, in a process that has not found the gate closed before."""
        if time.monotonic() < self._next_look:
            return not self._closed_because
        try:
            reason = closed_because()
        except (OperationalError, InterfaceError):
            # The database does not answer. One that was closed may be up again a moment later and still be as it was,
            # so it stays closed. A process that has not found it so lets the application say, better than this page
            # does, that there is no database: it can show nothing without one.
            return when_unknown and not self._closed_because
        except DatabaseError as error:
            reason = _not_whole(error)
        finally:
            close_old_connections()
        if reason and reason != self._closed_because:
            logger.error("not serving: %s", reason)
        self._closed_because = reason
        self._next_look = time.monotonic() + (CLOSED_SECONDS if reason else OPEN_SECONDS)
        return not reason


gate = Gate()


def guarded(application: Application, own: Gate = gate) -> Application:
    """The application behind the gate. Only whether the process lives is answered in any case."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == ALIVE or own.is_open():
            return application(environ, start_response)
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Retry-After", "60")]
        start_response("503 Service Unavailable", headers)
        return [PAGE]

    return answer


class GuardedTask(Task):  # type: ignore[misc]
    """A task that a worker does only while the gate is known to be open. Its sweep finds the work again."""

    abstract = True

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self.request.called_directly or self.request.is_eager or gate.is_open(when_unknown=False):
            return super().__call__(*args, **options)
        return None


def check_restored(*, databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A system check of the databases: `migrate` and `check --database default` ask it."""
    if not databases or "default" not in databases:
        return []
    try:
        reason = "" if whole.is_loaded() is None else closed_because()
        if reason == whole.NOT_MIGRATED:
            reason = _behind()  # an upgrade, or else a restore that the journal tells of
    except DatabaseError:
        return []  # it says so itself
    return [Error(reason, hint=ADVICE, id="kraken.E001")] if reason else []
