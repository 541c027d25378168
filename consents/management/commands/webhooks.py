"""`manage.py webhooks add NAME URL [--kind KIND …]`, `rotate NAME`, `off NAME`, `on NAME`, `end NAME`, `list`."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from consents import webhooks
from consents.models import Webhook
from core.commands import WritingCommand
from core.errors import DomainError
from ledger import feed

ACTOR = "system:webhooks"
OTHERS = {
    "rotate": "a new secret; the former signs too for a day",
    "off": "hold everything back for a while",
    "on": "go on where it was left",
    "end": "tell it no more",
}


class Command(WritingCommand):
    help = "Who is told of every change. A secret is shown once: when it is made."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        action = actions.add_parser("add", help="tell this address of what happens from now on")
        action.add_argument("name")
        action.add_argument("url")
        action.add_argument("--kind", action="append", default=[], help=f"only these of: {', '.join(feed.KINDS)}")
        for name, what in OTHERS.items():
            actions.add_parser(name, help=what).add_argument("name")
        actions.add_parser("list", help="the addresses that are told")

    def writes(self, options: Mapping[str, object]) -> bool:
        return options["action"] != "list"

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        now = timezone.now()
        try:
            match action:
                case "add":
                    given = {"kinds": options["kind"], "now": now, "actor": ACTOR}
                    self.stdout.write(webhooks.add(options["name"], options["url"], **given)[1])
                case "rotate":
                    self.stdout.write(webhooks.rotate(options["name"], now=now, actor=ACTOR))
                case "end":
                    webhooks.end(options["name"], now=now, actor=ACTOR)
                case "off" | "on":
                    webhooks.switch(options["name"], on=action == "on", now=now, actor=ACTOR)
                case _:
                    for webhook in Webhook.objects.filter(ended_at=None).order_by("name"):
                        self.stdout.write(f"{webhook.name}\t{webhook.url}\t{','.join(webhook.kinds) or 'all'}")
        except DomainError as error:
            raise CommandError(error.sentence) from error
