"""manage.py keys status|rewrap|reblind: what a change of MASTER_KEYS or BLIND_INDEX_KEYS leaves to do."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandError

from consents import pending
from core import rewrapping
from core.commands import WritingCommand
from core.keys import keyring
from requests import reblinding as cases
from staff import rewrapping as second_steps
from subjects import identifiers, names
from subjects.models import Identifier, NameToken


class Command(WritingCommand):
    help = "Move what is stored to the first keys of MASTER_KEYS and BLIND_INDEX_KEYS, so that old ones may go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("status", help="what still needs an old key, as JSON")
        actions.add_parser("rewrap", help="wrap data keys under the current master key; may be stopped and repeated")
        actions.add_parser("reblind", help="index under the current blind-index key; may be stopped and repeated")

    def writes(self, options: Mapping[str, object]) -> bool:
        return options["action"] != "status"

    def handle(self, *args: Any, **options: Any) -> None:
        {"status": self._status, "rewrap": self._rewrap, "reblind": self._reblind}[options["action"]]()

    def _status(self) -> None:
        current = keyring("BLIND_INDEX_KEYS").current
        found = {
            "data_keys": rewrapping.under_old_keys(),
            "second_steps": second_steps.left(),
            "identifiers": Identifier.objects.exclude(blind_key=current).count(),
            "words_of_names": NameToken.objects.exclude(token_key=current).count(),
        }
        self.stdout.write(json.dumps(found))

    def _rewrap(self) -> None:
        total = sum(rewrapping.under_old_keys().values())
        moved, lost = 0, 0
        while True:
            before, after, lost = moved, 0, 0
            while batch := rewrapping.rewrap(after=after):
                moved, lost, after = moved + batch.moved, lost + batch.lost, batch.last
                self.stdout.write(f"  {moved} of {total}")
            # Those that somebody had locked come with the next pass.
            if moved == before:
                break
        self.stdout.write(f"{moved} data keys and {second_steps.rewrap()} second steps were wrapped anew.")
        if lost:
            self.stderr.write(f"{lost} data keys are under master keys that are not in MASTER_KEYS: put those back.")
        if left := sum(rewrapping.under_old_keys().values()) - lost:
            raise CommandError(f"{left} were in use just now: do it once more.")

    def _reblind(self) -> None:
        # Cases first: deletion waits for their addresses, and for all under an older key (requests/freeze.py).
        # Identifiers last: by them an erasure finds what waits.
        for what, reblind in (("cases", cases.reblind), ("unconfirmed answers", pending.reblind)):
            after, moved = 0, 0
            while found := reblind(after=after):
                after, moved = found[0], moved + found[1]
            self.stdout.write(f"{moved} {what} were indexed anew.")
        for what, step in (("identifiers", identifiers.reblind), ("names", names.reindex)):
            self.stdout.write(f"{self._until_none(step)} {what} were indexed anew.")
        older = Identifier.objects.exclude(blind_key=keyring("BLIND_INDEX_KEYS").current)
        if left := older.count():
            raise CommandError(f"{left} identifiers were in use just now: do it once more, before the old key goes.")

    def _until_none(self, step: Callable[[], int]) -> int:
        done = 0
        while now_done := step():
            done += now_done
            self.stdout.write(f"  {done}")
        return done
