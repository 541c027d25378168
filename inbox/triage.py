"""Confirming what a message is. Each kind calls the one function of the app whose matter it becomes; twice is refused.

The time runs from the arrival of the message, whenever it is sorted. Only where somebody else passed it on may staff
name another person and an earlier day: then both must be said before anybody is written to.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from breaches import log
from breaches.models import Breach
from consents.withdraw import ALL_MARKETING, withdraw
from core.errors import DomainError, Invalid
from core.models import Owner
from inbox import arriving, sealed
from inbox.models import Kind, Mail, State
from inbox.sealed import Digest
from inbox.taking import add_to_case
from inbox.threads import open_requests
from ledger.entries import record
from requests import complaints, intake, references, representing
from requests.models import CaseFile, Right
from subjects.identifiers import Claim

# What staff may put away without anything else: the last three are from the tray.
ASIDE = (Kind.QUERY, Kind.NOT_OURS, Kind.SPAM, Kind.AUTOMATIC, Kind.BOUNCE, Kind.OWN)
LOCALE = "en-GB"


class Settled(DomainError):
    code = "mail-settled"
    message = _("Somebody has dealt with this message already.")


@transaction.atomic
def open_request(
    mail: Mail,
    *,
    rights: Sequence[str],
    is_complaint: bool = False,
    requester: Mapping[str, str],
    received_on: date | None = None,
    stop: Sequence[str] | None = None,
    is_new: bool = False,
    kind: Kind = Kind.RIGHTS,
    capacity: str = "",
    is_child: bool = False,
    actor: str,
    now: datetime,
) -> CaseFile:
    """One case with a request for every right, and a complaint when it is one too; or the open case that asks the same.

    `capacity` is that of somebody who asks for the person: what shows that they may is then awaited in that case.
    Raises Invalid naming fields, Settled when somebody was quicker.
    """
    held = hold(mail)
    wanted = list(dict.fromkeys(rights))
    if not wanted and not is_complaint:
        raise Invalid(fields={"rights": _("Choose at least one, or say that it is a complaint.")})
    arriving.check(held, requester, received_on=received_on, capacity=capacity, is_child=is_child)
    known = {} if is_new or capacity else _known(requester.get("email", ""))
    missing = [right for right in wanted if right not in known]
    if wanted and not missing and not is_complaint:
        return _link(held, known[wanted[0]], actor=actor, now=now)
    asked: dict[str, Any] = {"requester": requester, "received_on": received_on, "actor": actor, "now": now}
    case = _open(held, missing, stop=stop, is_complaint=is_complaint, **asked)
    if capacity:
        representing.begin(case, capacity=capacity, is_child=is_child, actor=actor, now=now)
    only_complaint = not wanted
    settle(held, Kind.COMPLAINT if only_complaint else kind, case=case, actor=actor, now=now)
    return case


def _open(
    held: Mail,
    rights: Sequence[str],
    *,
    stop: Sequence[str] | None,
    is_complaint: bool,
    requester: Mapping[str, str],
    received_on: date | None,
    actor: str,
    now: datetime,
) -> CaseFile:
    """The case, and the complaint of the message when it is one too, or nothing else."""
    details = _details(sealed.read(held))
    day, at = arriving.arrival(held, received_on)
    by: dict[str, Any] = {"actor": actor, "now": now}
    common: dict[str, Any] = {"channel": CaseFile.Channel.EMAIL.value, "received_at": at, "locale": LOCALE, **by}
    common |= {"requester": requester, "case_uuid": held.uuid}
    if not rights and held.case and _is_theirs(held.case, requester.get("email", "")):
        held.complaint = complaints.add_to(held.case, received_on=day or arriving.day_of(held), **by)
        return held.case
    if not rights:
        held.complaint = made = complaints.open_complaint(answers={"complaint": details}, **common)
        return made.case
    case = intake.open_case(rights=rights, details=details, received_on=day, stop=stop, **common)
    if is_complaint:
        held.complaint = complaints.add_to(case, received_on=case.received_on, **by)
    return case


@transaction.atomic
def stop_marketing(mail: Mail, *, email: str, purposes: Sequence[str], actor: str, now: datetime) -> CaseFile | None:
    """A "no" that takes effect at once: consents withdrawn, or all direct marketing ended (Arts 7(3), 21(3)).

    It makes a case that is answered with the proof at once. A machine's "no" counts too, but is never answered.
    """
    chosen = list(dict.fromkeys(purposes))
    if not chosen:
        raise Invalid(fields={"purposes": _("Choose what they no longer want.")})
    if not email:
        raise Invalid(fields={"email": _("Say whose address it is.")})
    named = [slug for slug in chosen if slug != ALL_MARKETING]
    if mail.automatic:
        _stop_quietly(hold(mail), Claim("email", mailbox(email, "email")), named, chosen, actor=actor, now=now)
        return None
    rights = [Right.OBJECTION.value] if ALL_MARKETING in chosen else []
    rights += [Right.WITHDRAWAL.value] if named else []
    # Never joined to an open case: this one is to be answered at once.
    return open_request(
        mail,
        rights=rights,
        requester={"email": email, "name": ""},
        received_on=arriving.day_of(mail) if mail.is_forwarded else None,
        stop=chosen,
        is_new=True,
        kind=Kind.WITHDRAWAL,
        actor=actor,
        now=now,
    )


def _stop_quietly(
    held: Mail, who: Claim, named: Sequence[str], chosen: Sequence[str], *, actor: str, now: datetime
) -> None:
    given: dict[str, Any] = {"actor": actor, "collected_by": "staff", "now": now, "since": held.arrived_at}
    if ALL_MARKETING in chosen:
        withdraw([who], purposes=ALL_MARKETING, **given)
    if named:
        withdraw([who], purposes=named, **given)
    settle(held, Kind.WITHDRAWAL, actor=actor, now=now)


@transaction.atomic
def log_breach(mail: Mail, *, aware_at: datetime, summary: str, processor: str, actor: str, now: datetime) -> Breach:
    """A processor's notice (Art 33(2)). Our 72 hours run from when we became aware, at the latest by this message."""
    held = hold(mail)
    if aware_at > held.arrived_at:
        raise Invalid(fields={"aware_at": _("The message told us of it: this is after it came.")})
    texts = {"summary": summary, "processor": processor, "facts": sealed.read(held).text[: log.LENGTH]}
    breach = log.log(aware_at=aware_at, texts=texts, actor=actor, now=now)
    held.breach = breach
    sealed.hand_over(held, Owner.BREACH, breach.uuid)
    settle(held, Kind.BREACH, actor=actor, now=now)
    return breach


@transaction.atomic
def keep_for_officer(mail: Mail, *, actor: str, now: datetime) -> None:
    """From a regulator, the police or a solicitor: it stays in sight until somebody has dealt with it."""
    held = hold(mail)
    held.state, held.kind = State.WAITING, Kind.AUTHORITY
    held.save(update_fields=["state", "kind"])
    _note(held, Kind.AUTHORITY, actor=actor, now=now)


@transaction.atomic
def attach(mail: Mail, case: CaseFile, *, actor: str, now: datetime) -> None:
    """It belongs to a case we have, though it does not say so itself."""
    _link(hold(mail), case, actor=actor, now=now)


@transaction.atomic
def put_aside(mail: Mail, kind: str, *, actor: str, now: datetime) -> None:
    """Nothing is to be done: spam, not ours, a question that was answered, something automatic."""
    if kind not in ASIDE:
        raise Invalid(fields={"kind": _("Choose from the list.")})
    settle(hold(mail), Kind(kind), actor=actor, now=now)


@transaction.atomic
def finish(mail: Mail, *, actor: str, now: datetime) -> None:
    """Somebody read it and has done what was to be done."""
    held = hold(mail)
    if held.state == State.NEW:
        raise Invalid(_("Say what it is first."))
    settle(held, Kind(held.kind), actor=actor, now=now)


@transaction.atomic
def finish_replies(case: CaseFile, *, actor: str, now: datetime) -> None:
    """A request of the case was taken up again: what they wrote to us about it is dealt with by that."""
    replies = Mail.objects.select_for_update(of=("self",)).defer("raw", "digest")
    for mail in replies.filter(case=case, state=State.WAITING, kind=Kind.REPLY).order_by("pk"):
        settle(mail, Kind.REPLY, actor=actor, now=now)


def unread_replies() -> QuerySet[Mail, Any]:
    """The cases in which a reply waits to be read."""
    return Mail.objects.filter(state=State.WAITING, kind=Kind.REPLY, case__isnull=False).values("case")


@transaction.atomic
def clear(mails: Sequence[UUID], *, actor: str, now: datetime) -> int:
    """Put away many at once: what lies in the tray as what it is, what lay in the junk folder as spam."""
    rows = Mail.objects.select_for_update(of=("self",)).defer("raw", "digest").filter(uuid__in=mails, case=None)
    cleared = 0
    for held in rows.filter(Q(state=State.TRAY) | Q(state=State.NEW, box="junk", suggested=Kind.SPAM)):
        kind = Kind(held.kind or Kind.SPAM)
        settle(held, kind, actor=actor, now=now)
        cleared += 1
    return cleared


def _known(email: str) -> dict[str, CaseFile]:
    """Where each right is open already. Words of their own are not asked twice by being the same right."""
    return {one.right: one.case for one in open_requests(email) if one.right != Right.GENERAL}


def _is_theirs(case: CaseFile, email: str) -> bool:
    """Whether the case came from this address: what is said about it belongs into it."""
    try:
        return bool(email) and case.claim_blind is not None and bytes(case.claim_blind) in Claim("email", email).blinds
    except Invalid:
        return False


def case_called(reference: str) -> CaseFile | None:
    """The case of this reference, of a request or of a complaint."""
    wanted = references.tidy(reference)
    named = Q(requests__reference=wanted) | Q(complaints__reference=wanted)
    return CaseFile.objects.filter(named, claim__isnull=False).first() if wanted else None


def hold(mail: Mail) -> Mail:
    """The row, for us alone. Raises Settled when nothing is left to do with it."""
    held = Mail.objects.select_for_update(of=("self",)).get(pk=mail.pk)
    if held.state == State.DONE:
        raise Settled
    return held


def _details(digest: Digest) -> str:
    """What they wrote, as far as a case takes it; the whole message stays beside it."""
    words = "\n\n".join(filter(None, (digest.subject, digest.text)))
    return words[: intake.DETAILS_LENGTH].strip()


def _link(mail: Mail, case: CaseFile, *, actor: str, now: datetime) -> CaseFile:
    if mail.case is None:
        add_to_case(mail, case, kind=Kind.REPLY, actor=actor, now=now)
    settle(mail, Kind.REPLY, actor=actor, now=now)
    return case


def settle(mail: Mail, kind: Kind, *, case: CaseFile | None = None, actor: str, now: datetime) -> None:
    """Done. What became a case is sealed under its key from now on; what was part of one already stays there."""
    if case and mail.case is None:
        mail.case = case
        sealed.hand_over(mail, Owner.CASE, case.uuid)
    mail.state, mail.kind, mail.settled_at, mail.settled_by = State.DONE, kind, now, actor
    mail.save(update_fields=["state", "kind", "settled_at", "settled_by", "case", "complaint", "breach"])
    _note(mail, kind, actor=actor, now=now, case=str(case.uuid) if case else None)


def _note(mail: Mail, kind: Kind, *, actor: str, now: datetime, case: str | None = None) -> None:
    data = {"kind": kind.value, "suggested": mail.suggested, "case": case}
    record(kind="mail.sorted", at=now, actor=actor, object=mail.uuid, data=data)


def mailbox(address: str, field: str) -> str:
    try:
        return Claim("email", address).normalised
    except Invalid as error:
        raise Invalid(fields={field: next(iter(error.fields.values()))}) from error
