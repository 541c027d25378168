"""Mails to an address under which nobody may be known yet: a link to confirm, a code that opens one's choices.

They are counted, and an erasure finds them, by a keyed hash of the address: no address stands beside the message.
"""

from datetime import datetime, timedelta
from uuid import UUID

from consents import suppression
from core.models import Outbox
from core.outbox import post_mail
from subjects.identifiers import Claim

# Of each to one address: whoever types in somebody else's must not fill their mailbox.
A_DAY = 3


def about(value: bytes) -> UUID:
    """What such mails are about, from the suppression hash of the address (subjects.identifiers.suppression_hash)."""
    return UUID(bytes=value[:16])


def is_enough(claim: Claim, *, now: datetime) -> bool:
    """Whether this address has had as many today as one may get."""
    return Outbox.objects.filter(about=about_of(claim), created_at__gt=now - timedelta(days=1)).count() >= A_DAY


def post(claim: Claim, *, subject: str, text: str, now: datetime) -> None:
    post_mail(to=claim.normalised, subject=subject, text=text, about=about_of(claim), now=now)


def about_of(claim: Claim) -> UUID:
    return about(suppression.hash_of(claim).value)
