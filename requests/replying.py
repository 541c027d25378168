"""Answering a message, and the code that opens the page on which it stands. The mail says that it is there, no more."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import codes
from core.errors import DomainError
from requests import messages, notice, post
from requests.intake import claim_of, fresh_link
from requests.models import CaseFile, Message


class NoMailbox(DomainError):
    code = "no-mailbox"
    message = _("There is no mailbox that is known to be theirs: write a letter instead.")


@transaction.atomic
def reply(case: CaseFile, text: str, *, actor: str, now: datetime) -> Message:
    """Say something to the person. They get a link; the words open with a fresh code from the same mailbox."""
    locked = CaseFile.objects.select_for_update(of=("self",)).get(pk=case.pk)
    to = "" if locked.by_post or locked.claim is None else claim_of(locked).get("email", "")
    if not to:
        raise NoMailbox
    made = messages.keep_answer(locked, text, actor=actor, now=now)
    token = fresh_link(locked, now=now)
    locked.save(update_fields=["confirm_hash", "confirm_expires_at"])
    post.tell_of_message(locked, messages.reference_of(locked), to=to, token=token, now=now)
    waiting = locked.messages.filter(direction=Message.Direction.IN, handled_at=None, asks_again=False)
    for one in waiting:
        messages.handle(one, actor=actor, now=now)
    return made


@transaction.atomic
def issue_code(case: CaseFile, *, now: datetime) -> bool:
    """Mail a fresh code to the mailbox of the case. False when too many were asked for lately, or there is none."""
    locked = CaseFile.objects.select_for_update(of=("self",)).get(pk=case.pk)
    code = codes.issue(locked.codes, locked.uuid, now=now)
    return bool(code) and notice.send_code(locked, messages.reference_of(locked), code, now=now)
