"""Before "we found nothing": asking where else to look. Other addresses, an employer, a time often find somebody.

An access request covers what a reasonable search finds (UK GDPR Art 15(1A)), and somebody else's old address may be all
that we have. What they answer proves nothing: it says where to look, and selects nobody's data.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound
from core.keys import token_hash
from requests import notice, untold
from requests.asking import (
    NEVER_WAIT,
    answer_of,
    arrive,
    begin,
    give,
    keep_answer,
    lock,
    need,
    note,
    text,
    today,
)
from requests.messages import tell_staff
from requests.models import Asking, RightsRequest
from requests.models_identity import Ended, Kind
from requests.post import ask_where as post_question

FIELDS = ("addresses", "employer", "period")
COMPLETE = "complete"


class AskFirst(DomainError):
    code = "ask-where-first"
    message = _(
        "We found nothing, and have not asked where else to look. Ask for other addresses, an employer and the time, or"
        " record that the request says all of that already."
    )


class AlreadyAnswered(NotFound):
    code = "already-answered"


def check(rights_request: RightsRequest, *, now: datetime) -> None:
    """Raises AskFirst before "nothing found", unless they answered, had said it all, or had time enough to answer."""
    if rights_request.right in NEVER_WAIT or rights_request.case.is_test:
        return
    rows = rights_request.askings.filter(kind=Kind.WHERE)
    if rows.filter(ended__in=[Ended.ANSWERED, Ended.DONE]).exists():
        return
    asked = rows.in_force().filter(given_on__isnull=False).first()
    if asked is None or today(now) < until(asked):
        raise AskFirst


def may_ask(rights_request: RightsRequest) -> bool:
    """Whether the question is worth offering: we know nobody yet, and it has not been put."""
    is_known = rights_request.case.subject_id and not untold.is_as_if_gone(rights_request)
    if rights_request.right in NEVER_WAIT or is_known:
        return False
    return not rights_request.askings.filter(kind=Kind.WHERE).exclude(ended=Ended.TAKEN_BACK).exists()


def until(asked: Asking) -> date:
    """When they have had time enough: after the wait of the settings, or when the answer is due."""
    assert asked.given_on is not None  # noqa: S101 - asked for only where it was given
    end = asked.given_on + timedelta(days=settings.WHERE_ELSE_WAIT_DAYS)
    return min(end, asked.request.due_on or end)


@transaction.atomic
def ask(rights_request: RightsRequest, *, actor: str, now: datetime) -> Asking:
    """Ask by e-mail with a page to answer on, or by letter. It stops no clock: it is our search that is not done."""
    lock(rights_request)
    asking = begin(rights_request, Kind.WHERE, "nothing-found", {}, actor=actor, now=now)
    note("where.asked", asking, actor=actor, now=now)
    to = notice.address_of(asking.case)
    if not to:
        give(asking, "general", {"message": _message(asking)}, actor=actor, now=now)
        return asking
    token = secrets.token_urlsafe(32)
    asking.token_hash = token_hash(token)
    asking.save(update_fields=["token_hash"])
    asking.give(today(now))
    post_question(asking.case, rights_request.reference, to=to, token=token, now=now)
    return asking


@transaction.atomic
def complete(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """The request itself names other addresses, employer and time, so there is nothing to ask for."""
    lock(rights_request)
    asking = begin(rights_request, Kind.WHERE, COMPLETE, {}, actor=actor, now=now)
    asking.end(Ended.DONE, now=now)
    note("where.complete", asking, actor=actor, now=now)


@transaction.atomic
def told(rights_request: RightsRequest, *, day: date, answer: str, actor: str, now: datetime) -> None:
    """They answered another way: by telephone, by post or in a message."""
    lock(rights_request)
    asking = need(rights_request, Kind.WHERE)
    answer = text("answer", answer, _("Say what they answered, in up to 4,000 characters."))
    _answered(asking, {"answer": answer}, day=day, actor=actor, now=now)


def behind(token: str) -> Asking:
    """What a link asks, as long as nobody has answered. Raises NotFound, or AlreadyAnswered."""
    found = Asking.objects.filter(token_hash=token_hash(token), kind=Kind.WHERE).select_related("case", "request")
    asking = found.first()
    if asking is None or asking.case.claim is None:
        raise NotFound
    if not asking.is_in_force or not asking.request.is_open:
        raise AlreadyAnswered
    return asking


@transaction.atomic
def answered(token: str, given: Mapping[str, str], *, now: datetime) -> None:
    """They answered on the page. Whoever holds the link may: it shows nothing, and what is said here proves nothing."""
    asking = behind(token)
    lock(asking.request)
    asking = behind(token)
    kept = {field: text(field, given.get(field, ""), _("This is too long."), optional=True) for field in FIELDS}
    if not any(kept.values()):
        raise Invalid(fields={"addresses": _("Say at least one thing, or write that there is nothing more.")})
    _answered(asking, kept, day=today(now), actor=f"case:{asking.case.uuid}", now=now)
    page = reverse("admin:rights-request", args=[asking.request.uuid])
    tell_staff("where_answered", asking.request.reference, page, asking.case, now=now)


def said(rights_request: RightsRequest) -> list[dict[str, str]]:
    """What they answered, for staff who look at what the person wrote."""
    rows = rights_request.askings.filter(kind=Kind.WHERE, answer__isnull=False).select_related("case")
    return [answer_of(row) for row in rows.order_by("pk")]


def _answered(asking: Asking, kept: Mapping[str, str], *, day: date, actor: str, now: datetime) -> None:
    arrive(asking, day, now=now)
    keep_answer(asking, kept)
    asking.end(Ended.ANSWERED, now=now)
    note("where.answered", asking, actor=actor, now=now, day=day.isoformat())


def _message(asking: Asking) -> str:
    with translation.override(asking.case.locale):
        return gettext(
            "We have looked for data about you under what you told us, and found nothing so far. Before we say so, we"
            " should like to look further. Please tell us, as far as you know: other e-mail or postal addresses and"
            " names that you have used; the organisation you worked for when you dealt with us; and roughly when that"
            " was. You need not answer. The time for our answer goes on meanwhile."
        )
