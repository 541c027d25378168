"""manage.py backup [--list] [--verify NAME] [--expire] [--clock-is-right]: make one, try it, and let old ones go."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from kraken_privacy.backup import clock, evidence, making, shelf
from kraken_privacy.backup.address import of_django


class Command(BaseCommand):
    help = "Make a sealed backup of the database, its keys apart, and restore it once to see that it is whole."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--list", action="store_true", help="one JSON line for each backup that there is")
        parser.add_argument("--expire", action="store_true", help="make none, only delete those whose day has come")
        right = "delete also those whose day has come after days on which nothing was recorded"
        parser.add_argument("--clock-is-right", action="store_true", help=right)
        parser.add_argument("--verify", metavar="NAME", help="only try out the backup of this name again")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            with _told_to_stop():
                self._do(options, now)
            for sentence in shelf.amiss(now):
                self.stderr.write(sentence)
            looked_only = options["list"] or options["verify"]
            if not looked_only and (kept := evidence.overdue(now)):
                raise CommandError(clock.sentence(kept))
        except (DomainError, ImproperlyConfigured) as error:
            raise CommandError(str(getattr(error, "message", error))) from error

    def _do(self, options: dict[str, Any], now: datetime) -> None:
        if options["list"]:
            for name in shelf.names():
                self.stdout.write(json.dumps(asdict(shelf.read(name))))
        elif options["expire"]:
            gone = making.expire(now=now, is_clock_right=options["clock_is_right"])
            self.stdout.write(f"{len(gone)} backups were deleted: {', '.join(gone) or 'none was due'}.")
        elif options["verify"]:
            making.verify_again(options["verify"], now=now)
            self.stdout.write(f"Backup {options['verify']} was restored and holds every row.")
        else:
            right = options["clock_is_right"]
            made = making.make(now=now, address=of_django(), is_clock_right=right)
            rows = sum(made.rows.values())
            self.stdout.write(
                f"Backup {made.name}: {rows} rows of {len(made.rows)} tables, restored once to see that they are there."
                f" It expires on {made.expires_on}."
            )


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """`docker stop` and a timer's timeout say so by SIGTERM: it leaves as by an error, which clears up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
