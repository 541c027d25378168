"""Telling everybody who received the data of a correction, erasure or restriction (UK GDPR Art 19).

A recipient with an e-mail address to notify is told by e-mail in the transaction that does it; the outbox proves that
it went out. Any other is owed a notice that staff give and record. A request is answered in full when each of them has
been told, or was shown to be impossible or out of proportion to tell.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import outbox, vault
from core.errors import DomainError, Invalid
from core.models import Controller, Outbox, Owner
from ledger.entries import record
from processing.models import DataCategory, Purpose, Recipient
from requests import letter_law
from requests.intake import claim_of
from requests.messages import tell_staff
from requests.models import RecipientNotice, RightsRequest
from subjects.identifiers import reveal
from subjects.models import DataSubject, Disclosure, Identifier

NOTE_LENGTH = 2000


class NotTold(DomainError):
    code = "recipient-not-told"
    message = gettext_lazy("This recipient has not been told yet, so it cannot have answered.")


def concerned(
    subject: DataSubject | None,
    *,
    purposes: Iterable[Purpose] | None = None,
    categories: Iterable[DataCategory] | None = None,
) -> list[Recipient]:
    """Who received data of this person for any of these purposes, of any of these categories. None means any."""
    if subject is None:
        return []
    rows = Disclosure.objects.filter(subject=subject)
    if purposes is not None:
        rows = rows.filter(Q(purpose=None) | Q(purpose__in=list(purposes)))
    if categories is not None:
        rows = rows.filter(categories__in=list(categories))
    return list(Recipient.objects.filter(pk__in=rows.values("recipient")).order_by("name"))


def address_of(recipient: Recipient) -> str:
    """The e-mail address to notify, if that is what the register says; else empty."""
    address = recipient.notify.strip()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


def known_by(rights_request: RightsRequest) -> list[str]:
    """What a recipient knows the person by. Asked before a deletion or correction takes it away."""
    name = claim_of(rights_request.case).get("name", "")
    rows = Identifier.objects.filter(subject_links__subject=rights_request.case.subject).order_by("pk")
    values = reveal(rows)
    known = [f"{row.get_type_display()}: {values[row.pk]}" for row in rows if row.pk in values]
    return [*filter(None, [name]), *known]


@transaction.atomic
def tell(
    rights_request: RightsRequest,
    found: Sequence[Recipient],
    action: RecipientNotice.Action,
    *,
    known: Sequence[str],
    changes: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> None:
    """Tell those who can be written to, and owe it to the others. Whoever was told before is not told twice."""
    for recipient in found:
        notice = _notice(rights_request, recipient, action)
        address = address_of(recipient)
        if notice.sent_at or notice.impossible_reason or not address:
            continue
        notice.mail = _write(notice, address, known, changes, now=now).uuid
        _sent(notice, RecipientNotice.Channel.MAIL, actor=actor, now=now)


@transaction.atomic
def record_told(
    rights_request: RightsRequest,
    recipient: Recipient,
    action: RecipientNotice.Action,
    channel: str,
    *,
    actor: str,
    now: datetime,
) -> RecipientNotice:
    """Staff told them by other means than ours."""
    if channel not in RecipientNotice.Channel.values:
        raise Invalid(fields={"channel": _("Say how they were told.")})
    notice = _notice(rights_request, recipient, action)
    notice.impossible_reason, notice.note, notice.mail = "", None, None
    _sent(notice, channel, actor=actor, now=now)
    return notice


@transaction.atomic
def record_impossible(
    rights_request: RightsRequest,
    recipient: Recipient,
    action: RecipientNotice.Action,
    reason: str,
    note: str,
    *,
    actor: str,
    now: datetime,
) -> RecipientNotice:
    """Telling them is impossible or takes disproportionate effort: which, and why. The letter says so."""
    note = note.strip()
    if reason not in RecipientNotice.Impossible.values:
        raise Invalid(fields={"reason": _("Choose why they cannot be told.")})
    if not note or len(note) > NOTE_LENGTH or "\x00" in note:
        raise Invalid(fields={"note": _("Say what was tried or weighed, in up to 2,000 characters.")})
    notice = _notice(rights_request, recipient, action)
    notice.channel, notice.sent_at, notice.mail, notice.acknowledged_at = "", None, None, None
    notice.impossible_reason = reason
    key = vault.ensure_key(Owner.CASE, rights_request.case.uuid)
    notice.note = key.seal(_field(notice), note.encode())
    _receipt("recipient.impossible", notice, actor=actor, now=now, reason=reason)
    return notice


@transaction.atomic
def record_reply(
    rights_request: RightsRequest, recipient: Recipient, action: RecipientNotice.Action, *, actor: str, now: datetime
) -> None:
    """They confirmed that they did it too. A second confirmation changes nothing."""
    waiting = rights_request.recipient_notices.filter(recipient=recipient, action=action)
    told = waiting.filter(sent_at__isnull=False).select_for_update(of=("self",)).first()
    if told is None:
        raise NotTold
    if told.acknowledged_at is None:
        told.acknowledged_at = now
        _receipt("recipient.replied", told, actor=actor, now=now)


@transaction.atomic
def note_dead(*, now: datetime) -> int:
    """Notices that no server took were not given: they are owed again, and staff are told. Returns how many."""
    dead = Outbox.objects.filter(dead_at__isnull=False).values("uuid")
    rows = RecipientNotice.objects.filter(mail__in=dead).select_related("recipient", "request__case")
    for notice in rows:
        notice.channel, notice.sent_at, notice.mail = "", None, None
        _receipt("recipient.unreached", notice, actor="system:requests", now=now)
        page = reverse("admin:rights-request", args=[notice.request.uuid])
        tell_staff("recipient_unreached", notice.request.reference, page, notice.request.case, now=now)
    return len(rows)


@dataclass(frozen=True)
class Line:
    """One recipient on the page of the request."""

    recipient: Recipient
    action: RecipientNotice.Action
    address: str
    notice: RecipientNotice | None

    @property
    def is_open(self) -> bool:
        return self.notice is None or self.notice.is_owed


def lines(
    rights_request: RightsRequest, expected: Sequence[Recipient], action: RecipientNotice.Action | None
) -> list[Line]:
    """Everybody who was or will be told, by name. `action`: what those expected will be told of."""
    rows = rights_request.recipient_notices.select_related("recipient", "request__case").order_by("pk")
    known = [Line(row.recipient, RecipientNotice.Action(row.action), address_of(row.recipient), row) for row in rows]
    told = {line.recipient for line in known if line.action == action}
    coming = [Line(one, action, address_of(one), None) for one in expected if one not in told] if action else []
    return sorted([*known, *coming], key=lambda line: line.recipient.name)


def report(
    rights_request: RightsRequest, expected: Sequence[Recipient], action: RecipientNotice.Action
) -> dict[str, list[dict[str, str]]]:
    """What the letter says: who was told, who could not be and why, and who is still to be told.

    `expected`: who will be told when it is carried out, for a letter that is only being looked at.
    """
    rows = list(rights_request.recipient_notices.select_related("recipient").order_by("recipient__name"))
    known = {row.recipient_id for row in rows if row.action == action}
    soon = {recipient.pk for recipient in expected if address_of(recipient)}
    open_ones = [row.recipient for row in rows if row.is_owed and row.action == action]
    open_ones += [recipient for recipient in expected if recipient.pk not in known]
    told = [row.recipient for row in rows if row.sent_at] + [one for one in open_ones if one.pk in soon]
    impossible = [row for row in rows if row.impossible_reason]
    owed = [recipient for recipient in open_ones if recipient.pk not in soon]
    owed += [row.recipient for row in rows if row.is_owed and row.action != action]
    sentence = _("It received your data, and we have not been able to tell it yet.")
    return {
        "told": [{"name": recipient.name} for recipient in dict.fromkeys(told)],
        "not_told": [{"name": row.recipient.name, "sentence": _why(row)} for row in impossible],
        "owed": [{"name": recipient.name, "sentence": sentence} for recipient in dict.fromkeys(owed)],
    }


def note_of(notice: RecipientNotice) -> str:
    """Why it was impossible, in the words of staff, opened."""
    if notice.note is None:
        return ""
    key = vault.key_of(Owner.CASE, notice.request.case.uuid)
    return key.open(_field(notice), bytes(notice.note)).decode()


def _why(notice: RecipientNotice) -> str:
    return str(notice.get_impossible_reason_display())


def _notice(rights_request: RightsRequest, recipient: Recipient, action: RecipientNotice.Action) -> RecipientNotice:
    notices = RecipientNotice.objects.select_for_update(of=("self",)).select_related("recipient", "request__case")
    return notices.get_or_create(request=rights_request, recipient=recipient, action=action)[0]


def _write(
    notice: RecipientNotice, address: str, known: Collection[str], changes: Sequence[str], *, now: datetime
) -> Outbox:
    rights_request = notice.request
    context = {"notice": notice, "known": known, "changes": changes, "controller": Controller.current()}
    context |= {"reference": rights_request.reference, "is_union": letter_law.is_of_the_union(rights_request.case)}
    text = render_to_string("requests/mail/recipient_notice.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    case = notice.request.case.uuid
    return outbox.post_mail(to=address, subject=subject, text=body.strip() + "\n", about=case, now=now)


def _sent(notice: RecipientNotice, channel: str, *, actor: str, now: datetime) -> None:
    notice.channel, notice.sent_at, notice.acknowledged_at = channel, now, None
    _receipt("recipient.told", notice, actor=actor, now=now, channel=channel)


def _receipt(kind: str, notice: RecipientNotice, *, actor: str, now: datetime, **data: str) -> None:
    """Write the row with the ledger entry that proves it."""
    notice.recorded_by = actor
    notice.entry = record(
        kind=kind,
        at=now,
        actor=actor,
        object=notice.request.uuid,
        data={"recipient": notice.recipient.slug, "action": notice.action, **data},
        test=notice.request.case.is_test,
    )
    notice.save()


def _field(notice: RecipientNotice) -> str:
    return f"notice:{notice.uuid}"
