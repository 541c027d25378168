"""manage.py restore [NAME] | --replay: bring a backup back, and everything up to date that was promised since."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from kraken_privacy.backup import restoring
from kraken_privacy.backup.address import of_django
from retention.replay import Replayed


class Command(BaseCommand):
    help = "Restore a backup into an empty database, as the owner of its tables, and replay the journal."
    # The database may be empty, or older than the journal: that is what this is for.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="the backup's name; the latest if none is given")
        parser.add_argument(
            "--replay", action="store_true", help="only replay: the database was restored by other means"
        )
        parser.add_argument(
            "--without-errors",
            action="store_true",
            help="with --replay: what restored the database ended without any error, and every row is there",
        )
        parser.add_argument(
            "--loss-is-known",
            action="store_true",
            help="with --without-errors: what is missing of tables and what guards them was dropped before the dump",
        )
        parser.add_argument(
            "--journal-is-lost",
            action="store_true",
            help="go on without what is missing of the journal; whoever was erased since the backup is back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now, is_lost = timezone.now(), options["journal_is_lost"]
        try:
            if options["replay"]:
                told = {"had_no_errors": options["without_errors"], "is_loss_known": options["loss_is_known"]}
                done = restoring.bring_up_to_date(is_journal_lost=is_lost, now=now, **told)
            else:
                made, done = restoring.restore(options["name"], address=of_django(), is_journal_lost=is_lost, now=now)
                self.stdout.write(f"Backup {made.name} of {made.made_at} is back.")
        except (DomainError, ImproperlyConfigured) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self._tell(done)

    def _tell(self, done: Replayed) -> None:
        if done.torn:
            self.stdout.write(f"{done.torn} unreadable pieces of the journal were never acknowledged and are left out.")
        parts = ", ".join(f"{action} {count}" for action, count in sorted(done.by_action.items()))
        self.stdout.write(f"Replayed {done.lines} lines of the journal{f': {parts}' if parts else ''}.")
        if done.empty:
            self.stdout.write(f"{done.empty} of them concern nothing that this backup holds.")
        self.stdout.write("The site may serve.")
