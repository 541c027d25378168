"""What was sent to a webhook and what was not: for staff to see, and to send again what is dead."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consents.models import Webhook
from core import outbox, vault
from core.errors import NotFound
from core.models import Outbox, Owner
from ledger import entries

PAGE = 50


@dataclass(frozen=True)
class Delivery:
    """One message. `kind` is known until it was taken: then nothing of its content is left."""

    row: Outbox
    kind: str

    @property
    def state(self) -> str | Promise:
        if self.row.sent_at:
            return _("taken")
        return _("dead") if self.row.dead_at else _("waiting")


@dataclass(frozen=True)
class Health:
    """How a webhook fares: `code` for colours, a sentence for people."""

    code: str
    sentence: str | Promise


def health(webhook: Webhook) -> Health:
    if webhook.ended_at:
        return Health("off", _("Ended: it is told nothing any more."))
    if webhook.disabled_at:
        return Health("off", _("Switched off: what happens is kept and told when it is switched on again."))
    if webhook.tried_at is None:
        return Health("new", _("Nothing was sent yet. Send a test to see whether it is taken."))
    if webhook.failures:
        return Health("bad", _("The last tries were not taken."))
    return Health("good", _("The last message was taken."))


def of(webhook: Webhook) -> QuerySet[Outbox]:
    return Outbox.objects.filter(kind=Outbox.Kind.WEBHOOK, about=webhook.uuid)


def dead(webhook: Webhook) -> QuerySet[Outbox]:
    return of(webhook).filter(dead_at__isnull=False)


def waiting(webhook: Webhook) -> QuerySet[Outbox]:
    return of(webhook).filter(sent_at=None, dead_at=None)


def page(webhook: Webhook, *, only_dead: bool = False, before: int | None = None) -> tuple[list[Delivery], int | None]:
    """The latest first, and where the next page begins."""
    rows = (dead(webhook) if only_dead else of(webhook)).order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    shown = found[:PAGE]
    keys = vault.keys_of(Owner.OUTBOX, {row.uuid for row in shown if row.payload})
    return [Delivery(row, _kind(row, keys)) for row in shown], shown[-1].pk if len(found) > PAGE else None


@transaction.atomic
def replay(webhook: Webhook, message: UUID | None, *, now: datetime, actor: str) -> int:
    """Make one dead message due again, or all of them; returns how many. Raises NotFound for one that is not dead."""
    rows = dead(webhook).exclude(payload=None)
    chosen = list(rows.filter(uuid=message) if message else rows)
    if message and not chosen:
        raise NotFound
    for row in chosen:
        outbox.replay(row, now=now)
    if chosen:
        data = {"messages": len(chosen)}
        entries.record(kind="webhook.replayed", at=now, actor=actor, object=webhook.uuid, data=data)
    return len(chosen)


def _kind(row: Outbox, keys: dict[UUID, vault.Key]) -> str:
    """Ids and codes stand in the content; of these the kind is enough here."""
    if row.payload is None or row.uuid not in keys:
        return ""
    return str(json.loads(keys[row.uuid].open("payload", bytes(row.payload)))["event"]["kind"])
