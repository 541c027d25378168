"""Telling other systems of every change as it happens: signed by Standard Webhooks, through the outbox.

What is told is the feed of changes (ledger/feed.py), so nothing that writes a choice has to know of webhooks: a sweep
follows the feed for each address and posts what is new. Told are ids and codes, never an address or a name. Each
message is sent at least once and in no certain order; `webhook-id` is the same at every try.
"""

import base64
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import standardwebhooks
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consents.models import Webhook
from core import outbox, posting, vault
from core.errors import Invalid, NotFound
from core.models import Outbox, Owner
from core.network import AddressRefused, target_of
from ledger import entries, feed

FIELD, FORMER = "secret", "former_secret"
PREFIX = "whsec_"
# How long the former secret signs too, so that a receiver can change over without losing a message.
OVERLAP = timedelta(days=1)
# Well below the outbox's lease, so that a slow receiver does not make a second sender start.
SECONDS = 45
GONE = 410


# What a test sends. It tells nothing.
TEST = "webhook.test"
# Somebody waits for the answer to a test.
TEST_SECONDS = 10


class NotTaken(Exception):
    """They did not take it this time. The outbox tries again, and shows it as dead when it has tried often enough."""

    def __init__(self, status: int) -> None:
        self.told = f"answered {status}"


class Held(Exception):
    """Somebody switched this webhook off for a while. What waited for it is tried again, like a message not taken."""

    told = "switched off"


class UnknownWebhook(NotFound):
    code = "unknown-webhook"
    message = _("There is no webhook of this name.")


def add(name: str, url: str, *, kinds: Iterable[str] = (), now: datetime, actor: str) -> tuple[Webhook, str]:
    """A new address and its secret, which is shown this once. It is told of what happens from now on."""
    kinds = _checked(url, kinds)
    if not name.strip() or Webhook.objects.filter(name=name).exists():
        raise Invalid(fields={"name": _("Give a name that no other webhook has.")})
    secret = _new_secret()
    with transaction.atomic():
        webhook = Webhook(name=name, url=url, kinds=kinds, after=str(feed.end()), created_at=now)
        key = vault.create_key(Owner.WEBHOOK, webhook.uuid)
        webhook.secret = key.seal(FIELD, secret.encode())
        webhook.save(force_insert=True)
        _record("webhook.added", webhook, now=now, actor=actor)
    return webhook, secret


@transaction.atomic
def change(name: str, url: str, *, kinds: Iterable[str], now: datetime, actor: str) -> None:
    """Another address, or other kinds. What waits goes to the new address."""
    webhook, kinds = _held(name), _checked(url, kinds)
    if (webhook.url, webhook.kinds) == (url, kinds):
        return
    webhook.url, webhook.kinds = url, kinds
    webhook.save(update_fields=["url", "kinds"])
    _record("webhook.changed", webhook, now=now, actor=actor)


@transaction.atomic
def switch(name: str, *, on: bool, now: datetime, actor: str) -> None:
    """Hold everything back for this address, or go on where it was left: what happened meanwhile is told then."""
    webhook = _held(name)
    if (webhook.disabled_at is None) == on:
        return
    webhook.disabled_at = None if on else now
    webhook.save(update_fields=["disabled_at"])
    if on:
        waiting = Outbox.objects.filter(kind=Outbox.Kind.WEBHOOK, about=webhook.uuid, sent_at=None, dead_at=None)
        waiting.update(due_at=now)
    _record("webhook.enabled" if on else "webhook.disabled", webhook, now=now, actor=actor)


@transaction.atomic
def rotate(name: str, *, now: datetime, actor: str) -> str:
    """A new secret, shown this once. The former signs too for a day."""
    webhook = _held(name)
    key = vault.key_of(Owner.WEBHOOK, webhook.uuid)
    secret = _new_secret()
    webhook.former_secret = key.seal(FORMER, key.open(FIELD, bytes(webhook.secret)))
    webhook.secret, webhook.former_until = key.seal(FIELD, secret.encode()), now + OVERLAP
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    _record("webhook.rotated", webhook, now=now, actor=actor)
    return secret


@transaction.atomic
def end(name: str, *, now: datetime, actor: str) -> None:
    """Tell this address nothing any more; what waits for it is dropped when its turn comes."""
    webhook = _held(name)
    webhook.ended_at = now
    webhook.save(update_fields=["ended_at"])
    _record("webhook.ended", webhook, now=now, actor=actor)


def follow(*, now: datetime, seconds: float = 20.0) -> int:
    """Queue what is new for every address; returns how many messages. Any number may run at once."""
    started, queued = time.monotonic(), 0
    told = Webhook.objects.filter(ended_at=None, disabled_at=None)
    for pk in list(told.order_by("pk").values_list("pk", flat=True)):
        more = True
        while more and time.monotonic() - started < seconds:
            found, more = _follow(pk, now=now)
            queued += found
    return queued


@transaction.atomic
def _follow(pk: int, *, now: datetime) -> tuple[int, bool]:
    """One page of the feed for one address: the messages and the place behind them commit together."""
    free = Webhook.objects.select_for_update(skip_locked=True).filter(pk=pk, ended_at=None, disabled_at=None)
    webhook = free.first()
    if webhook is None:
        return 0, False
    try:
        page = feed.page(feed.place(webhook.after))
    except feed.Restored:
        page = feed.page(feed.beginning())
    told = [event for event in page.events if not webhook.kinds or event["kind"] in webhook.kinds]
    for event in told:
        _post(webhook, event, now=now)
    webhook.after = str(page.after)
    webhook.save(update_fields=["after"])
    return len(told), page.more


def test(name: str, *, now: datetime, actor: str) -> Outbox:
    """Queue a message that tells nothing, to see whether it is taken."""
    with transaction.atomic():
        webhook = _held(name)
        row = _post(webhook, {"kind": TEST, "at": entries.instant(now), "data": {}}, now=now)
        _record("webhook.tested", webhook, now=now, actor=actor)
    return row


def _post(webhook: Webhook, event: Mapping[str, Any], *, now: datetime) -> Outbox:
    # About the webhook and no person: it names nobody, and an erasure must not take a "no" out of the queue.
    payload = {"webhook": str(webhook.uuid), "event": event}
    return outbox.post(Outbox.Kind.WEBHOOK, payload, about=webhook.uuid, now=now)


def carry(row: Outbox, payload: Mapping[str, Any]) -> None:
    """The outbox's carrier. Raises when it is worth another try."""
    webhook = Webhook.objects.filter(uuid=payload["webhook"], ended_at=None).first()
    if webhook is None:
        return
    now, event = timezone.now(), payload["event"]
    if webhook.disabled_at:
        raise Held
    body = json.dumps({"type": event["kind"], "timestamp": event["at"], "data": event}, separators=(",", ":"))
    headers = {"Content-Type": "application/json", **signature(webhook, f"msg_{row.uuid.hex}", body, now=now)}
    deadline = time.monotonic() + (TEST_SECONDS if event["kind"] == TEST else SECONDS)
    status = None
    try:
        status, _answer = posting.post(target_of(webhook.url), body.encode(), headers, keep=1024, deadline=deadline)
    finally:
        _note(webhook, status, now=now)
    if status == GONE:
        end(webhook.name, now=now, actor="system:webhooks")
    elif not _is_taken(status):
        raise NotTaken(status)


def _is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _note(webhook: Webhook, status: int | None, *, now: datetime) -> None:
    """How the other side answered, for whoever looks after it."""
    changed: dict[str, Any] = {"tried_at": now, "status": status, "failures": F("failures") + 1}
    if _is_taken(status):
        changed |= {"taken_at": now, "failures": 0}
    Webhook.objects.filter(pk=webhook.pk).update(**changed)


def signature(webhook: Webhook, message: str, body: str, *, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks: signed with the secret, and for a while with the former one too."""
    key = vault.key_of(Owner.WEBHOOK, webhook.uuid)
    signing = [key.open(FIELD, bytes(webhook.secret))]
    if webhook.former_secret and webhook.former_until and now < webhook.former_until:
        signing.append(key.open(FORMER, bytes(webhook.former_secret)))
    signed = [standardwebhooks.Webhook(secret.decode()).sign(message, now, body) for secret in signing]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _checked(url: str, kinds: Iterable[str]) -> list[str]:
    """The kinds in their order. Raises Invalid for an address that we do not send to, and for unknown kinds."""
    wanted = sorted(set(kinds))
    if unknown := set(wanted) - set(feed.KINDS):
        raise Invalid(fields={"kinds": _("These kinds are not told: %(kinds)s.") % {"kinds": ", ".join(unknown)}})
    try:
        target_of(url)
    except AddressRefused as error:
        raise Invalid(fields={"url": error.message}) from error
    except OSError as error:
        raise Invalid(fields={"url": _("This address leads nowhere.")}) from error
    return wanted


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _held(name: str) -> Webhook:
    webhook = Webhook.objects.select_for_update().filter(name=name, ended_at=None).first()
    if webhook is None:
        raise UnknownWebhook
    return webhook


def _record(kind: str, webhook: Webhook, *, now: datetime, actor: str) -> None:
    entries.record(kind=kind, at=now, actor=actor, object=webhook.uuid, data={"kinds": webhook.kinds})
