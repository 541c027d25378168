import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, no_translations

from core.errors import DomainError
from requests.deadlines import cached
from requests.lines import LONGEST, answer, refusal


class Command(BaseCommand):
    help = "Reads facts as JSON lines and answers each with its deadline, in order. Exits 1 if any line failed."
    # They look at pages and forms, which nobody asks here, and took a tenth of the start.
    requires_system_checks: list[str] = []

    # One protocol for every installation, and a third of the time.
    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        holidays, rules = cached()
        failed = False
        for number, line in enumerate(lines(sys.stdin.buffer), start=1):
            try:
                result = answer(line, holidays=holidays, rules=rules)
            except DomainError as error:
                failed = True
                result = refusal(error, number)
            # In ASCII: a name that came as half a character can be said again on any terminal.
            self.stdout.write(json.dumps(result))
            self.stdout.flush()
        if failed:
            sys.exit(1)


def lines(source: BinaryIO) -> Iterator[bytes]:
    """Each line as it comes. Of one that is too long, only the beginning: the rest is read and dropped."""
    while line := source.readline(LONGEST + 1):
        rest = line
        while rest and not rest.endswith(b"\n") and len(line) > LONGEST:
            rest = source.readline(LONGEST)
        yield line
