"""What beat runs for this app."""

from celery import shared_task
from django.utils import timezone

from consents import (
    assessments_mail,
    deferring,
    endings,
    opt_in,
    pausing,
    preferences_door,
    reminders,
    renewals,
    renewals_mail,
    revoking,
    webhooks,
)

# Of five hundred people each. What is left over comes the night after.
BATCHES = 200


@shared_task
def expire() -> int:
    """Nightly: record the consents whose time has run out or whose purpose is no more, a batch after the other."""
    now, done = timezone.now(), 0
    for end in (endings.expire_due, revoking.revoke_retired):
        for _batch in range(BATCHES):
            ended = end(now=now)
            done += ended
            if not ended:
                break
    return done


@shared_task
def remind() -> int:
    """By day: tell some of those whose "yes" runs out within a month, and staff of assessments that are due.

    Some of those, too, who wanted to be asked again.
    """
    now = timezone.now()
    return reminders.remind_due(now=now) + deferring.ask_again_due(now=now) + assessments_mail.remind(now=now)


@shared_task
def renew() -> int:
    """End what a changed form outgrew and was not given anew by its day, and ask some of those who still have time."""
    now = timezone.now()
    renewals.mark_late(now=now)
    # First, so that nobody is mailed about what has ended.
    return renewals.end_due(now=now) + renewals_mail.ask_due(now=now)


@shared_task
def forget_unconfirmed() -> int:
    """Nightly: destroy the answers that were never confirmed, and drop codes and pauses that are over."""
    now = timezone.now()
    return opt_in.forget(now=now) + preferences_door.forget(now=now) + pausing.forget(now=now)


@shared_task
def tell_webhooks() -> int:
    """Every few seconds: queue what changed for those who want to be told."""
    return webhooks.follow(now=timezone.now())
