"""Taking in a request, on whatever channel (UK GDPR Art 12(2)). The case and its clock exist from submission.

No case is tied to anybody here: what happens to a request is the same whether or not we know the person. The link in
the acknowledgement shows control of the mailbox, and gates disclosure and erasure only. It is no request for identity
under Art 12(6), so the clock does not wait for it.
"""

import json
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.apikeys import Seen
from core.errors import Invalid, NotFound, Text
from core.keys import token_hash
from core.models import Controller, Owner
from core.recall import Changed
from core.vault import Key, key_of, new_key
from ledger.entries import record
from requests import freeze, locks, references, untold
from requests.deadlines import circumstances, recalled
from requests.facts import read_date
from requests.filing import MAILS_A_DAY, Filed, file
from requests.models import CaseFile, Right, RightsRequest
from requests.opening import unsaved
from requests.post import acknowledge, acknowledgement, send_link
from requests.stopping import SAYING_NO, answer_at_once, claims_of, hold_still, stop_at_once
from subjects.identifiers import Claim
from subjects.people import provable, verified_subject, verify_identifier

LINK_LIFE = timedelta(days=14)
# Why a request was refused: who asks could not be shown, yet (requests/refusing.py).
NOT_SHOWN = "identity-not-shown"
# A new link at most this often, so that nobody can fill a stranger's mailbox through us.
LINK_PAUSE = timedelta(minutes=2)
# What happens when somebody has confirmed: func(case, actor=, now=), inside the same transaction.
_listeners: list[Callable[..., object]] = []
LENGTHS = {"name": 200, "email": 254, "phone": 40, "address": 500, "representative": 200}
DETAILS_LENGTH = 5000


def when_confirmed(func: Callable[..., object]) -> None:
    if func not in _listeners:
        _listeners.append(func)


class LinkUnusable(NotFound):
    code = "link-unusable"
    message = _("This link is not valid any more.")


def open_case(
    *,
    rights: Sequence[str],
    requester: Mapping[str, Any],
    details: str,
    channel: str,
    received_at: datetime,
    received_on: date | None,
    locale: str,
    actor: str,
    now: datetime,
    is_test: bool = False,
    case_uuid: UUID | None = None,
    answers: Mapping[str, str] | None = None,
    stop: Sequence[str] | None = None,
    acknowledged: bool = False,
    by: Seen | None = None,
) -> CaseFile:
    """Open a case with one request per right, each with its clock and its tasks, and acknowledge it by e-mail.

    With `case_uuid` a second call is the same case: a form sent twice must not become two requests. `answers` is what
    the person said about a right, under its name. `stop` names the purposes that an objection or a withdrawal ends at
    once, or "all-marketing"; when it is not given, a "no" is read in its widest sense. `acknowledged` means that
    the person has been written to. `by` is a key that was recalled (core/recalled.py): raises Changed, and nothing is
    written, when it is not valid any more.
    """
    if case_uuid and (known := CaseFile.objects.filter(uuid=case_uuid).first()):
        return known
    wanted = _rights(rights)
    claim, email = claim_from(requester, details, answers or {})
    if received_on:
        read_date("received_on", received_on.isoformat())
    case = CaseFile(uuid=case_uuid or uuid.uuid4(), channel=channel, received_at=received_at, is_test=is_test)
    # As the database fills them in: the statement that stores it does not tell.
    case.locale, case.by_post, case.identified_how = locale, False, ""
    token, key = _seal(case, claim, email, now=now)
    mail_to = claim["email"] if token and not acknowledged else ""
    says_no = not set(wanted).isdisjoint(SAYING_NO)
    # Where nothing has to be stopped with it, one statement does it all, and is a transaction by itself.
    with transaction.atomic() if says_no else nullcontext():
        stored = _file(
            case, key, wanted, "" if says_no else mail_to, token=token, on=received_on, by=by, actor=actor, now=now
        )
        if stored is None:
            return CaseFile.objects.get(uuid=case.uuid)
        requests, filed = stored
        # For whoever asked, in the order they asked.
        case.opened = list(requests)
        if says_no:
            stop_at_once(requests, claims_of(claim), stop, now=now, actor=actor)
            if not acknowledged:
                # Asked for by its own name, and no words about anything else beside it.
                alone = stop is not None and not claim.get(Right.OBJECTION)
                may_mail = bool(token) and filed.may_mail
                requests = answer_at_once(requests, only_marketing=alone, may_mail=may_mail, now=now, actor=actor)
                if requests and may_mail:
                    acknowledge(case, requests, to=mail_to, token=token, now=now)
    return case


@transaction.atomic
def confirm(token: str, *, now: datetime) -> CaseFile:
    """The person has the mailbox they wrote from. Only now is anybody looked up. A second call changes nothing.

    Raises LinkUnusable when the link is unknown or has expired.
    """
    behind = CaseFile.objects.filter(confirm_hash=token_hash(token)).values_list("pk", flat=True).first()
    case = locks.take(behind) if behind else None
    # Asked again with the row in hand: there may be a newer link meanwhile.
    if case is None or bytes(case.confirm_hash or b"") != token_hash(token) or not _usable(case, now):
        raise LinkUnusable
    if case.is_confirmed:
        return case
    actor = f"case:{case.uuid}"
    person = Claim("email", claim_of(case)["email"])
    case.confirmed_at = now
    if (known := provable(person, is_test=case.is_test)) is not None:
        verify_identifier(known, person, how="confirmation-link", now=now, actor=actor)
        # Asked again: an address that several people share still selects nobody.
        case.subject = None if case.is_test else verified_subject(person)
    case.save(update_fields=["confirmed_at", "subject"])
    subject = case.subject.uuid if case.subject else None
    record(kind="case.confirmed", at=now, actor=actor, subject=subject, object=case.uuid)
    for listener in _listeners:
        listener(case, actor=actor, now=now)
    if case.subject:
        freeze.until_given(case.requests.open(), case.subject, now=now, actor=actor)
        hold_still(case, now=now, actor=actor)
        untold.carry_over(case, now=now)
    return case


@transaction.atomic
def send_new_link(*, email: str, reference: str, now: datetime) -> None:
    """Send a fresh link if the address and the reference belong together. Says nothing either way."""
    try:
        blinds = Claim("email", email).blinds
    except Invalid:
        return
    named = references.tidy(reference)
    # One that was closed only because nobody confirmed it is taken up again by the link.
    may_come_back = Q(closed_at=None) | Q(askings__reason=NOT_SHOWN, confirmed_at=None)
    theirs = CaseFile.objects.filter(may_come_back, claim_blind__in=blinds).select_for_update(of=("self",))
    case = theirs.filter(Q(requests__reference=named) | Q(complaints__reference=named)).first()
    if case is None or (case.confirm_expires_at and case.confirm_expires_at > now + LINK_LIFE - LINK_PAUSE):
        return
    token = fresh_link(case, now=now)
    case.save(update_fields=["confirm_hash", "confirm_expires_at"])
    send_link(case, to=claim_of(case)["email"], token=token, now=now)


def waiting(token: str, *, now: datetime) -> CaseFile:
    """The case behind a link, to show a page about it. Changes nothing; raises LinkUnusable."""
    case = CaseFile.objects.filter(confirm_hash=token_hash(token)).first()
    if case is None or not _usable(case, now):
        raise LinkUnusable
    return case


def claim_of(case: CaseFile) -> dict[str, str]:
    """The requester as claimed; empty once it has been erased. Raises Unreadable when only the key is gone."""
    if case.claim is None:
        return {}
    claim: dict[str, str] = json.loads(key_of(Owner.CASE, case.uuid).open("claim", bytes(case.claim)))
    return claim


def _usable(case: CaseFile, now: datetime) -> bool:
    return case.claim is not None and case.confirm_expires_at is not None and case.confirm_expires_at > now


def _rights(rights: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(rights))
    if not wanted or not set(wanted) <= set(Right.values):
        raise Invalid(fields={"rights": _("Name at least one right, by the names this service knows.")})
    return wanted


def claim_from(
    requester: Mapping[str, Any], details: str, answers: Mapping[str, str]
) -> tuple[dict[str, str], Claim | None]:
    """What is sealed in the case, and the e-mail address as a claim. Raises Invalid naming the fields at fault."""
    errors: dict[str, Text] = {}
    claim = {}
    for field, longest in LENGTHS.items():
        value = requester.get(field) or ""
        if not isinstance(value, str) or len(value.strip()) > longest or "\x00" in value:
            errors[f"requester.{field}"] = _("This is too long or not text.")
        else:
            claim[field] = value.strip()
    for field, text in {"details": details, **answers}.items():
        if len(text) > DETAILS_LENGTH or "\x00" in text:
            errors[field] = _("This is too long or not text.")
        else:
            claim[field] = text.strip()
    email = None
    if claim.get("email"):
        email = Claim("email", claim["email"])
        try:
            email.normalised  # noqa: B018 - raises Invalid when impossible
        except Invalid as error:
            errors["requester.email"] = next(iter(error.fields.values()))
    if not any(claim.get(field) for field in ("name", "email", "phone")):
        errors["requester"] = _("Say who is asking: a name, an e-mail address or a telephone number.")
    if errors:
        raise Invalid(fields=errors)
    return claim, email


def _check_day(day: date, now: datetime, controller: Controller) -> None:
    """The local date of arrival: no later than today, and in a year whose holidays are known."""
    if day > now.astimezone(controller.zone).date():
        raise Invalid(fields={"received_on": _("A request cannot have been received in the future.")})
    read_date("received_on", day.isoformat())


def _seal(case: CaseFile, claim: dict[str, str], email: Claim | None, *, now: datetime) -> tuple[str, Key]:
    """Seal what was claimed under the case's own key. Also returns the token of the link, if there is an address."""
    key = new_key(Owner.CASE, case.uuid)
    case.claim = key.seal("claim", json.dumps(claim).encode())
    if email is None:
        return "", key
    case.claim_blind = email.blind
    return fresh_link(case, now=now), key


def _file(
    case: CaseFile,
    key: Key,
    rights: Sequence[str],
    mail_to: str,
    *,
    token: str,
    on: date | None,
    by: Seen | None,
    actor: str,
    now: datetime,
) -> tuple[list[RightsRequest], Filed] | None:
    """Store a new case with its requests and, with `mail_to`, its acknowledgement; None if the same form came in
    before. Raises Changed when what the clock rests on changes faster than it can be read.
    """
    there = recalled(on, case.received_at, by=by)
    for _attempt in range(5):
        _check_day(there.day, now, there.controller)
        case.rule_set, case.received_on = there.rules, there.day
        requests = unsaved(case, rights, there.controller, holidays=there.holidays, now=now)
        mail = None
        if mail_to:
            today = now.astimezone(there.controller.zone).date()
            mail = acknowledgement(case, requests, to=mail_to, token=token, key=key, day=today, now=now)
        if filed := file(case, key, requests, mail, there=there, by=by, actor=actor, now=now):
            return requests, filed
        there = circumstances(on, case.received_at, by=by)
        if CaseFile.objects.filter(uuid=case.uuid).exists():
            return None
    raise Changed


def fresh_link(case: CaseFile, *, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    case.confirm_hash, case.confirm_expires_at = token_hash(token), now + LINK_LIFE
    return token


def may_write(case: CaseFile) -> bool:
    since = case.received_at - timedelta(days=1)
    same = CaseFile.objects.filter(claim_blind=case.claim_blind, received_at__gt=since, is_test=case.is_test)
    return same.count() <= MAILS_A_DAY
