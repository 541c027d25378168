"""Emptying the mailbox: list, store, and only then tell the server. Killed at any point, the next poll goes on.

A lease keeps two workers from polling at once. It is no lock: should one outlive its lease, every message is still
stored once, because its place and its fingerprint are unique.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Q

from inbox.account import Account, current
from inbox.models import Box, Poll
from inbox.server import FAILURES, Gone, Server, connected
from inbox.taking import known_uids, take

LEASE = timedelta(minutes=10)
# In one poll; the rest comes with the next, a minute later.
BATCH = 200
NAME = "mailbox"
logger = logging.getLogger(__name__)


@dataclass
class Polled:
    """What one poll did. `failed` messages stay where they are and are tried again."""

    taken: int = 0
    known: int = 0
    failed: int = 0
    error: str = ""


def poll(*, now: datetime) -> Polled | None:
    """Take in what is there. None when no mailbox is set up, or somebody else is polling."""
    account = current()
    if account is None:
        return None
    lease = _lease(now)
    if lease is None:
        return None
    polled, started = Polled(), time.monotonic()
    try:
        with connected(account) as server:
            _folders(server, account, polled, started=started, now=now)
    except (*FAILURES, ImproperlyConfigured) as error:
        polled.error = type(error).__name__
    polled.error = polled.error or ("messages" if polled.failed else "")
    if polled.error:
        logger.warning("mailbox not polled to the end: %s", polled.error)
    done = {} if polled.error else {"done_at": now}
    Poll.objects.filter(name=NAME, lease=lease).update(lease=None, leased_until=None, error=polled.error, **done)
    return polled


def _folders(server: Server, account: Account, polled: Polled, *, started: float, now: datetime) -> None:
    for box in (Box.INBOX, Box.JUNK):
        folder = account.folders[box.value]
        if folder:
            _folder(server, account, box, folder, polled, started=started, now=now)


def _folder(
    server: Server, account: Account, box: Box, folder: str, polled: Polled, *, started: float, now: datetime
) -> None:
    """What is not moved (junk, or everything where no folder is named for it) is remembered by its UID."""
    place = account.place(folder)
    uid_validity, uids = server.open(folder)
    known = known_uids(place, uid_validity, uids)
    done = account.folders["done"] if box == Box.INBOX else ""
    todo = uids if done else [uid for uid in uids if uid not in known]
    for uid in todo[:BATCH]:
        if timedelta(seconds=time.monotonic() - started) > LEASE / 2:
            return
        try:
            if uid not in known:
                fetched = server.fetch(uid, limit=settings.MAILBOX_MAX_BYTES)
                at = now + timedelta(seconds=time.monotonic() - started)
                new = take(fetched, box=box.value, place=place, uid_validity=uid_validity, now=at)
                polled.taken, polled.known = polled.taken + bool(new), polled.known + (not new)
        except Gone:
            continue
        except DatabaseError as error:
            # One message that cannot be stored must not keep the others out. It stays on the server.
            polled.failed += 1
            logger.error("a message could not be stored: %s", type(error).__name__)
            continue
        server.stored(uid, done=done)


def _lease(now: datetime) -> uuid.UUID | None:
    """One UPDATE, so of two workers one gets it."""
    Poll.objects.get_or_create(name=NAME)
    lease = uuid.uuid4()
    free = Poll.objects.filter(Q(leased_until=None) | Q(leased_until__lte=now), name=NAME)
    taken = free.update(lease=lease, leased_until=now + LEASE, tried_at=now)
    return lease if taken else None
