"""Taking back a consent (UK GDPR Art 7(3)): in force when it is said, closed by itself, and proved to the person.

Nobody else is asked: whoever wants to use the data asks us first (consents/permission.py), and hears no from now on.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Controller
from requests import letters, posting, two_people
from requests.clock import in_words
from requests.models import Right, RightsRequest
from requests.sending import close, lock, to_ready
from requests.stopping import in_words as stopped_in_words
from requests.stopping import proofs_of, stop_at_once, widest

KIND = "withdrawal_confirmation"


class NobodyNamed(DomainError):
    code = "nobody-named"
    message = _("This names no address and no number, and the case belongs to nobody yet. Say whose it is first.")


@transaction.atomic
def settle(rights_request: RightsRequest, kind: str, *, may_mail: bool = True, actor: str, now: datetime) -> None:
    """Close a "no" that is in force, with its proof. `may_mail`: not when somebody makes us write again and again."""
    rights_request.tasks.all().delete()
    # In force already, so nothing is due.
    rights_request.keep_clock(rights_request.facts, due=None, notice_by=None, target=None)
    context = facts_of(rights_request, now=now)
    to_ready(rights_request, reason="in-force", actor=actor, now=now)
    letter = letters.write(kind, rights_request, context, now=now)
    if may_mail:
        posting.send(letter, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)


@transaction.atomic
def tell_again(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """The confirmation once more, to an address that was put right. The request stays answered.

    One that reached nobody gives way to it: it proves nothing about the right address, and nobody has to post it.
    """
    before = letters.latest(rights_request)
    if before:
        letter = letters.write(before.kind, rights_request, facts_of(rights_request, now=now), now=now)
        if posting.send(letter, actor=actor, now=now) and not before.is_given:
            before.delete()


def facts_of(rights_request: RightsRequest, *, now: datetime) -> dict[str, Any]:
    """What the confirmation says: what ended, since when, and the signed receipts of it."""
    return {
        "stopped": stopped_in_words(rights_request.result.get("stopped") or widest([rights_request])),
        "since": in_words(now.astimezone(Controller.current().zone).date()),
        "proofs": proofs_of(rights_request),
        "gaps": [],
    }


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The confirmation as it would go out. Nobody has to prove who they are to take a consent back."""
    if "stopped" not in rights_request.result and rights_request.case.subject is None:
        raise NobodyNamed
    return KIND, facts_of(rights_request, now=now)


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """For one that could not close itself: it named nobody, or began elsewhere. Twice changes nothing."""
    lock(rights_request, Right.WITHDRAWAL)
    if not rights_request.is_open:
        return rights_request
    draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if "stopped" not in rights_request.result and rights_request.case.subject:
        stop_at_once([rights_request], rights_request.case.subject, None, now=now, actor=actor)
    settle(rights_request, KIND, actor=actor, now=now)
    return rights_request
