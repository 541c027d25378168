"""What is read once while one request is answered, however many ask for it."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

# Nothing is kept outside a request: tasks and commands read afresh each time.
held: ContextVar[dict[str, Any] | None] = ContextVar("held", default=None)
T = TypeVar("T")


def once(name: str, read: Callable[[], T]) -> T:
    known = held.get()
    if known is None:
        return read()
    if name not in known:
        known[name] = read()
    found: T = known[name]
    return found
