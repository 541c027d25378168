"""manage.py demo: load Kraken IM, its register and a few invented people. Loading again changes nothing."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from kraken_privacy.demo import loading


class Command(WritingCommand):
    # `make run` has just migrated, which checks everything.
    requires_system_checks: list[str] = []
    help = "Load the demo. ADMIN_PASSWORD and DEMO_API_KEY in the environment choose who may enter."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--subjects", type=int, default=0, metavar="N", help="make N more people, always the same")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("The demo is loaded only where DEMO_MODE is on: it would mix with real people's data.")
        try:
            loaded = loading.load(
                now=timezone.now(),
                subjects=options["subjects"],
                password=os.environ.get("ADMIN_PASSWORD", ""),
                key=os.environ.get("DEMO_API_KEY", ""),
                say=self._say if options["verbosity"] else lambda done, of: None,
            )
        except DomainError as error:
            reasons = "; ".join(f"{field}: {text}" for field, text in error.fields.items())
            raise CommandError(f"{error.message} {reasons}".strip()) from error
        self.stdout.write(loaded)

    def _say(self, done: int, of: int) -> None:
        self.stdout.write(f"  {done} of {of} people")
        self.stdout.flush()
