"""Deletion on schedule waits from the day a copy, or a set to take along, is asked for.

DPA 2018 s.173 makes it an offence to destroy what somebody asked for under Art 15 or Art 20.

Before the mailbox is confirmed we do not know who asks, so this selects nobody for disclosure and writes nothing about
anybody: it only asks who is known by the address. Once confirmed, the request has a block of its own.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.keys import keyring
from requests.models import CaseFile, Right, RightsRequest
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, Identifier, SubjectIdentifier

# The person gets data, so none may go before they have been given.
COPIED = frozenset({Right.ACCESS, Right.PORTABILITY})

# Anyone can give anybody's address. So it does not last, and cannot be renewed by asking again and again.
LASTS = timedelta(days=30)
ONCE_IN = timedelta(days=180)


def perhaps_meant(now: datetime) -> QuerySet[Any]:
    """People known by the address of a fresh request for data that is tied to nobody. Registered with subjects."""
    nobodys = CaseFile.objects.filter(subject=None, is_test=False, requests__right__in=COPIED)
    before = nobodys.filter(
        claim_blind=OuterRef("case__claim_blind"), received_at__gt=now - ONCE_IN, received_at__lte=now - LASTS
    )
    fresh = RightsRequest.objects.open().filter(
        ~Exists(before),
        right__in=COPIED,
        case__subject=None,
        case__is_test=False,
        case__claim_blind__isnull=False,
        case__received_at__gt=now - LASTS,
    )
    meant = Q(identifier__blind__in=fresh.values("case__claim_blind"))
    current = keyring("BLIND_INDEX_KEYS").current
    if _is_reblinding():
        # Nobody can tell whether an address under an older key is one of those, so all of these wait until
        # `keys reblind` is through, which moves the cases first.
        meant |= Q(~Q(identifier__blind_key=current), Exists(fresh))
    return SubjectIdentifier.objects.filter(meant, identifier__type=Identifier.Type.EMAIL).values("subject")


def until_given(requests: Iterable[RightsRequest], subject: DataSubject | None, *, now: datetime, actor: str) -> None:
    """Nothing of this person is deleted before they have what these ask for: each of a copy gets a block of its own.

    What gives it, and what refuses it, releases the block. A deletion that they ask for themselves goes through it once
    the copy is made, and what is left is kept on.
    """
    for asked in requests:
        if subject and asked.right in COPIED:
            blocks.place(subject, kind=ErasureBlock.Kind.ACCESS, placed_for=asked.uuid, now=now, actor=actor)


def _is_reblinding() -> bool:
    """Whether an address is under another blind-index key than the current one. With one key there is none to ask."""
    ring = keyring("BLIND_INDEX_KEYS")
    older = Identifier.objects.filter(type=Identifier.Type.EMAIL).exclude(blind_key=ring.current)
    return len(ring.keys) > 1 and older.exists()
