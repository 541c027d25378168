"""Commands of ours that write ask first whether anything may be written: a restored database may not be, yet."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

# Answers why nothing may be written, in words, or nothing.
WhyNot = Callable[[], str]
_asked: list[WhyNot] = []


def register(why_not: WhyNot) -> None:
    """Have `why_not()` asked before a command of ours writes."""
    if why_not not in _asked:
        _asked.append(why_not)


class WritingCommand(BaseCommand):
    """What is no `restore`, `backup` or `doctor` and does not only read. A test walks over all of them."""

    def writes(self, options: Mapping[str, object]) -> bool:
        """Whether it does with these options."""
        return True

    def execute(self, *args: Any, **options: Any) -> str | None:
        if self.writes(options) and (reason := next(filter(None, (why_not() for why_not in _asked)), "")):
            raise CommandError(reason)
        return super().execute(*args, **options)
