"""Telling whoever answers for a hold that its review is near: two weeks ahead, once for each review."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from core.models import Controller, User
from core.outbox import post_mail
from retention.models import LegalHold

AHEAD = timedelta(days=14)


def remind(*, now: datetime) -> int:
    """Post a mail about every hold whose review is near and was not spoken of. Twice is once. Returns how many."""
    today = now.astimezone(Controller.current().zone).date()
    near = LegalHold.objects.filter(released_at=None, review_due__lte=today + AHEAD).order_by("review_due", "pk")
    return sum(_remind(hold, now=now) for hold in near if hold.reminded_for != hold.review_due)


@transaction.atomic
def _remind(hold: LegalHold, *, now: datetime) -> bool:
    same = LegalHold.objects.filter(pk=hold.pk, released_at=None, review_due=hold.review_due)
    if not same.exclude(reminded_for=hold.review_due).update(reminded_for=hold.review_due):
        return False
    link = f"{settings.BASE_URL}{reverse('admin:hold', args=[hold.uuid])}"
    text = render_to_string("retention/mail/hold_review.txt", {"hold": hold, "link": link})
    subject, _blank, body = text.strip().partition("\n")
    post_mail(to=owner_address(hold), subject=subject.strip(), text=body.strip() + "\n", about=None, now=now)
    return True


def owner_address(hold: LegalHold) -> str:
    """Whoever answers for it; the privacy mailbox when they are gone or cannot be reached."""
    owner = owner_of(hold)
    return owner.email if owner and owner.is_active and owner.email else Controller.current().dpo_contact


def owner_of(hold: LegalHold) -> User | None:
    """Whoever took it over, or placed it."""
    kind, _colon, name = (hold.custodian or hold.placed_by).partition(":")
    try:
        return User.objects.filter(uuid=UUID(name)).first() if kind == "user" else None
    except ValueError:
        return None
