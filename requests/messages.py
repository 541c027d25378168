"""What is said between the person and us about a case, and what staff note for each other. All of it is sealed.

A message proves nothing by itself. Whoever opened the page by link and code wrote it from the mailbox of the case; with
the reference alone anybody could have. Such words are for staff only: somebody who lost the mailbox says in them how to
be reached now, and the page goes to whoever reads that mailbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Length
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller, Owner
from core.outbox import post_mail
from core.vault import Key, ensure_key, keys_of
from ledger.entries import record
from requests import attachments
from requests.attachments import File
from requests.models import Attachment, CaseFile, Comment, Message

LENGTH = 2000
# Of staff, and of those who showed who they are.
LONGER = 10_000
# Together, in bytes. A reference is no secret: whoever knows one must not be able to fill the case.
ALTOGETHER = 20_000
# From the person themselves, in a day.
A_DAY = 30


class TooMuch(DomainError):
    code = "too-many-messages"
    message = _("There are many messages from you today already. We read them all; write again tomorrow.")
    status = 429


@dataclass(frozen=True)
class Said:
    """A message, opened."""

    message: Message
    text: str
    files: list[tuple[Attachment, str]]


@transaction.atomic
def leave(*, reference: str, text: str, now: datetime, actor: str = "public") -> None:
    """A message of somebody who knows the reference only. The answer never tells whether there is such a case."""
    _check(text, LENGTH)
    named = Q(requests__reference=reference) | Q(complaints__reference=reference)
    case = CaseFile.objects.select_for_update(of=("self",)).filter(named, claim__isnull=False).first()
    if case is None:
        return
    before = case.messages.filter(is_proven=False).aggregate(size=Sum(Length("sealed")))["size"] or 0
    if before + len(text.encode()) > ALTOGETHER:
        return
    note(case, text, actor=actor, now=now)
    tell_staff("message_left", reference, page_of(case), case, now=now)


@transaction.atomic
def write(case: CaseFile, text: str, *, asks_again: bool = False, files: Sequence[File] = (), now: datetime) -> Message:
    """A message of the person, from the page that the link and the code opened. Staff are told that there is one."""
    _check(text, LONGER)
    kinds = attachments.check(files)
    locked = CaseFile.objects.select_for_update(of=("self",)).get(pk=case.pk)
    mine = Attachment.objects.filter(message__case=locked).aggregate(size=Sum("size"))["size"] or 0
    today = locked.messages.filter(direction=Message.Direction.IN, at__gte=now.replace(hour=0, minute=0, second=0))
    if today.count() >= A_DAY or mine + sum(len(file.content) for file in files) > attachments.FOR_ONE_CASE:
        raise TooMuch
    actor = f"case:{locked.uuid}"
    made = note(locked, text, is_proven=True, asks_again=asks_again, actor=actor, now=now)
    attachments.keep(made, files, kinds, ensure_key(Owner.CASE, locked.uuid))
    tell_staff("message_left", reference_of(locked), page_of(locked), locked, now=now)
    return made


@transaction.atomic
def note(
    case: CaseFile, text: str, *, is_proven: bool = False, asks_again: bool = False, actor: str, now: datetime
) -> Message:
    """Keep what came from the person. It waits until somebody has dealt with it."""
    made = _keep(case, Message.Direction.IN, text, is_proven=is_proven, asks_again=asks_again, actor=actor, now=now)
    record(kind="case.message-left", at=now, actor=actor, object=case.uuid, data={"again": asks_again})
    return made


@transaction.atomic
def handle(message: Message, *, actor: str, now: datetime) -> None:
    """Somebody has dealt with it. Twice changes nothing."""
    waiting = Message.objects.filter(pk=message.pk, direction=Message.Direction.IN, handled_at=None)
    if waiting.update(handled_at=now, handled_by=actor):
        data = {"message": message.uuid}
        record(kind="case.message-handled", at=now, actor=actor, object=message.case.uuid, data=data)


@transaction.atomic
def comment(case: CaseFile, text: str, *, actor: str, now: datetime) -> Comment:
    """A note for colleagues. It belongs to the case, so the person may ask to see it."""
    _check(text, LONGER)
    made = Comment(case=case, actor=actor, at=now)
    made.sealed = ensure_key(Owner.CASE, case.uuid).seal(f"comment:{made.uuid}", text.strip().encode())
    made.save(force_insert=True)
    record(kind="case.commented", at=now, actor=actor, object=case.uuid)
    return made


def said(case: CaseFile, *, proven: bool = False) -> list[Said]:
    """Every message of a case in order; with `proven` those that may be shown to whoever holds its mailbox."""
    key = keys_of(Owner.CASE, [case.uuid]).get(case.uuid)
    if key is None:
        return []
    rows = case.messages.prefetch_related("attachments").order_by("pk")
    shown = rows.filter(Q(direction=Message.Direction.OUT) | Q(is_proven=True)) if proven else rows
    return [_opened(row, key) for row in shown]


def comments(case: CaseFile) -> list[tuple[Comment, str]]:
    key = keys_of(Owner.CASE, [case.uuid]).get(case.uuid)
    if key is None:
        return []
    return [(row, key.open(f"comment:{row.uuid}", bytes(row.sealed)).decode()) for row in case.comments.order_by("pk")]


def reference_of(case: CaseFile) -> str:
    """What the case is called towards the person: its first request, or its complaint."""
    first = case.requests.order_by("pk").first() or case.complaints.order_by("pk").first()
    return first.reference if first else ""


def page_of(case: CaseFile) -> str:
    """Where staff see it."""
    if first := case.requests.order_by("pk").first():
        return reverse("admin:rights-request", args=[first.uuid])
    return case.complaints.order_by("pk")[0].page


def tell_staff(template: str, reference: str, page: str, case: CaseFile, *, now: datetime) -> None:
    """A note to the privacy mailbox that something is waiting on a page. It says nothing of what."""
    context = {"reference": reference, "link": f"{settings.BASE_URL}{page}"}
    text = render_to_string(f"requests/mail/{template}.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    post_mail(to=Controller.current().dpo_contact, subject=subject, text=body.strip() + "\n", about=case.uuid, now=now)


def handle_asking_again(case: CaseFile, *, actor: str, now: datetime) -> None:
    """An answered request was taken up again: nobody need be told once more that the person asked for it."""
    for message in case.messages.waiting().filter(asks_again=True).order_by("pk"):
        handle(message, actor=actor, now=now)


def keep_answer(case: CaseFile, text: str, *, actor: str, now: datetime) -> Message:
    """What we say to the person. Only requests/replying.py calls it: it also tells them that it is there."""
    _check(text, LONGER)
    made = _keep(case, Message.Direction.OUT, text, is_proven=True, asks_again=False, actor=actor, now=now)
    record(kind="case.message-sent", at=now, actor=actor, object=case.uuid, data={"message": made.uuid})
    return made


def _keep(
    case: CaseFile,
    direction: Message.Direction,
    text: str,
    *,
    is_proven: bool,
    asks_again: bool,
    actor: str,
    now: datetime,
) -> Message:
    made = Message(case=case, direction=direction, is_proven=is_proven, asks_again=asks_again, actor=actor, at=now)
    made.sealed = ensure_key(Owner.CASE, case.uuid).seal(f"message:{made.uuid}", text.strip().encode())
    made.save(force_insert=True)
    return made


def _opened(row: Message, key: Key) -> Said:
    text = key.open(f"message:{row.uuid}", bytes(row.sealed)).decode()
    return Said(row, text, [(file, attachments.name_of(file, key)) for file in row.attachments.all()])


def _check(text: str, longest: int) -> None:
    if not text.strip() or len(text.strip()) > longest or "\x00" in text:
        raise Invalid(fields={"text": _("This is too long or not text.")})
