"""The mailbox's part of `manage.py doctor`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured

from core.doctor import FAIL, OK, Finding, register
from inbox.account import current
from inbox.models import Poll

LATE = timedelta(minutes=15)


def mailbox(now: datetime) -> Iterator[Finding]:
    try:
        account = current()
    except ImproperlyConfigured as error:
        yield Finding(FAIL, str(error), "docs/mailbox.md, Set it up.")
        return
    if account is None:
        # A choice, not a fault: mail can be entered by hand.
        yield Finding(OK, "The privacy mailbox is not read: MAILBOX_URL is not set (docs/mailbox.md).")
        return
    last = Poll.objects.filter(name="mailbox").first()
    if last is None or last.done_at is None:
        why = f" ({last.error})" if last and last.error else ""
        yield Finding(FAIL, f"The privacy mailbox was never polled to the end{why}.", "Check MAILBOX_URL and beat.")
    elif now - last.done_at > LATE:
        minutes = int((now - last.done_at).total_seconds() // 60)
        why = f" ({last.error})" if last.error else ""
        yield Finding(
            FAIL, f"The privacy mailbox was last polled {minutes} min ago{why}.", "Check MAILBOX_URL and beat."
        )
    else:
        yield Finding(OK, "The privacy mailbox is polled.")


def register_all() -> None:
    register("mailbox", mailbox)
