"""Taking in what another system collected about a person, all of it or nothing."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Controller
from ledger.entries import record
from processing import purposes as register
from subjects import items, organisations, relationships
from subjects.identifiers import Claim
from subjects.late import PersonErased, brings_back
from subjects.leaving import stay_held
from subjects.models import DataSubject, PersonalDataItem
from subjects.people import find_or_create

Part = Mapping[str, Any]
# Takes (person, claims, what the caller sent as `consents`); raises Invalid naming fields below `consents`.
Consents = Callable[..., None]
_consents: list[Consents] = []
# Says why a version of the privacy notice was not what applied in any of these days; None if it was.
Notices = Callable[[str, date, date], Text | None]
_notices: list[Notices] = []
NOT_FROM_THEM = {PersonalDataItem.Source.THIRD_PARTY, PersonalDataItem.Source.PUBLIC_SOURCE}
CONTRACT = {"contract_started_on", "contract_ended_on"}
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


def register_consents(capture: Consents) -> None:
    """Have `capture(subject, claims, consents, now=, actor=, is_test=)` take in the consents of a collection."""
    _consents[:] = [capture]


def register_notices(fault: Notices) -> None:
    """Have `fault(version, first, last)` tell whether people can have been shown this version in those days."""
    _notices[:] = [fault]


@dataclass(frozen=True)
class Parcel:
    """What one call brings: who it is about, what was collected, and what they were told then (Art 13)."""

    claims: Sequence[Claim]
    notice: str
    items: Sequence[Part] = ()
    organisation: Part | None = None
    relationship: Part | None = None
    interaction: Part | None = None
    consents: Sequence[Part] = ()
    locale: str = "en-GB"
    is_test: bool = False
    # From another system's past: people were told of a notice that may never have been published here.
    is_taken_over: bool = False


@dataclass(frozen=True)
class Taken:
    """The evidence of a collection: whom it was about, what was stored, and the ledger entry of what they were told."""

    subject: DataSubject
    items: list[PersonalDataItem]
    entry: UUID


@transaction.atomic
def collect(parcel: Parcel, *, now: datetime, actor: str) -> Taken:
    """Store all of it, or raise Invalid naming every field at fault ("items[2].category") and store nothing."""
    _check(parcel, now)
    is_late = _is_late(parcel)
    company = _company(parcel.organisation, now=now, actor=actor) if parcel.organisation else {}
    subject = find_or_create(parcel.claims, now=now, actor=actor, locale=parcel.locale, is_test=parcel.is_test)
    if company:
        left = subject.organisation_id
        if organisations.represent(subject, **company, now=now, actor=actor).pk != left:
            stay_held(subject, left, now=now, actor=actor)
    stored = _store(subject, parcel, now=now, actor=actor)
    if is_late:
        # Now that a record that was erased has been refused as such, for staff to decide about.
        raise PersonErased
    if parcel.relationship:
        _relate(subject, parcel, now=now, actor=actor)
    if parcel.interaction:
        with _below("interaction"):
            interact(subject, **parcel.interaction, now=now, actor=actor)
    if parcel.consents:
        _consents[0](subject, parcel.claims, parcel.consents, now=now, actor=actor, is_test=parcel.is_test)
    entry = record(
        kind="notice.given",
        at=now,
        actor=actor,
        subject=subject.uuid,
        data={"notice": parcel.notice, "items": [str(item.uuid) for item in stored]},
    )
    return Taken(subject, stored, entry)


@transaction.atomic
def interacted(
    claims: Sequence[Claim],
    *,
    purpose: str,
    at: datetime,
    channel: str,
    is_test: bool = False,
    now: datetime,
    actor: str,
) -> UUID:
    """The same from outside: whoever turns to us is somebody we know from then on."""
    if brings_back(claims, [at], is_test=is_test):
        raise PersonErased
    subject = find_or_create(claims, now=now, actor=actor, is_test=is_test)
    return interact(subject, purpose=purpose, at=at, channel=channel, now=now, actor=actor)


def interact(subject: DataSubject, *, purpose: str, at: datetime, channel: str, now: datetime, actor: str) -> UUID:
    """Note an interaction for a live purpose; returns the relationship's public id."""
    try:
        version = register.live(purpose)
    except DomainError as error:
        raise Invalid(fields={"purpose": error.message}) from error
    return relationships.touch(subject, version.purpose, at=at, channel=channel, now=now, actor=actor).uuid


def _is_late(parcel: Parcel) -> bool:
    named = [part["source_record"] for part in parcel.items if part.get("source_record")]
    records = [value for record in named for value in items.source_hashes(record)]
    moments = [part["collected_at"] for part in parcel.items] + [one["at"] for one in [parcel.interaction] if one]
    given = [_given_at(part) for part in parcel.consents]
    moments += [moment for moment in given if moment]
    # A consent that is given now, or a ground that is recorded now, is new.
    is_new = None in given or (not (parcel.items or given) and bool(parcel.relationship))
    return not is_new and brings_back(parcel.claims, moments, records=records, is_test=parcel.is_test)


def _company(given: Part, *, now: datetime, actor: str) -> dict[str, Any]:
    """Take in the dates of the contract, of its other contacts too; returns how the organisation is found.

    Before the person is held, since its contacts are locked in one go.
    """
    dates = {name: day for name, day in given.items() if name in CONTRACT and day}
    found = {name: value for name, value in given.items() if name not in CONTRACT}
    if dates:
        organisation = organisations.named(**found)
        with _below("organisation"):
            organisations.amend(organisation, **dates, now=now, actor=actor)
    return found


def _given_at(consent: Part) -> datetime | None:
    """When it was given, if another day than now is named. What is no moment is refused by who takes consents in."""
    text = consent.get("given_at")
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _check(parcel: Parcel, now: datetime) -> None:
    errors: dict[str, Text] = {}
    if not _CODE.fullmatch(parcel.notice):
        errors["notice"] = _("Name the version of the privacy notice that the person was shown.")
    elif not parcel.is_taken_over and (fault := _fault(parcel, now)):
        errors["notice"] = fault
    if parcel.consents and not _consents:
        errors["consents"] = _("Consents are not taken in here.")
    if not (parcel.items or parcel.relationship or parcel.interaction or parcel.consents):
        errors["items"] = _("Send at least one item, relationship, interaction or consent.")
    if errors:
        raise Invalid(fields=errors)


def _fault(parcel: Parcel, now: datetime) -> Text | None:
    """What was collected from the person was collected under the notice of that day (Art 13(1)); of what came from
    somebody else they may be told later, so any notice since will do (Art 14(3)).
    """
    zone = Controller.current().zone
    moments = [part["collected_at"] for part in parcel.items] + [one["at"] for one in [parcel.interaction] if one]
    days = [moment.astimezone(zone).date() for moment in moments] or [now.astimezone(zone).date()]
    is_told_later = any(part["source"] in NOT_FROM_THEM for part in parcel.items)
    last = now.astimezone(zone).date() if is_told_later else max(days)
    return next((found for fault in _notices if (found := fault(parcel.notice, min(days), last))), None)


def _store(subject: DataSubject, parcel: Parcel, *, now: datetime, actor: str) -> list[PersonalDataItem]:
    """Every item is tried, so that one answer names all that is wrong; the caller's transaction undoes the others."""
    role = (parcel.relationship or {}).get("role", "")
    stored: list[PersonalDataItem] = []
    refusals: list[DomainError] = []
    for number, part in enumerate(parcel.items):
        try:
            with _below(f"items[{number}]"):
                stored.append(items.collect(subject, **part, role=role, now=now, actor=actor))
        except DomainError as error:
            refusals.append(error)
    if refusals:
        fields = {name: text for error in refusals for name, text in error.fields.items()}
        first = refusals[0]
        first.fields = fields
        raise first
    return stored


def _relate(subject: DataSubject, parcel: Parcel, *, now: datetime, actor: str) -> None:
    """Record the ground for the purpose that is named, or for every purpose of the items."""
    given = dict(parcel.relationship or {})
    # Items and an interaction tell by themselves whether somebody applies again, and when.
    given["applies"] = not (parcel.items or parcel.interaction)
    named = given.pop("purpose", "")
    slugs = [named] if named else list(dict.fromkeys(slug for part in parcel.items for slug in part["purposes"]))
    with _below("relationship"):
        if not slugs:
            raise Invalid(fields={"purpose": _("Name the purpose.")})
        for slug in slugs:
            try:
                purpose = register.live(slug).purpose
            except DomainError as error:
                raise Invalid(fields={"purpose": error.message}) from error
            relationships.establish(subject, purpose, **given, now=now, actor=actor)


@contextmanager
def _below(field: str) -> Iterator[None]:
    """Refusals inside name their fields below this one."""
    try:
        yield
    except DomainError as error:
        error.fields = {f"{field}.{name}": text for name, text in error.fields.items()} or {field: error.message}
        raise
