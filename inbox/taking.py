"""Taking a message in: one transaction that seals it whole. Only when that stands is anything done on the server.

The same message again, under another UID, in another folder or after a crash, is the row that is there already.
"""

import logging
import re
from datetime import datetime, timedelta

from django.db import transaction

from consents import unsubscribe
from core.errors import DomainError
from core.keys import keyring
from core.models import Controller, Outbox, Owner
from inbox import reading, rules, sealed, threads
from inbox.account import own_addresses, own_domains
from inbox.automatic import automatic, failed_delivery
from inbox.bounces import bounced
from inbox.forwarded import Original, is_forwarded, original
from inbox.models import Automatic, Kind, Location, Mail, State
from inbox.reading import Message
from inbox.server import Fetched
from ledger.entries import record
from requests.models import CaseFile

ACTOR = "system:inbox"
UNSUBSCRIBE = re.compile(rf"\b{re.escape(unsubscribe.SUBJECT)}(\S+)")
# A server whose clock is wrong must not start a period in the future.
SKEW = timedelta(minutes=10)
logger = logging.getLogger(__name__)


@transaction.atomic
def take(fetched: Fetched, *, box: str, place: str, uid_validity: int, now: datetime) -> Mail | None:
    """Store a message that the server has; None when it was stored before. Committed once this returns."""
    message = reading.read(fetched.raw)
    print_ = fingerprint(message, fetched)
    where = {"place": place, "uid_validity": uid_validity, "uid": fetched.uid}
    if known := Mail.objects.filter(fingerprint=print_).only("pk").first():
        Location.objects.get_or_create(**where, defaults={"mail": known})
        return None
    machine = _machine(message)
    passed_on = not machine and is_forwarded(message, own_domains=own_domains())
    mail = Mail(
        box=box,
        fingerprint=print_,
        arrived_at=_arrived(fetched, now),
        taken_at=now,
        size=fetched.size,
        is_partial=fetched.is_partial,
        automatic=machine,
        is_forwarded=passed_on,
    )
    first = original(message, own_domains=own_domains(), zone=Controller.current().zone) if passed_on else Original()
    _suggest(mail, message, sender=first.address if passed_on else message.address)
    mail.written_on = first.day
    sealed.seal(mail, sealed.digest_of(message, first), fetched.raw)
    mail.save(force_insert=True)
    Location.objects.create(mail=mail, **where)
    data = {"box": box, "suggested": mail.suggested, "automatic": machine, "partial": mail.is_partial}
    record(kind="mail.taken", at=now, actor=ACTOR, object=mail.uuid, data=data)
    _file(mail, message, now=now)
    return mail


def fingerprint(message: Message, fetched: Fetched) -> bytes:
    """A keyed hash that is the same for every copy of one message, and only for those.

    Headers that servers add on the way differ from copy to copy, so they do not count. Without a Message-ID nothing
    tells a copy from the same words sent again, except when it arrived.
    """
    body = fetched.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    parts = [message.header(name).encode("utf-8", "replace") for name in ("from", "date", "subject")]
    told_apart = message.message_id or (fetched.arrived_at.isoformat() if fetched.arrived_at else "")
    parts += [told_apart.encode("utf-8", "replace"), body.rstrip()]
    return keyring("SUPPRESSION_KEYS").mac(
        b"mail|" + b"\0".join(str(len(part)).encode() + b":" + part for part in parts)
    )


def _arrived(fetched: Fetched, now: datetime) -> datetime:
    """When the server received it. What a message says of itself is only its word."""
    told = fetched.arrived_at
    return told if told and told <= now + SKEW else now


def _machine(message: Message) -> str:
    """Our own notes go to the privacy mailbox too: nobody needs to sort what we wrote ourselves."""
    mine = threads.ours_in([message.message_id])
    if mine and Outbox.objects.filter(uuid__in=mine).exists():
        return Automatic.OWN
    machine = automatic(message)
    if machine in (Automatic.GENERATED, Automatic.BULK) and message.address.lower() in own_addresses():
        return Automatic.OWN
    return machine


def _suggest(mail: Mail, message: Message, *, sender: str) -> None:
    found = rules.suggest(
        message,
        is_junk=mail.box == "junk",
        machine=mail.automatic,
        whole=mail.is_forwarded,
        is_waiting=lambda: threads.is_waiting(message, sender),
    )
    marks = {
        "forwarded": mail.is_forwarded,
        "partial": mail.is_partial,
        "broken": message.is_broken,
        "automatic": mail.automatic in (Automatic.REPLY, Automatic.GENERATED),
    }
    mail.suggested, mail.rights = found.kind, found.rights
    mail.reasons = [*found.reasons, *(code for code, is_so in marks.items() if is_so)]


def _file(mail: Mail, message: Message, *, now: datetime) -> None:
    """What the message itself says of where it belongs: a bounce, a reply, a machine. The rest is for staff."""
    if _unsubscribes(mail, message, now=now):
        return
    if mail.automatic == Automatic.BOUNCE:
        _file_bounce(mail, message, now=now)
    elif mail.automatic in (Automatic.REPLY, Automatic.OWN) or _is_machine_talk(mail):
        mail.state = State.TRAY
        mail.suggested = mail.kind = Kind.OWN if mail.automatic == Automatic.OWN else Kind.AUTOMATIC
        mail.save(update_fields=["state", "kind", "suggested"])
    elif not mail.is_forwarded and (case := threads.case_of(message)):
        mail.reasons = ["reply", *mail.reasons]
        add_to_case(mail, case, kind=Kind.REPLY, actor=ACTOR, now=now)


def _unsubscribes(mail: Mail, message: Message, *, now: datetime) -> bool:
    """The mail that a provider sends for its reader (RFC 2369): the subject names recipient and list, sealed."""
    token = UNSUBSCRIBE.search(message.subject)
    recipient = unsubscribe.read(token[1]) if token else None
    if recipient is None or not recipient.list:
        return False
    mail.reasons, mail.suggested = ["unsubscribe", *mail.reasons], Kind.WITHDRAWAL
    try:
        unsubscribe.stop(recipient, now=now)
    except DomainError:
        # The list is no more. Somebody reads what they wanted.
        mail.save(update_fields=["reasons", "suggested"])
        return True
    mail.state, mail.kind, mail.settled_at, mail.settled_by = State.DONE, Kind.WITHDRAWAL, now, ACTOR
    mail.save(update_fields=["reasons", "suggested", "state", "kind", "settled_at", "settled_by"])
    data = {"kind": Kind.WITHDRAWAL.value, "suggested": Kind.WITHDRAWAL.value, "case": None}
    record(kind="mail.sorted", at=now, actor=ACTOR, object=mail.uuid, data=data)
    return True


def _is_machine_talk(mail: Mail) -> bool:
    """Sent by a machine, and no rule heard anything in it. A form of another site may well send a request."""
    heard = mail.suggested not in (Kind.QUERY, Kind.SPAM)
    return mail.automatic in (Automatic.GENERATED, Automatic.BULK) and mail.box != "junk" and not heard


def _file_bounce(mail: Mail, message: Message, *, now: datetime) -> None:
    outgoing = failed_delivery(message)
    case = threads.case_of_outgoing(outgoing) if outgoing else None
    if outgoing is None or case is None:
        mail.state, mail.suggested, mail.kind = State.TRAY, Kind.BOUNCE, Kind.BOUNCE
        mail.save(update_fields=["state", "suggested", "kind"])
        return
    mail.bounced, mail.reasons = outgoing, ["bounce"]
    add_to_case(mail, case, kind=Kind.BOUNCE, actor=ACTOR, now=now)
    bounced(outgoing, actor=ACTOR, now=now)


def add_to_case(mail: Mail, case: CaseFile, *, kind: Kind, actor: str, now: datetime) -> None:
    """Make it part of a case, to be read there. Nothing is reopened by it. Call it inside a transaction."""
    mail.case, mail.state, mail.kind = case, State.WAITING, kind
    mail.suggested = kind
    mail.save(update_fields=["case", "state", "kind", "suggested", "reasons", "bounced"])
    sealed.hand_over(mail, Owner.CASE, case.uuid)
    record(kind="case.mail-added", at=now, actor=actor, object=case.uuid, data={"mail": str(mail.uuid), "what": kind})


def known_uids(place: str, uid_validity: int, uids: list[int]) -> set[int]:
    found = Location.objects.filter(place=place, uid_validity=uid_validity, uid__in=uids)
    return set(found.values_list("uid", flat=True))
