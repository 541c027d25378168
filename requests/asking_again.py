"""What was asked of a person and never answered: asked once more, then closed with a letter, and never in silence.

Nothing runs for us while we wait for proof, for a fee, or for the meaning of an access request (UK GDPR Art 12A(2) and
(5)), so a request could wait for ever. A question that stops no clock is asked once more, too; that
request is answered by its date.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy

from ledger.entries import record
from requests import clarification, fee, identity_doubt, identity_waiting, letters, locks, posting, refusing
from requests.asking import NEVER_WAIT, today, words_of
from requests.clock import in_words
from requests.intake import NOT_SHOWN
from requests.models import Asking, CaseFile, Letter, Message
from requests.models_identity import Kind
from requests.workflow import OPEN

ACTOR = "system:requests"
KIND = "asked_again"
# For want of which answer a request is closed. That a fee is due at all was decided and told by a person (Art 12(5));
# that it was not paid is a fact, and whoever pays later is taken up again.
REASONS = {
    Kind.IDENTITY.value: NOT_SHOWN,
    Kind.CLARIFICATION.value: refusing.NOT_ANSWERED,
    Kind.FEE.value: refusing.NOT_PAID,
}


# Cases in which something of the person is unread elsewhere: func() is a query of the ids of cases.
_unread: list[Callable[[], QuerySet[Any, Any]]] = []


def also_unread(func: Callable[[], QuerySet[Any, Any]]) -> None:
    if func not in _unread:
        _unread.append(func)


def remind_due(*, now: datetime) -> int:
    """Ask everybody once more whose answer has been missing long enough. Returns how many letters were written."""
    since = today(now) - timedelta(days=settings.ASKING_REMINDER_DAYS)
    return _each(_unanswered().filter(reminder=None, given_on__lte=since), _remind, now=now)


def close_due(*, now: datetime) -> int:
    """Close what nobody answered, some time after the person was reminded. Returns how many questions.

    A reminder that is still to be posted, or came back, was not given, so it closes nothing.
    """
    over = today(now) - timedelta(days=settings.ASKING_WAIT_DAYS)
    # Where the time runs although we wait, a refusal is due when the answer is (Art 12(4)).
    is_due = Q(kind__in=(Kind.IDENTITY, Kind.FEE), request__due_on__lte=today(now))
    # On the day of the reminder nobody can have answered it yet.
    reminded = _unanswered().filter(reminder__given_on__lt=today(now), reminder__bounced_at=None)
    is_over = Q(reminder__given_on__lte=over) & ~Q(case__in=_talking(since=over, now=now))
    return _each(reminded.filter(is_over | is_due), _close, now=now)


def closes_on(asking: Asking, *, reminded_on: date) -> date | None:
    """The day from which it may be closed without an answer; None for a question that stops no clock."""
    if asking.kind == Kind.CLARIFICATION and not clarification.pauses(asking.request):
        return None
    end = reminded_on + timedelta(days=settings.ASKING_WAIT_DAYS)
    return max(min(end, asking.request.due_on or end), reminded_on + timedelta(days=1))


def _unanswered() -> QuerySet[Asking]:
    """Asked, and nothing came: no proof, no answer, and no message or mail that nobody has read. Mailboxes that were
    never confirmed have a letter of their own (requests/identity_waiting.py).
    """
    asked = Asking.objects.in_force().filter(kind__in=REASONS, given_on__isnull=False, arrived_on=None)
    ours = asked.filter(request__state__in=OPEN, case__is_test=False).exclude(case__in=identity_waiting.waiting())
    ours = ours.exclude(case__in=Message.objects.waiting().values("case"))
    for unread in _unread:
        ours = ours.exclude(case__in=unread())
    return ours


def _talking(*, since: date, now: datetime) -> QuerySet[CaseFile]:
    """Cases in which they or we have written a message since that day, or we a letter: whoever asks how to pay has
    the whole time again from the answer.
    """
    wrote = Message.objects.filter(at__gt=now - timedelta(days=settings.ASKING_WAIT_DAYS))
    told = Letter.objects.given().filter(kind="general", given_on__gt=since)
    return CaseFile.objects.filter(Q(pk__in=wrote.values("case")) | Q(pk__in=told.values("case")))


def _each(found: QuerySet[Asking], func: Callable[..., bool], *, now: datetime) -> int:
    """One transaction for each, with case and requests taken first: the answer may be being recorded just now."""
    done = 0
    for pk, case in list(found.order_by("pk").values_list("pk", "case_id")):
        with transaction.atomic():
            locks.take(case)
            asking = found.filter(pk=pk).select_related("request__case__rule_set", "case", "reminder").first()
            done += func(asking, now=now) if asking else False
    return done


def _remind(asking: Asking, *, now: datetime) -> bool:
    asking.reminder = letters.write(KIND, asking.request, _context(asking, now=now), now=now)
    asking.save(update_fields=["reminder"])
    posting.send(asking.reminder, actor=ACTOR, now=now)
    data = {"asking": asking.uuid, "kind": asking.kind}
    record(kind="asking.reminded", at=now, actor=ACTOR, object=asking.request.uuid, data=data)
    return True


def _context(asking: Asking, *, now: datetime) -> dict[str, Any]:
    words = words_of(asking)
    with translation.override(asking.case.locale):
        if asking.kind == Kind.IDENTITY:
            reason = identity_doubt.REASONS.get(asking.reason, refusing.REASONS[NOT_SHOWN])
            asked = "\n\n".join(map(str, [reason, words.get("doubt", "")]))
        elif asking.kind == Kind.FEE:
            asked = fee.in_words(asking)
        else:
            asked = words.get("unclear", "")
        return {
            "asked_on": asking.given_on,
            "asked": asked.strip(),
            "ways": [str(identity_doubt.WAYS[way]) for way in words.get("ways", [])],
            "closes_on": closes_on(asking, reminded_on=today(now)),
            "due": asking.request.due_on,
            "is_fee": asking.kind == Kind.FEE,
        }


def _close(asking: Asking, *, now: datetime) -> bool:
    """Where two people are needed for an answer, it is only prepared: one of the staff looks at it and sends it."""
    assert asking.reminder is not None  # noqa: S101 - narrows the type; the query has looked
    if closes_on(asking, reminded_on=today(now)) is None:
        return False
    open_requests = asking.case.requests.open().exclude(right__in=NEVER_WAIT).order_by("pk")
    concerned = open_requests if asking.kind == Kind.IDENTITY else open_requests.filter(pk=asking.request_id)
    done = False
    for one in concerned:
        if one.askings.in_force().filter(kind=Kind.REFUSAL).exists():
            continue
        done = True
        refusing.prepare(one, reason=REASONS[asking.kind], explanation=_explanation(asking), actor=ACTOR, now=now)
        if not settings.TWO_PERSON_RELEASE:
            refusing.refuse(one, actor=ACTOR, now=now)
    return done


def _explanation(asking: Asking) -> str:
    assert asking.reminder is not None  # noqa: S101 - as above
    with translation.override(asking.case.locale):
        said = _UNPAID if asking.kind == Kind.FEE else _UNANSWERED
        return str(said) % {
            "asked": in_words(asking.given_on) if asking.given_on else "",
            "reminded": in_words(asking.reminder.given_on) if asking.reminder.given_on else "",
        }


_UNANSWERED = gettext_lazy(
    "We wrote to you on %(asked)s, and again on %(reminded)s, and have had no answer. We have deleted nothing because"
    " of this.\n\nIf you still want us to go on, just answer what we asked. We then take your request up again where we"
    " left it."
)
_UNPAID = gettext_lazy(
    "We asked for the fee on %(asked)s, and again on %(reminded)s, and have not received it. We have deleted nothing"
    " because of this.\n\nIf you still want us to go on, pay the fee. We then take your request up again, and the time"
    " for our answer begins on that day. If you think that we should not have asked for it, tell us so, or complain as"
    " described below."
)
