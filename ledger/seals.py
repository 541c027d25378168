"""Sealing: a signed Merkle root over the entries of every transaction that has ended, again and again, in a chain.

Ids and times cannot tell which entries are final: a transaction that took its numbers early may commit late. What can
is the horizon, the oldest transaction that still runs (`pg_snapshot_xmin`): everything below it has ended for good.
So a seal covers a half-open range of transaction ids below the horizon, the next starts where it ends, and every entry
is in exactly one. Ordinary writers are never waited for and never wait.

A dump restored into a new cluster keeps its entries' transaction ids while the cluster counts from the bottom: ids and
horizon no longer agree. The old epoch is then closed with one seal over all that is left of it, and a new one begins.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import rfc8785
from django.db import connection, transaction

from ledger import signing
from ledger.entries import instant
from ledger.leaves import horizon, last_xid, leaves
from ledger.merkle import Tree
from ledger.models import Entry, Head, Seal

VERSION = 1
TYP = "kraken-seal"
FIRST = "0" * 64
_LOCK = 0x6B72616B656E01  # any number that nothing else in this database locks


def seal(*, now: datetime) -> Seal | None:
    """Seal what has ended since the last seal. None when there is nothing new or another sealer is at work."""
    with transaction.atomic():
        if not _is_ours():
            return None
        # Read before anything is written: a transaction of our own would hold the horizon back.
        head = Head.objects.get(pk=1)
        limit, has_foreign = horizon(head.epoch)
        closing = None
        if has_foreign or limit < head.horizon:
            closing = _close(head, now=now)
        return _seal(head, limit, now=now) or closing


def oldest_unsealed(*, now: datetime) -> timedelta:
    """How long the oldest entry without a seal has been waiting; zero when there is none."""
    head = Head.objects.get(pk=1)
    waiting = Entry.objects.filter(epoch__gte=head.epoch).exclude(epoch=head.epoch, xid__lt=head.horizon)
    first = waiting.order_by("epoch", "xid", "id").first()
    return max(now - first.at, timedelta()) if first else timedelta()


def public(row: Seal) -> dict[str, Any]:
    """A seal as the API and the witness file show it: `body` is the exact text that was signed and hashed."""
    return {
        "epoch": row.epoch,
        "xid_from": row.xid_from,
        "xid_to": row.xid_to,
        "count": row.count,
        "root": row.root,
        "prev": row.prev,
        "at": instant(row.at),
        "hash": row.hash,
        "body": row.body,
        "jws": row.jws,
    }


def _is_ours() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (got,) = cursor.fetchone()
    return bool(got)


def _close(head: Head, *, now: datetime) -> Seal | None:
    """Seal all that is left of the head's epoch and begin the next. The only time writers wait, once per restore."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ledger_entry IN SHARE ROW EXCLUSIVE MODE")
    last = last_xid(head.epoch)
    closing = _seal(head, last + 1, now=now) if last is not None else None
    _advance(head, epoch=head.epoch + 1, to=0)
    return closing


def _seal(head: Head, end: int, *, now: datetime) -> Seal | None:
    tree = Tree()
    for leaf in leaves(head.epoch, head.horizon, end):
        tree.add(leaf.hash)
    if not tree.size:
        return None
    before = Seal.objects.order_by("-pk").values_list("hash", flat=True).first()
    body = rfc8785.dumps(
        {
            "v": VERSION,
            "epoch": head.epoch,
            "xid_from": head.horizon,
            "xid_to": end,
            "count": tree.size,
            "root": tree.root().hex(),
            "prev": before or FIRST,
            "at": instant(now),
        }
    )
    made = Seal(body=body.decode(), jws=signing.sign(body, typ=TYP), hash=sha256(body).hexdigest())
    made.save(force_insert=True)
    _advance(head, epoch=head.epoch, to=end)
    return made


def _advance(head: Head, *, epoch: int, to: int) -> None:
    head.epoch, head.horizon = epoch, to
    head.save(update_fields=["epoch", "horizon"])
