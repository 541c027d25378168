"""What beat runs for this app."""

from celery import shared_task
from django.utils import timezone

from consents import endings, opt_in


@shared_task
def expire() -> int:
    """Nightly: record the consents whose time has run out."""
    return endings.expire_due(now=timezone.now())


@shared_task
def forget_unconfirmed() -> int:
    """Nightly: destroy the answers that were never confirmed."""
    return opt_in.forget(now=timezone.now())
