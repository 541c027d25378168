"""The receipt, offered at once to whoever has just answered a form or pressed the button of a confirmation.

Nobody has an account here, and an answer to a form proves no mailbox. So the page carries a signed name of the answer
that works for an hour. It opens what was just said by whoever holds it, and nothing of what stood before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext_lazy as _

from consents import preferences_receipts
from consents.models import ConsentFormVersion
from consents.states import YES
from core.errors import DomainError
from processing.models import Purpose

LIVES = timedelta(hours=1)
SALT = "consents.receipts_offered"


class OfferOver(DomainError):
    code = "receipt-over"
    message = _("This button works for an hour. The receipt of every consent also stands among your choices.")
    status = 410


def offer(consent: UUID) -> str:
    """What the button sends. It names nobody."""
    return signing.TimestampSigner(salt=SALT).sign(consent.hex)


@dataclass(frozen=True)
class Said:
    """What was answered in one go, in the words of the form."""

    locale: str
    yes: list[str]
    noes: list[str]


def said(token: str) -> Said | None:
    """None for an old token, and for one that is not ours."""
    consent = _consent(token)
    events = preferences_receipts.events(consent) if consent else []
    version = ConsentFormVersion.objects.filter(pk=events[0].form_version or 0).first() if events else None
    if version is None:
        return None
    slugs = dict(Purpose.objects.filter(uuid__in={event.purpose for event in events}).values_list("uuid", "slug"))
    chosen = {(slugs[event.purpose], event.channel): event.status in YES for event in events}
    # A "no" that the person has answered since is not said by the confirmation (consents/meanwhile.py); it was one.
    answered = [(one["label"], chosen.get((one["purpose"], one["channel"]), False)) for one in version.controls]
    return Said(
        version.locale,
        yes=[label for label, is_yes in answered if is_yes],
        noes=[label for label, is_yes in answered if not is_yes],
    )


def text(token: str, *, now: datetime) -> tuple[UUID, str]:
    """Whose receipt this is, and the receipt. Raises OfferOver for an old token, and for one that is not ours."""
    consent = _consent(token)
    if consent is None:
        raise OfferOver
    return consent, preferences_receipts.of_consent(consent, now=now, is_named=False)


def _consent(token: str) -> UUID | None:
    try:
        return UUID(hex=signing.TimestampSigner(salt=SALT).unsign(token, max_age=LIVES))
    except signing.BadSignature:
        return None
