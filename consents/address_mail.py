"""Mails to an address under which nobody may be known yet: a link to confirm, a code that opens one's choices.

An erasure finds them by a keyed hash of the address: no address stands beside the message. Those that ask to confirm
are counted by themselves, for anybody can ask for a code: it must keep no such mail from whoever owns the address.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from consents import suppression
from core.models import Outbox
from core.outbox import post_mail
from subjects.identifiers import Claim

# Of those to one address: whoever types in somebody else's must not fill their mailbox.
A_DAY = 3
ASKING = "confirm"


def about(value: bytes) -> UUID:
    """What such mails are about, from the suppression hash of the address (subjects.identifiers.suppression_hash)."""
    return UUID(bytes=value[:16])


def all_about(value: bytes) -> list[UUID]:
    """Everything that is mailed to an address is about one of these."""
    return [about(value), uuid5(about(value), ASKING)]


def ask(claim: Claim, *, subject: str, text: str, now: datetime) -> None:
    """Ask to confirm something, unless this address has been asked as often as it may be in a day."""
    asked = uuid5(about_of(claim), ASKING)
    if Outbox.objects.filter(about=asked, created_at__gt=now - timedelta(days=1)).count() < A_DAY:
        post_mail(to=claim.normalised, subject=subject, text=text, about=asked, now=now)


def post(claim: Claim, *, subject: str, text: str, now: datetime) -> None:
    post_mail(to=claim.normalised, subject=subject, text=text, about=about_of(claim), now=now)


def about_of(claim: Claim) -> UUID:
    return about(suppression.hash_of(claim).value)
