"""A row of a file of choices: read, checked, and made ready to be stored.

Nothing here asks the database, so one batch is made ready while the one before is stored. What an answer is stored as
is ready in PostgreSQL's own form (core/copying.py), but for what only the database knows: whether we know the person.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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
from core.copying import ID, big, cells, instant, small
from core.errors import Invalid, Text
from core.keys import keyring
from core.models import Owner
from core.vault import SealedAnew, seal_each
from ledger import entries
from processing.models import Channel, Purpose
from subjects.identifiers import FIELD, RULES_VERSION, normalise, text_of

BY = "import"
# How long an imported "yes" is believed, from the day on which it was given.
VALID_FOR = relativedelta(months=24)
WHO = ("email", "phone", "customer_number")
MEMBERS = {*WHO, "purpose", "channel", "status", "at", "evidence"}
STATUSES = ("given", "refused", "withdrawn")
CHANNELS = frozenset(Channel.values)
# Every purpose that a choice can be about, by its short name, and whether it is marketing.
Purposes = Mapping[str, tuple[Purpose, bool]]
# How the rows of core_datakey and consents_consentevent begin, and the version between the first ids of an event.
_KEY, _EVENT, _VERSION = small(4) + ID, small(15) + ID, cells(small(1)) + ID
_written = json.JSONEncoder().encode


@dataclass(slots=True)
class Row:
    """One valid row of a file. `value` is normalised, `typed` as it stood there."""

    line: int
    type: str
    value: str
    typed: str
    # What is hashed of it.
    text: bytes
    purpose: Purpose
    channel: str
    status: str
    at: datetime
    evidence: str


@dataclass(slots=True)
class Newcomer:
    """Whoever has this address or number, as they are stored if nobody is known by it. One for all rows of a batch."""

    subject: UUID
    blind: bytes
    # The identifier but for its number, and the row of its key.
    identifier: bytes
    key: bytes
    # The number of the identifier where we have it: until now of a test person only.
    known: int | None = None


@dataclass(slots=True)
class Answer(Row):
    """A "yes" or a "no", and what is stored of it."""

    person: Newcomer
    event: UUID
    # Its id under each former key.
    former: Sequence[UUID]
    consent: str
    entry: UUID
    given_at: str
    until: datetime | None
    key: bytes
    # Of the event what stands before the person and behind, of the state what stands behind.
    before: bytes
    behind: bytes
    state: bytes


@dataclass
class Batch:
    """Rows that are stored together, and what is wrong with the others."""

    lines: Sequence[Line]
    purposes: Purposes
    rows: list[Row] = field(default_factory=list)
    faults: list[tuple[int, Invalid]] = field(default_factory=list)


def ready(lines: Sequence[Line], purposes: Purposes, *, actor: str, now: datetime) -> Batch:
    """These lines as far as they can be made ready without the database."""
    batch, read = Batch(lines, purposes), list[Row]()
    for line in lines:
        try:
            read.append(_row(line.number, values_of(line), purposes, now=now))
        except Invalid as error:
            batch.faults.append((line.number, error))
    answers = iter(_answers([row for row in read if row.status != Status.WITHDRAWN], actor=actor, now=now))
    batch.rows = [row if row.status == Status.WITHDRAWN else next(answers) for row in read]
    return batch


def _answers(rows: Sequence[Row], *, actor: str, now: datetime) -> Iterator[Answer]:
    people, ids = _newcomers(rows), [uuid4() for _row in rows]
    consents = list(map(str, ids))
    proofs = seal_each(Owner.CONSENT, "proof", zip(consents, map(_proof, rows), strict=True))
    keys = _keys(Owner.CONSENT, proofs, ids)
    instants = [entries.instant(row.at) for row in rows]
    recorded = cells(instant(now), b"imported_legacy", BY.encode(), actor.encode())
    all_of = zip(rows, ids, consents, proofs.sealed, keys, instants, _events(rows, instants), strict=True)
    for row, id, consent, proof, key, given_at, (event, *former) in all_of:
        entry, until = uuid4(), _until(row.at) if row.status == Status.GIVEN else None
        times = cells(instant(row.at), instant(until) if until else None)
        answer = _choice(row.purpose.uuid.bytes, row.channel, row.status)
        yield Answer(
            *(row.line, row.type, row.value, row.typed, row.text),
            *(row.purpose, row.channel, row.status, row.at, row.evidence),
            person=people[row.text],
            event=event,
            former=former,
            consent=consent,
            entry=entry,
            given_at=given_at,
            until=until,
            key=key,
            before=_EVENT + event.bytes + _VERSION + id.bytes + ID,
            behind=answer + times + recorded + cells(proof, entry.bytes),
            state=_choice(big(row.purpose.pk), row.channel, row.status) + times + cells(event.bytes, entry.bytes),
        )


def _newcomers(rows: Sequence[Row]) -> dict[bytes, Newcomer]:
    """By what is hashed of their address or number."""
    each = {row.text: row for row in rows}
    ids = [uuid4() for _text in each]
    values = ((str(id), row.value.encode()) for id, row in zip(ids, each.values(), strict=True))
    made = seal_each(Owner.IDENTIFIER, FIELD, values)
    ring = keyring("BLIND_INDEX_KEYS")
    blinds, version, ring_key = ring.macs(each, ring.current), small(RULES_VERSION), ring.current.encode()
    keys = _keys(Owner.IDENTIFIER, made, ids)
    return {
        text: Newcomer(uuid4(), blind, cells(id.bytes, row.type.encode(), b"", version, sealed, blind, ring_key), key)
        for (text, row), id, sealed, blind, key in zip(each.items(), ids, made.sealed, blinds, keys, strict=True)
    }


def _keys(owner: Owner, made: SealedAnew, ids: Sequence[UUID]) -> list[bytes]:
    """Rows of core_datakey."""
    whose = cells(owner.value.encode(), made.master_key.encode())
    return [_KEY + id.bytes + whose + cells(wrapped) for id, wrapped in zip(ids, made.wrapped, strict=True)]


def _proof(row: Row) -> bytes:
    return _written({"identity": {row.type: row.typed}, "evidence": row.evidence, "line": row.line}).encode()


def _events(rows: Sequence[Row], instants: Sequence[str]) -> Iterator[tuple[UUID, ...]]:
    """The same for the same answer, from whatever file: a keyed hash, for an address could be guessed.

    Of each the id under the current key, then those under the others.
    """
    ring = keyring("SUPPRESSION_KEYS")
    said = [
        f"imported|{row.purpose.uuid}|{row.channel}|{row.status}|{at}|".encode() + row.text
        for row, at in zip(rows, instants, strict=True)
    ]
    others = [key for key in ring.keys if key != ring.current]
    each = ([UUID(bytes=mac[:16], version=4) for mac in ring.macs(said, key)] for key in (ring.current, *others))
    return zip(*each, strict=True)


@lru_cache(maxsize=1024)
def _choice(purpose: bytes, channel: str, status: str) -> bytes:
    return cells(purpose, channel.encode(), status.encode())


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
    who = (type, value, texts[type], text_of(type, value))
    return Row(line, *who, purpose, channel, status, at, texts.get("evidence", "")[:500])


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
