"""What happens without anybody asking. Each is a sweep over rows that say what is due."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from requests import (
    acknowledging,
    answer,
    asking_again,
    duplicates,
    expiry,
    found,
    identity_evidence,
    identity_waiting,
    objecting,
    package,
    posting,
    recipients,
    recounting,
    reminders,
    transfers,
)


@shared_task
def finish() -> int:
    """Report the erasures that the journal has acknowledged since, end what an answered objection held still, and tell
    those whose request was closed for another one."""
    now = timezone.now()
    sent = answer.finish_waiting(now=now) + duplicates.tell_due(now=now)
    return sent + objecting.lift_answered(now=now) + transfers.note_dead(now=now)


@shared_task
def expire() -> int:
    """Empty the packages, forget the cases whose time is over, and destroy evidence of identity left behind."""
    now = timezone.now()
    return (
        package.drop_old(now=now)
        + found.drop_old(older_than=package.KEPT, now=now)
        + expiry.expire_closed(now=now)
        + identity_evidence.destroy_forgotten(now=now)
    )


@shared_task
def recount() -> int:
    """Compute open due dates again, in case a public holiday was entered or removed."""
    return recounting.recount(now=timezone.now())


@shared_task
def unconfirmed() -> int:
    """Remind those who have not confirmed their address or answered us, and close what nobody did in time."""
    now = timezone.now()
    return sum(part.remind_due(now=now) + part.close_due(now=now) for part in (identity_waiting, asking_again))


@shared_task
def remind() -> int:
    """Tell staff what is due, once for each stage, and once a day what is overdue."""
    return reminders.sweep(now=timezone.now())


@shared_task
def forget_drafts() -> None:
    """Drop sessions that are over, and with them what is left of drafts that were never sent."""
    SessionStore.clear_expired()


@shared_task
def note_dead_notices() -> int:
    """Letters whose notice no server took were not given, and recipients were not told."""
    now = timezone.now()
    return posting.note_dead(now=now) + acknowledging.note_dead(now=now) + recipients.note_dead(now=now)
