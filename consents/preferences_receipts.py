"""The receipt of one act on the page of choices, for the person to keep: a few lines to read, and what proves them."""

import json
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from consents import receipts_record, suppression
from consents.dpv import STATUS
from consents.models import ConsentEvent, Status
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
    events = list(ConsentEvent.objects.filter(consent=proof, form_version__isnull=False).order_by("id"))
    if events:
        if subject is None or events[0].subject != subject.uuid:
            raise NotFound
        lines = [(event.purpose, event.channel, event.status) for event in events]
        return _text(_titled(lines), events[0].recorded_at, events[0].entry, receipts_record.signed(proof, now=now))
    entry = Entry.objects.filter(uuid=proof, kind__in=KINDS).first()
    if entry is None or not _is_theirs(recipient, entry):
        raise NotFound
    done, channel = stored(proof), json.loads(entry.body)["data"].get("channel", "")
    titles = _titles({"purpose__slug__in": list(done.states)}, "purpose__slug")
    where = str(CHANNELS.get(channel, ""))
    ended = [(titles.get(slug, slug), where, _word(status)) for slug, status in done.states.items()]
    return _text(ended, entry.at, proof, done.receipt)


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


def _text(lines: list[tuple[str, str, str]], at: datetime, entry: UUID, signed: str) -> str:
    controller = Controller.current()
    context = {"lines": lines, "at": at.astimezone(controller.zone), "entry": entry, "controller": controller}
    context |= {"signed": signed, "base_url": settings.BASE_URL}
    return render_to_string("consents/mail/receipt.txt", context)
