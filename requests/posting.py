"""Giving a letter: by a notice with a link, or by post. What came back was not given, until it is given another way.

Art 12(1) and (3) UK GDPR want information provided. So a letter counts from the day its notice went out or it was
posted, and stops counting when the notice comes back.
"""

import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError, Invalid
from core.keys import token_hash
from core.models import Controller, Outbox
from ledger.entries import record
from requests import letters, notice
from requests.letter_kinds import IN_MAIL
from requests.messages import tell_staff
from requests.models import CaseFile, Letter

LIVES = timedelta(days=30)
# What must be told when a letter was given or came back: func(letter, actor=, now=), inside the same transaction.
_listeners: list[Callable[..., object]] = []


class AlreadyGiven(DomainError):
    code = "letter-given"
    message = _("This letter has been given already.")


class SentByItself(DomainError):
    code = "letter-sent-by-itself"
    message = _("This went by itself when it came in, and its link is not kept. Write an acknowledgement instead.")


def on_change(func: Callable[..., object]) -> None:
    if func not in _listeners:
        _listeners.append(func)


@transaction.atomic
def send(letter: Letter, *, actor: str, now: datetime, token: str = "") -> bool:
    """Tell the person by e-mail that the letter is there. False without an address of theirs: it is to be posted.

    `token` is the link of the package that the letter comes with; otherwise the letter has a link of its own.
    """
    _not_given_yet(letter)
    posted = _post(letter, token, now=now)
    if posted is None:
        return False
    letter.outbox, letter.sent_at = posted.uuid, now
    letter.save(update_fields=["outbox", "sent_at"])
    letter.give(Letter.Way.EMAIL, day=_day(now))
    _note("letter.sent", letter, actor=actor, now=now, template=letter.template_version)
    _tell_listeners(letter, actor=actor, now=now)
    return True


@transaction.atomic
def mark_posted(letter: Letter, *, day: date, actor: str, now: datetime) -> None:
    """Note that it was printed and posted on that day. Raises AlreadyGiven: the first day is the one that counts.

    Raises SentByItself for the copy of a mail that went by itself.
    """
    _not_given_yet(letter)
    if not _day(letter.created_at) <= day <= _day(now):
        raise Invalid(fields={"day": _("It was posted between the day it was written and today.")})
    letter.give(Letter.Way.POST, day=day)
    _note("letter.posted", letter, actor=actor, now=now, day=day.isoformat())
    _tell_listeners(letter, actor=actor, now=now)


@transaction.atomic
def bounced(letter: Letter, *, actor: str, now: datetime) -> None:
    """The notice came back: the letter was not given. Staff are told once, and it waits on their pages."""
    found = Letter.objects.select_for_update(of=("self",)).select_related("case").get(pk=letter.pk)
    letter.bounced_at = found.bounced_at
    if found.given_by != Letter.Way.EMAIL or found.bounced_at:
        return
    letter.come_back(now=now)
    _note("letter.bounced", letter, actor=actor, now=now)
    _tell_listeners(letter, actor=actor, now=now)
    if not letter.case.is_test:
        template = "acknowledgement_bounced" if letter.is_at_once else "letter_bounced"
        tell_staff(template, letter.reference, page_of(letter), letter.case, now=now)


@transaction.atomic
def forget_unsent(case: CaseFile, *, actor: str, now: datetime) -> None:
    """Drop the mails about a case that have not left: nobody was told what they say, so nothing counts from them.

    A letter is owed from then on. The copy of what would have gone by itself goes with its mail. One that is on the
    wire at that moment may still arrive, and then somebody is told twice; it is not waited for, because if it fails it
    would be tried again, to an address that is known to be wrong.
    """
    waiting = list(Outbox.objects.filter(about=case.uuid, sent_at=None).values_list("uuid", flat=True))
    unsent = list(case.letters.filter(outbox__in=waiting).select_related("case", "request", "complaint"))
    outbox.forget(case.uuid)
    for letter in unsent:
        if letter.given_by == Letter.Way.EMAIL and not letter.bounced_at:
            letter.come_back(now=now)
            _note("letter.bounced", letter, actor=actor, now=now)
            _tell_listeners(letter, actor=actor, now=now)
    Letter.objects.filter(pk__in=[letter.pk for letter in unsent if letter.is_at_once]).delete()


def has_left(letter: Letter | None) -> bool:
    """Whether the person has it: posted, or its notice has left us and did not come back."""
    if letter is None or not letter.is_given:
        return False
    return letter.outbox is None or not Outbox.objects.filter(uuid=letter.outbox, sent_at=None).exists()


def of_message(message: UUID) -> Letter | None:
    """The letter that this message told of."""
    return Letter.objects.filter(outbox=message).select_related("case", "request", "complaint").first()


def note_dead(*, now: datetime) -> int:
    """Letters whose notice no server took: they were not given either. Returns how many."""
    told = Letter.objects.filter(given_by=Letter.Way.EMAIL, bounced_at=None)
    dead = Outbox.objects.filter(dead_at__isnull=False).values_list("uuid", flat=True)
    found = list(told.filter(outbox__in=list(dead)).select_related("case", "request", "complaint"))
    for letter in found:
        bounced(letter, actor="system:requests", now=now)
    return len(found)


def new_link(letter: Letter, *, now: datetime) -> str:
    """A fresh token for the letter's own link; the one before stops working."""
    token = secrets.token_urlsafe(32)
    letter.token_hash, letter.expires_at = token_hash(token), now + LIVES
    letter.save(update_fields=["token_hash", "expires_at"])
    return token


def opened(letter: Letter, *, actor: str, now: datetime) -> None:
    """Somebody reads it."""
    data = {"what": "letter", "letter": letter.uuid}
    record(kind="case.viewed", at=now, actor=actor, object=letter.case.uuid, data=data)


def page_of(letter: Letter) -> str:
    """Where staff see the letter."""
    if letter.complaint:
        return reverse("admin:complaint", args=[letter.complaint.uuid])
    about = letter.request or letter.case.requests.order_by("pk").first()
    return reverse("admin:rights-request", args=[about.uuid]) if about else reverse("admin:index")


def _not_given_yet(letter: Letter) -> None:
    if letter.is_at_once:
        raise SentByItself
    if Letter.objects.select_for_update(of=("self",)).get(pk=letter.pk).is_given:
        raise AlreadyGiven


def _tell_listeners(letter: Letter, *, actor: str, now: datetime) -> None:
    for listener in _listeners:
        listener(letter, actor=actor, now=now)


def _post(letter: Letter, token: str, *, now: datetime) -> Outbox | None:
    if letter.kind in IN_MAIL:
        return notice.whole(letter, letters.read(letter), now=now)
    if not notice.address_of(letter.case):
        return None
    return notice.tell(letter, token or new_link(letter, now=now), is_answer=bool(token), now=now)


def _day(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _note(kind: str, letter: Letter, *, actor: str, now: datetime, **data: str | int) -> None:
    about = letter.complaint or letter.request or letter.case
    data = {"letter": str(letter.uuid), "kind": letter.kind, **data}
    record(kind=kind, at=now, actor=actor, object=about.uuid, data=data)
