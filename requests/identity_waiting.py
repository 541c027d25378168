"""Requests whose mailbox nobody confirmed: reminded once, then closed with the letter of a refusal, never forgotten.

The month of Art 12(4) runs meanwhile, so it is closed on the day the answer is due at the latest. Whoever confirms
after that has their request taken up again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from ledger.entries import record
from requests import intake, locks, refusing
from requests.asking import NEVER_WAIT, today
from requests.clock import in_words
from requests.models import CaseFile, RightsRequest
from requests.models_identity import Kind
from requests.post import remind as post_reminder

ACTOR = "system:requests"


def remind_due(*, now: datetime) -> int:
    """Remind everybody whose request has waited for its confirmation long enough. Returns how many."""
    since = now - timedelta(days=settings.UNCONFIRMED_REMINDER_DAYS)
    return _each(waiting().filter(reminded_at=None, received_at__lte=since), _remind, now=now)


def close_due(*, now: datetime) -> int:
    """Close what nobody confirmed in time, some days after the reminder. Returns how many cases."""
    over = today(now) - timedelta(days=settings.UNCONFIRMED_WAIT_DAYS)
    reminded = now - timedelta(days=settings.UNCONFIRMED_REMINDER_DAYS)
    is_due = Q(requests__in=RightsRequest.objects.open().filter(due_on__lte=today(now)))
    found = waiting().filter(Q(received_on__lte=over) | is_due, reminded_at__lte=reminded)
    return _each(found, _close, now=now)


def reopen(case: CaseFile, *, actor: str, now: datetime) -> None:
    """They confirmed after all."""
    if refusing.taken_up(case, day=today(now), actor=actor, now=now):
        record(kind="case.reopened", at=now, actor=actor, object=case.uuid, test=case.is_test)


def waiting() -> QuerySet[CaseFile]:
    """Open cases with an address that nobody confirmed. Somebody whose request was taken over has heard from us."""
    ours = RightsRequest.objects.open().filter(external_reference="").exclude(right__in=NEVER_WAIT)
    unconfirmed = CaseFile.objects.filter(confirmed_at=None, identified_at=None, closed_at=None, is_test=False)
    return unconfirmed.filter(requests__in=ours, claim_blind__isnull=False, by_post=False).distinct()


def _each(cases: QuerySet[CaseFile], func: Callable[..., bool], *, now: datetime) -> int:
    """One transaction for each, with case and requests taken first: somebody may be confirming it just now."""
    done = 0
    for pk in list(cases.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            case = locks.take(pk)
            if not case.is_confirmed and case.closed_at is None:
                done += func(case, now=now)
    return done


def _remind(case: CaseFile, *, now: datetime) -> bool:
    token = intake.fresh_link(case, now=now)
    case.reminded_at = now
    case.save(update_fields=["confirm_hash", "confirm_expires_at", "reminded_at"])
    requests = list(case.requests.open().order_by("pk"))
    post_reminder(case, requests, to=intake.claim_of(case)["email"], token=token, now=now)
    record(kind="case.reminded", at=now, actor=ACTOR, object=case.uuid)
    return True


def _close(case: CaseFile, *, now: datetime) -> bool:
    """Where two people are needed for an answer, it is only prepared: one of the staff looks at it and sends it."""
    done = False
    for one in case.requests.open().exclude(right__in=NEVER_WAIT).order_by("pk"):
        if one.askings.in_force().filter(kind=Kind.REFUSAL).exists():
            continue
        done = True
        words = _explanation(case)
        refusing.prepare(one, reason=intake.NOT_SHOWN, explanation=words, actor=ACTOR, now=now)
        if not settings.TWO_PERSON_RELEASE:
            refusing.refuse(one, actor=ACTOR, now=now)
    return done


def _explanation(case: CaseFile) -> str:
    with translation.override(case.locale):
        return _(
            "We wrote to this address when we received the request, and again on %(reminded)s, with a link that shows"
            " that the mailbox is yours. Nobody has used it, so we cannot tell that it was you who wrote to us, and"
            " may not give personal data to somebody else.\n\nIf you still want an answer, get a new link at %(link)s"
            " and open it, or write to us. We then take your request up again, and the time for our answer begins on"
            " that day."
        ) % {
            "reminded": in_words(today(case.reminded_at)) if case.reminded_at else "",
            "link": f"{settings.BASE_URL}{reverse('requests:link')}",
        }


intake.when_confirmed(reopen)
