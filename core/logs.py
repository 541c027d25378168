"""How log lines look, and what they may never carry.

A raw path can hold a token and a query string an address, so lines name the route instead. The text of an exception can
quote what somebody typed (PostgreSQL names the values of a broken constraint), so lines name its kind and its frames.
"""

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.http import HttpRequest

# The id of the request or task that is being worked on; part of every line.
current: ContextVar[str] = ContextVar("current", default="-")
# What our own lines carry beside their message (`extra=`).
FIELDS = ("method", "route", "status", "ms", "task")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def route_of(request: HttpRequest) -> str:
    """The pattern that an address matched, never the address: /rights/confirm/<str:token>/."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "(none)"


class NoPaths(logging.Filter):
    """Django's own lines about a request name its path: put the route there. Its refusals quote what was sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.msg, record.args, record.exc_info = "refused", (), None
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            raw = {request.path, request.path_info, request.get_full_path()}
            record.args = tuple(route_of(request) if part in raw else part for part in record.args)
        return True


class Line(logging.Formatter):
    """For people: one line, then the frames of an exception."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} [{current}] {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.current = current.get()
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> str:
        return _frames(ei[1])


class Json(logging.Formatter):
    """For machines: one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "id": current.get(),
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _frames(record.exc_info[1])
        return json.dumps(line, default=str)


def _frames(error: BaseException | None) -> str:
    """Where it happened and of what kind it is, with what caused it first; not a word of its message."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
        parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def configuration(*, format: str, level: str) -> dict[str, Any]:
    """LOGGING for settings: everything to stderr in one format."""
    quiet = {"level": "ERROR"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no_paths": {"()": "core.logs.NoPaths"}},
        "formatters": {"line": {"()": "core.logs.Line"}, "json": {"()": "core.logs.Json"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if format == "json" else "line",
                "filters": ["no_paths"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Replaces Django's own handlers, which know nothing of routes.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # The access line says it (core/middleware.py); only a crash needs its frames too.
            "django.request": quiet,
            # The development server's lines are raw addresses.
            "django.server": {"handlers": [], "propagate": False},
            # Statements with their values.
            "django.db.backends": {"level": "INFO"},
            # Results and texts of exceptions; kraken_privacy/celery.py writes one line for each task.
            "celery.app.trace": {"level": "CRITICAL"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
