"""What beat runs for this app."""

from celery import shared_task
from django.utils import timezone

from consents import endings, opt_in, renewals, renewals_mail, webhooks


@shared_task
def expire() -> int:
    """Nightly: record the consents whose time has run out."""
    return endings.expire_due(now=timezone.now())


@shared_task
def renew() -> int:
    """Ask some of those whose "yes" a changed form outgrew, and end what was not given anew by its day."""
    now = timezone.now()
    return renewals_mail.ask_due(now=now) + renewals.end_due(now=now)


@shared_task
def forget_unconfirmed() -> int:
    """Nightly: destroy the answers that were never confirmed."""
    return opt_in.forget(now=timezone.now())


@shared_task
def tell_webhooks() -> int:
    """Every few seconds: queue what changed for those who want to be told."""
    return webhooks.follow(now=timezone.now())
