"""Forgetting mail. What became part of a case or breach goes with it; the rest has its own, shorter life.

The row stays for a while without its content, so that a message that still lies on the server is not taken in again.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from breaches import expiry as breaches
from core.models import Controller, Owner
from core.vault import destroy_keys
from inbox.models import Kind, Mail, State
from ledger.entries import record
from subjects import blocks
from subjects.deletes import lock_people

# What a legal hold may name: the mailbox as a system of the register, or what it is read for.
SYSTEM, PURPOSE = "mailbox", "rights-requests"
QUICKLY = (Kind.SPAM, Kind.NOT_OURS, Kind.OWN)
# So long a server may still hold a message that we have forgotten.
REMEMBERED = timedelta(days=730)


def expire(*, now: datetime, limit: int = 500) -> int:
    """Destroy what is over; returns how many messages. What nobody has dealt with is never among them."""
    gone = 0
    for due in (_settled(now), _with_their_case(), _with_their_breach()):
        gone += _forget(due, now=now, limit=limit)
    Mail.objects.filter(raw=None, taken_at__lt=now - REMEMBERED).delete()
    return gone


def _settled(now: datetime) -> QuerySet[Mail]:
    quickly = Q(kind__in=QUICKLY, settled_at__lt=now - timedelta(days=settings.MAILBOX_REJECTED_DAYS))
    others = Q(settled_at__lt=now - timedelta(days=settings.MAILBOX_KEEP_DAYS))
    return _free().filter(quickly | others, state=State.DONE, holder=Owner.MAIL)


def _dated() -> QuerySet[Mail]:
    """Mail that is kept, with the day on which it arrived, where the controller is: holds by rule go by that day."""
    arrived = TruncDate("arrived_at", tzinfo=Controller.current().zone, output_field=DateField())
    return Mail.objects.annotate(day=arrived)


def _free() -> QuerySet[Mail]:
    """Mail that no legal hold is over. One that names people, or a company, is over their cases."""
    return _dated().filter(~blocks.over_files(PURPOSE, day="day", system=SYSTEM))


def over_cases() -> Q:
    """A condition on cases: a hold over the mailbox is over what they hold of it (requests/expiry.py)."""
    held = blocks.over_files(PURPOSE, day="day", subject="case__subject", system=SYSTEM)
    return Q(Exists(_dated().filter(held, case=OuterRef("pk"), raw__isnull=False, holder=Owner.CASE)))


def over_breaches() -> Q:
    """The same of breaches (breaches/expiry.py): their mail may be held as mail, or as what is written of a breach."""
    held = blocks.over_files(PURPOSE, day="day", system=SYSTEM)
    held |= blocks.over_files(breaches.PURPOSE, day="day", system=SYSTEM)
    return Q(Exists(_dated().filter(held, breach=OuterRef("pk"), raw__isnull=False, holder=Owner.BREACH)))


def _with_their_case() -> QuerySet[Mail]:
    """The key is gone with the case already; what is left is noise."""
    return Mail.objects.filter(holder=Owner.CASE, case__claim=None)


def _with_their_breach() -> QuerySet[Mail]:
    return Mail.objects.filter(holder=Owner.BREACH, breach__sealed=None)


@transaction.atomic
def _forget(due: QuerySet[Mail], *, now: datetime, limit: int) -> int:
    # As every delete does: a hold that is being placed is seen here, or waits.
    lock_people([], [])
    rows = due.filter(raw__isnull=False).order_by("pk").select_for_update(of=("self",), skip_locked=True)
    uuids = list(rows.values_list("uuid", flat=True)[:limit])
    if not uuids:
        return 0
    destroy_keys(Owner.MAIL, uuids)
    Mail.objects.filter(uuid__in=uuids).update(raw=None, digest=None)
    record(kind="mail.forgotten", at=now, actor="system:inbox", data={"count": len(uuids)})
    return len(uuids)
