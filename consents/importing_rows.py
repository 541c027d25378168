"""A row of a file of choices: read, checked, and made ready to be stored.

Nothing here asks the database, so one batch is made ready while the one before is stored. What an answer is stored as
is ready in PostgreSQL's own form (core/copying.py), but for what only the database knows: whether we know the person.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from dateutil.relativedelta import relativedelta
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents.importing_lines import Line, values_of
from consents.models import Status
from core.copying import big, cells, instant, row, small
from core.errors import Invalid, Text
from core.keys import Keyring, keyring
from core.models import Owner
from core.vault import Key, new_key
from ledger import entries
from processing.models import Channel, Purpose
from subjects.identifiers import normalise, sealed, text_of

BY = "import"
# How long an imported "yes" is believed, from the day on which it was given.
VALID_FOR = relativedelta(months=24)
WHO = ("email", "phone", "customer_number")
MEMBERS = {*WHO, "purpose", "channel", "status", "at", "evidence"}
STATUSES = ("given", "refused", "withdrawn")
CHANNELS = frozenset(Channel.values)
# Every purpose that a choice can be about, by its short name, and whether it is marketing.
Purposes = Mapping[str, tuple[Purpose, bool]]
_written = json.JSONEncoder().encode


@dataclass(slots=True)
class Row:
    """One valid row of a file. `value` is normalised, `typed` as it stood there."""

    line: int
    type: str
    value: str
    typed: str
    purpose: Purpose
    channel: str
    status: str
    at: datetime
    evidence: str

    @property
    def text(self) -> bytes:
        return text_of(self.type, self.value)


@dataclass(slots=True)
class Newcomer:
    """Whoever has this address or number, as they are stored if nobody is known by it. One for all rows of a batch."""

    subject: UUID
    blind: bytes
    # The identifier but for its number, and the row of its key.
    identifier: bytes
    key: bytes


@dataclass(slots=True)
class Answer(Row):
    """A "yes" or a "no", and what is stored of it."""

    person: Newcomer
    event: UUID
    consent: UUID
    entry: UUID
    given_at: str
    until: datetime | None
    key: bytes
    # What stands before the person and behind, and of the state what stands behind.
    event_cells: tuple[bytes, bytes]
    state_cells: bytes


@dataclass
class Batch:
    """Rows that are stored together, and what is wrong with the others."""

    lines: Sequence[Line]
    purposes: Purposes
    rows: list[Row] = field(default_factory=list)
    faults: list[tuple[int, Invalid]] = field(default_factory=list)


def ready(lines: Sequence[Line], purposes: Purposes, *, actor: str, now: datetime) -> Batch:
    """These lines as far as they can be made ready without the database."""
    batch, press = Batch(lines, purposes), _Press(actor, now)
    for line in lines:
        try:
            read = _row(line.number, values_of(line), purposes, now=now)
        except Invalid as error:
            batch.faults.append((line.number, error))
        else:
            batch.rows.append(read if read.status == Status.WITHDRAWN else press.answer(read))
    return batch


class _Press:
    """Makes the answers of one batch ready."""

    def __init__(self, actor: str, now: datetime) -> None:
        self.people: dict[bytes, Newcomer] = {}
        self.blinds, self.hashes = keyring("BLIND_INDEX_KEYS"), keyring("SUPPRESSION_KEYS")
        self.recorded = instant(now), actor.encode()

    def answer(self, read: Row) -> Answer:
        text, given_at = read.text, entries.instant(read.at)
        person = self.people.get(text) or self.people.setdefault(text, self._newcomer(read, text))
        consent, entry, event = uuid4(), uuid4(), _event(read, given_at, text, self.hashes)
        until = _until(read.at) if read.status == Status.GIVEN else None
        proof = new_key(Owner.CONSENT, consent)
        said = {"identity": {read.type: read.typed}, "evidence": read.evidence, "line": read.line}
        stands = (read.channel.encode(), read.status.encode(), instant(read.at), instant(until) if until else None)
        recorded, actor = self.recorded
        origin = (recorded, b"imported_legacy", BY.encode(), actor)
        kept = (proof.seal("proof", _written(said).encode()), entry.bytes)
        return Answer(
            *(read.line, read.type, read.value, read.typed, read.purpose),
            *(read.channel, read.status, read.at, read.evidence),
            person=person,
            event=event,
            consent=consent,
            entry=entry,
            given_at=given_at,
            until=until,
            key=key_row(proof),
            event_cells=(
                small(15) + cells(event.bytes, small(1), consent.bytes),
                cells(read.purpose.uuid.bytes, *stands, *origin, *kept),
            ),
            state_cells=cells(big(read.purpose.pk), *stands, event.bytes, entry.bytes),
        )

    def _newcomer(self, read: Row, text: bytes) -> Newcomer:
        made = sealed(read.type, read.value, blind=self.blinds.mac(text))
        who = (made.uuid.bytes, made.type.encode(), b"", small(made.rules_version))
        identifier = cells(*who, made.sealed, made.blind, made.blind_key.encode())
        return Newcomer(uuid4(), made.blind, identifier, key_row(made.key))


def key_row(key: Key) -> bytes:
    master, wrapped = key.wrapped()
    return row(key.owner_id.bytes, key.owner.value.encode(), master.encode(), wrapped)


def _event(read: Row, given_at: str, text: bytes, keys: Keyring) -> UUID:
    """The same for the same answer, from whatever file: a keyed hash, for an address could be guessed."""
    said = f"imported|{read.purpose.uuid}|{read.channel}|{read.status}|{given_at}|".encode() + text
    return UUID(bytes=keys.mac(said)[:16], version=4)


def _until(at: datetime) -> datetime:
    last = _last_day(at.date())
    return at.replace(year=last.year, month=last.month, day=last.day)


@lru_cache(maxsize=4096)
def _last_day(given: date) -> date:
    return given + VALID_FOR


def _row(line: int, values: Mapping[str, Any] | None, known: Purposes, *, now: datetime) -> Row:
    """Raises Invalid naming every member at fault, never what it says."""
    if values is None:
        raise Invalid(fields={"": _("This line cannot be read.")})
    errors: dict[str, Text] = {name[:40]: _("This member is unknown.") for name in values if name not in MEMBERS}
    texts = {name: values[name] for name in MEMBERS if values.get(name) is not None}
    errors |= {name: _("Give this as text.") for name, value in texts.items() if not isinstance(value, str)}
    if errors:
        raise Invalid(fields=errors)
    type, value = _who(texts, errors)
    purpose, is_marketing = known.get(texts.get("purpose", ""), (None, False))
    channel, status, at = texts.get("channel", ""), texts.get("status", ""), _at(texts.get("at", ""), now)
    if purpose is None:
        errors["purpose"] = _("Name a purpose that rests on consent or is direct marketing.")
    if (channel and channel not in CHANNELS) or (is_marketing and not channel and status != "withdrawn"):
        errors["channel"] = _("Name the channel: email, phone, sms or post.")
    if status not in STATUSES:
        errors["status"] = _("Say given, refused or withdrawn.")
    if at is None:
        errors["at"] = _("Give date, time and time zone as in 2026-11-22T09:00:00Z, not in the future.")
    if status == "given" and not texts.get("evidence", "").strip():
        errors["evidence"] = _("Say what shows this consent. Without evidence it counts for nothing.")
    if errors or purpose is None or at is None:
        raise Invalid(fields=errors)
    return Row(line, type, value, texts[type], purpose, channel, status, at, texts.get("evidence", "")[:500])


def _who(texts: Mapping[str, str], errors: dict[str, Text]) -> tuple[str, str]:
    named = [name for name in WHO if texts.get(name)]
    if len(named) != 1:
        errors["email"] = _("Give exactly one of email, phone and customer_number.")
        return "", ""
    try:
        return named[0], normalise(named[0], texts[named[0]])
    except Invalid as error:
        errors[named[0]] = next(iter(error.fields.values()))
        return "", ""


def _at(text: str, now: datetime) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and at.tzinfo and at <= now else None
