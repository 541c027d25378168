"""`manage.py apikeys create --name NAME --scope SCOPE …`, `revoke NAME`, `list`: keys of the API without a browser."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from core.models import ApiKey
from core.scopes import SCOPES
from office import api_keys

ACTOR = "system:apikeys"


class Command(WritingCommand):
    help = "Keys of the API. A key is printed once: when it is made."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a key and print it")
        create.add_argument("--name", required=True, help="the system that uses it")
        create.add_argument("--scope", action="append", required=True, choices=sorted(SCOPES), metavar="SCOPE")
        create.add_argument("--kind", default=ApiKey.Kind.SECRET.value, choices=ApiKey.Kind.values)
        create.add_argument("--origin", action="append", default=[], help="where a publishable key works from")
        create.add_argument("--system", default="", help="whose tasks systems:tasks opens: its short name")
        create.add_argument("--last-day", type=date.fromisoformat, help="after it the key opens nothing: 2027-11-22")
        actions.add_parser("revoke", help="from now on it opens nothing").add_argument("name")
        actions.add_parser("list", help="the keys that work")

    def writes(self, options: Mapping[str, object]) -> bool:
        return options["action"] != "list"

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        now = timezone.now()
        try:
            match action:
                case "create":
                    given = [options[name] for name in ("name", "scope", "kind", "origin", "last_day", "system")]
                    self.stdout.write(api_keys.make(api_keys.Wanted(*given), now=now, actor=ACTOR)[1])
                case "revoke":
                    api_keys.revoke(api_keys.named(options["name"], now=now), now=now, actor=ACTOR)
                case _:
                    for shown in api_keys.listed(now=now)[0]:
                        key = shown.key
                        self.stdout.write(f"{key.name}\tkp_{key.prefix}_…\t{key.kind}\t{','.join(key.scopes)}")
        except DomainError as error:
            raise CommandError(error.sentence) from error
