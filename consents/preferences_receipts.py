"""The receipt of one act of a person, for them to keep: a few lines to read, and what proves them."""

import json
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string

from consents import opt_in, receipts_record, suppression
from consents.dpv import STATUS
from consents.models import ConsentEvent, Status
from consents.states import YES
from consents.unproven import unproven_entries
from consents.unsubscribe import Recipient
from consents.withdraw import KINDS, stored
from core.errors import NotFound
from core.models import Controller
from ledger.models import Entry
from processing.models import Channel, PurposeVersion
from subjects import people

CHANNELS = dict(Channel.choices)


def text(recipient: Recipient, proof: UUID, *, now: datetime) -> str:
    """Raises NotFound for whatever this address has not said itself."""
    subject = people.find([recipient.claim])
    said = events(proof)
    if said:
        # Two records that were made one share what was said under either.
        if subject is None or all(event.subject != subject.uuid for event in said):
            raise NotFound
        return of_consent(proof, now=now)
    entry = Entry.objects.filter(uuid=proof, kind__in=KINDS).first()
    if entry is None or not _is_theirs(recipient, entry):
        raise NotFound
    done, channel = stored(proof), json.loads(entry.body)["data"].get("channel", "")
    titles = _titles({"purpose__slug__in": list(done.states)}, "purpose__slug")
    where = str(CHANNELS.get(channel, ""))
    ended = [(titles.get(slug, slug), where, _word(status)) for slug, status in done.states.items()]
    return _text(ended, entry.at, proof, done.receipt)


def of_consent(consent: UUID, *, now: datetime, is_named: bool = True) -> str:
    """What was answered in one go. Raises NotFound. The caller knows that it goes to whoever answered."""
    said = events(consent)
    if not said:
        raise NotFound
    lines = dict.fromkeys((event.purpose, event.channel, event.status) for event in said)
    may_wait = bool(unproven_entries([said[0].entry])) and any(event.status in YES for event in said)
    signed = receipts_record.signed(consent, now=now, is_named=is_named)
    return _text(_titled(list(lines)), said[0].recorded_at, said[0].entry, signed, may_wait=may_wait)


def of_events(events: Iterable[UUID]) -> dict[UUID, UUID]:
    """By which consent the receipt of each of these events is asked for."""
    return dict(ConsentEvent.objects.filter(uuid__in=list(events)).values_list("uuid", "consent"))


def events(consent: UUID) -> list[ConsentEvent]:
    """Answers to a form, and each "yes" that came another way. An end that follows by itself has no receipt here."""
    answered = Q(form_version__isnull=False) | Q(status__in=YES)
    return list(ConsentEvent.objects.filter(answered, consent=consent).order_by("id")) or opt_in.events(consent)


def _is_theirs(recipient: Recipient, entry: Entry) -> bool:
    own = {value.hex() for value in suppression.hashes_of([recipient.claim])}
    return any(found["hash"] in own for found in json.loads(entry.body)["data"]["hashes"])


def _titled(lines: list[tuple[UUID, str, str]]) -> list[tuple[str, str, str]]:
    titles = _titles({"purpose__uuid__in": [purpose for purpose, _channel, _status in lines]}, "purpose__uuid")
    return [
        (titles.get(purpose, str(purpose)), str(CHANNELS.get(channel, "")), _word(status))
        for purpose, channel, status in lines
    ]


def _titles(which: dict[str, list[object]], by: str) -> dict[object, str]:
    return dict(PurposeVersion.objects.filter(**which).order_by("number").values_list(by, "title"))


def _word(status: str) -> str:
    return f"{Status(status).label} ({STATUS[status]})"


def _text(lines: list[tuple[str, str, str]], at: datetime, entry: UUID, signed: str, *, may_wait: bool = False) -> str:
    """`may_wait` as in consents/receipts.py."""
    controller = Controller.current()
    context = {"lines": lines, "at": at.astimezone(controller.zone), "entry": entry, "controller": controller}
    context |= {"signed": signed, "may_wait": may_wait, "base_url": settings.BASE_URL}
    return render_to_string("consents/mail/receipt.txt", context)
