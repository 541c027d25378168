"""Everything that leaves: written in the caller's transaction, sent after it, at least once.

A sender takes a lease on a row (a column, committed before it sends), so that no row lock is held over SMTP. If it
dies in between, the lease runs out and the row is sent again with the same Message-ID. When delivery has worked,
payload and key are gone; what fails too often is dead, visible to the officers and can be replayed.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import prepared, vault
from core.errors import DomainError
from core.hints import hint
from core.models import Outbox, Owner

LEASE = timedelta(minutes=2)
ATTEMPTS = 16  # twice as late each time from 15 seconds up to 6 hours: a day and a half in all
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(hours=6)
KEPT = timedelta(days=30)
logger = logging.getLogger(__name__)
Carrier = Callable[[Outbox, Mapping[str, Any]], None]
_carriers: dict[str, Carrier] = {}
# What writes a mail when it is sent: func(told) -> {"subject", "text", "html"}.
Writer = Callable[[Mapping[str, Any]], Mapping[str, str]]
_writers: dict[str, Writer] = {}
# Message and key at once: this stands in the way of everybody who waits for an answer.
COLUMNS = [str(field.attname) for field in Outbox._meta.concrete_fields]
INTO = "INSERT INTO core_outbox (uuid, schema_version, kind, about, payload, created_at, due_at, attempts, error)"
POST = f"""
WITH key AS (
    INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
    VALUES (%(owner)s, %(uuid)s, %(master)s, %(wrapped)s)
)
{INTO}
VALUES (%(uuid)s, 1, %(kind)s, %(about)s, %(payload)s, %(now)s, %(now)s, 0, '')
RETURNING {", ".join(COLUMNS)}
"""  # noqa: S608  (our own names)
BEYOND = "SELECT setval('core_outbox_id_seq', %s) FROM core_outbox_id_seq WHERE last_value < %s"
# What a message is stored with.
SEALED = ("uuid", "kind", "about", "payload", "owner", "master", "wrapped")


class NotReplayable(DomainError):
    code = "not-replayable"
    message = _("Only a dead message whose content is still there can be sent again.")


def register_carrier(kind: Outbox.Kind, func: Carrier) -> None:
    """`func(outbox, payload)` delivers messages of this kind, or raises."""
    _carriers[kind] = func


def post(kind: Outbox.Kind, payload: Mapping[str, Any], *, about: UUID | None, now: datetime) -> Outbox:
    """Put a message into the outbox inside the caller's transaction; a worker is told once that has committed."""
    with transaction.atomic(savepoint=False):
        stored = prepared.fetch_all(POST, sealed(kind, payload, about=about) | {"now": now})
        row = Outbox.from_db(None, COLUMNS, stored[0])
        announce(row.pk)
    return row


def sealed(kind: Outbox.Kind, payload: Mapping[str, Any], *, about: UUID | None) -> dict[str, Any]:
    """SEALED, for a statement that stores a message among other things."""
    key = vault.new_key(Owner.OUTBOX, uuid.uuid4())
    master, wrapped = key.wrapped()
    content = key.seal("payload", json.dumps(payload).encode())
    return dict(zip(SEALED, (key.owner_id, kind.value, about, content, key.owner.value, master, wrapped), strict=True))


def announce(message: int) -> None:
    """Tell a worker of a stored message, once it is committed."""
    transaction.on_commit(lambda: hint("core.tasks.deliver", message), robust=True)


def post_mail(
    *,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    headers: Mapping[str, str] | None = None,
    about: UUID | None,
    now: datetime,
) -> Outbox:
    """Put an e-mail to one person into the outbox."""
    payload = {"to": to, "subject": subject, "text": text, "html": html, "headers": dict(headers or {})}
    return post(Outbox.Kind.MAIL, payload, about=about, now=now)


def register_writer(name: str, func: Writer) -> None:
    """`func(told)` puts into words what `post_told` was told."""
    _writers[name] = func


def post_told(*, to: str, writer: str, told: Mapping[str, Any], about: UUID | None, now: datetime) -> Outbox:
    """Put an e-mail into the outbox of which only the facts are known yet; it is put into words when it is sent."""
    return post(Outbox.Kind.MAIL, untold(to, writer, told), about=about, now=now)


def untold(to: str, writer: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The content of such a mail until then."""
    return {"to": to, "writer": writer, "told": told}


def written(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mail in words."""
    return {**payload, **_writers[payload["writer"]](payload["told"])} if "writer" in payload else payload


def deliver_due(*, now: datetime, limit: int = 50) -> int:
    """Deliver what is due and in nobody's lease; returns how many were delivered. Any number may run at once."""
    started = time.monotonic()
    due = _deliverable(now).order_by("due_at", "pk").values_list("pk", flat=True)[:limit]
    # A lease counts from when it is taken: with a slow server that is long after the batch began.
    return sum(deliver_one(pk, now=now + timedelta(seconds=time.monotonic() - started)) for pk in list(due))


def deliver_one(outbox_id: int, *, now: datetime) -> bool:
    """Deliver one message if it is due. Returns whether this call delivered it."""
    row = _lease(outbox_id, now=now)
    if row is None:
        return False
    try:
        _carriers[row.kind](row, _payload(row))
    except Exception as error:  # noqa: BLE001  (a carrier may fail in any way; the row remembers the kind)
        # Its kind and never its text, which may name somebody; a carrier may say in `told` what is safe.
        _failed(row, getattr(error, "told", "") or type(error).__name__, now=now)
        return False
    _delivered(row, now=now)
    return True


def replay(outbox: Outbox, *, now: datetime) -> None:
    """Make a dead message due again, with a fresh count of attempts."""
    dead = Outbox.objects.filter(pk=outbox.pk, dead_at__isnull=False, payload__isnull=False)
    if not dead.update(dead_at=None, attempts=0, due_at=now, lease=None, leased_until=None, error=""):
        raise NotReplayable
    announce(outbox.pk)


def number_after(number: int) -> None:
    """No message gets this number or a lower one any more: they may be known outside a database that was restored."""
    with connection.cursor() as cursor:
        cursor.execute(BEYOND, [number, number])


def forget(about: UUID) -> int:
    """Erase what was not delivered about someone; returns how many messages. Call it inside the erasing transaction."""
    with transaction.atomic():
        rows = Outbox.objects.filter(about=about, payload__isnull=False)
        uuids = list(rows.select_for_update().values_list("uuid", flat=True))
        vault.destroy_keys(Owner.OUTBOX, uuids)
        return Outbox.objects.filter(uuid__in=uuids).delete()[0]


def sweep(*, now: datetime) -> int:
    """Drop the empty rows of messages delivered long ago."""
    return Outbox.objects.filter(sent_at__lt=now - KEPT).delete()[0]


def _deliverable(now: datetime) -> Any:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Outbox.objects.filter(free, sent_at=None, dead_at=None, due_at__lte=now)


def _lease(outbox_id: int, *, now: datetime) -> Outbox | None:
    """Take the row for a while: one UPDATE, so of two senders one gets it. A crash counts as an attempt."""
    lease = uuid.uuid4()
    taken = _deliverable(now).filter(pk=outbox_id)
    if not taken.update(lease=lease, leased_until=now + LEASE, attempts=F("attempts") + 1):
        return None
    return Outbox.objects.get(pk=outbox_id, lease=lease)


def _payload(row: Outbox) -> Mapping[str, Any]:
    if row.payload is None:
        raise vault.Unreadable
    payload: Mapping[str, Any] = json.loads(vault.key_of(Owner.OUTBOX, row.uuid).open("payload", bytes(row.payload)))
    return payload


def _delivered(row: Outbox, *, now: datetime) -> None:
    with transaction.atomic():
        ours = Outbox.objects.filter(pk=row.pk, lease=row.lease)
        ours.update(sent_at=now, payload=None, lease=None, leased_until=None, error="")
        vault.destroy_keys(Owner.OUTBOX, [row.uuid])


def _failed(row: Outbox, error: str, *, now: datetime) -> None:
    """Try again later, twice as late each time; after the last attempt, or without content, the row is dead."""
    delay = min(FIRST_DELAY * 2 ** min(row.attempts - 1, 20), LONGEST_DELAY)
    dead = now if row.attempts >= ATTEMPTS or error == vault.Unreadable.__name__ else None
    Outbox.objects.filter(pk=row.pk, lease=row.lease).update(
        due_at=now + delay, dead_at=dead, error=error[:100], lease=None, leased_until=None
    )
    if dead:
        logger.error("outgoing message %s is dead: %s", row.uuid, error)
