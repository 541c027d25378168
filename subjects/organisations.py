"""The companies, partnerships and sole traders that our contacts speak for, and the dates of their contracts.

The end of a contract is the organisation's; retention counts from the same date at each contact's relationships.
Order of locks: the contacts, then their organisation. Linking somebody to an organisation that is locked waits.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound, Text
from ledger.entries import encode, record, store
from processing.models import Basis, Purpose, PurposeVersion, Status
from subjects.deletes import lock_people
from subjects.models import DataSubject, Organisation, Relationship


class Given(TypedDict, total=False):
    """What somebody says about an organisation. What is left out stays as it is."""

    name: str
    legal_type: str
    contract_started_on: date | None
    contract_ended_on: date | None


def represent(
    subject: DataSubject,
    *,
    name: str,
    legal_type: str = Organisation.LegalType.OTHER,
    now: datetime,
    actor: str,
) -> Organisation:
    """Note for whom the person speaks, from now on also with the end of that contract."""
    organisation = named(name=name, legal_type=legal_type)
    left = subject.organisation
    subject.organisation = organisation
    subject.save(update_fields=["organisation"])
    # Only now nobody else can amend it before this transaction ends.
    organisation.refresh_from_db()
    if organisation.contract_started_on or organisation.contract_ended_on:
        before = left.contract_ended_on if left else None
        _bring(_ties().filter(subject=subject), before, organisation.contract_ended_on, now=now, actor=actor)
    return organisation


def named(*, name: str, legal_type: str = Organisation.LegalType.OTHER) -> Organisation:
    """The organisation of this name and type, made if we know none."""
    name = " ".join(name.split())
    errors = _faults(name, legal_type)
    if errors:
        raise Invalid(fields={f"organisation.{field}": text for field, text in errors.items()})
    # The oldest, since two calls at the same moment may both have made it.
    organisation = Organisation.objects.filter(name=name, legal_type=legal_type).order_by("pk").first()
    return organisation or Organisation.objects.create(name=name, legal_type=legal_type)


@transaction.atomic
def amend(organisation: Organisation, *, now: datetime, actor: str, **given: Unpack[Given]) -> int:
    """Correct what we know of an organisation; returns how many of its contacts' relationships it moved.

    The end of the contract becomes the end of each relationship that rests on a contract: from then on retention
    counts. Taken back, they run again. An end that somebody set for a single contact stays.
    """
    known = Organisation.objects.filter(pk=organisation.pk).first()
    if known and not _changes(known, given) and not _left_behind(known).exists():
        # Most calls say again what we know: none of them waits for the other contacts.
        return 0
    lock_people([], DataSubject.objects.filter(organisation=organisation).order_by("pk").values_list("pk", flat=True))
    known = Organisation.objects.select_for_update().filter(pk=organisation.pk).first()
    if known is None:
        raise NotFound
    ended_before, changes = known.contract_ended_on, _changes(known, given)
    for field, value in changes.items():
        setattr(known, field, value)
    _check(known)
    if changes:
        known.save(update_fields=sorted(changes))
    ties = _ties().filter(subject__organisation=known)
    touched = _bring(ties, ended_before, known.contract_ended_on, now=now, actor=actor)
    if changes or touched:
        ended = known.contract_ended_on.isoformat() if known.contract_ended_on else ""
        data = {"changed": sorted(changes), "contract_ended_on": ended, "relationships": touched}
        record(kind="organisation.amended", at=now, actor=actor, object=known.uuid, data=data)
    return touched


def follow(subject: DataSubject, *, now: datetime, actor: str) -> list[int]:
    """Have the contracts of somebody who has come to speak for an organisation end with its own.

    Returns the primary keys of the relationships that ended by it. In the transaction that says for whom they speak.
    """
    organisation = subject.organisation
    if organisation is None:
        return []
    # As it is now: from here on nobody can amend it before this transaction ends.
    organisation.refresh_from_db()
    if organisation.contract_ended_on is None:
        return []
    running = _ties().filter(subject=subject, contract_ended_on=None)
    found = list(running.order_by("pk").values_list("pk", flat=True))
    _bring(running, None, organisation.contract_ended_on, now=now, actor=actor)
    return found


def resume(relationships: Collection[int], *, now: datetime, actor: str) -> None:
    """Have these run on that ended with an organisation for which somebody never spoke."""
    ended = _ties().filter(pk__in=relationships).exclude(contract_ended_on=None)
    for day in list(ended.order_by().values_list("contract_ended_on", flat=True).distinct()):
        _bring(ended, day, None, now=now, actor=actor)


def end_of(subject: DataSubject, purpose: Purpose) -> date | None:
    """When the contract ended on which a new relationship for this purpose would rest."""
    if subject.organisation_id is None:
        return None
    on_contract = Exists(_on_contract().filter(purpose=purpose))
    found = Organisation.objects.filter(on_contract, pk=subject.organisation_id)
    return found.values_list("contract_ended_on", flat=True).first()


def _changes(known: Organisation, given: Given) -> dict[str, object]:
    said: dict[str, object] = dict(given)
    if "name" in given:
        said["name"] = " ".join(given["name"].split())
    began, ended = given.get("contract_started_on"), known.contract_ended_on
    if began and ended and began > ended and "contract_ended_on" not in given:
        # Another contract than the one that ended.
        said["contract_ended_on"] = None
    return {field: value for field, value in said.items() if getattr(known, field) != value}


def _check(organisation: Organisation) -> None:
    errors = _faults(organisation.name, organisation.legal_type)
    started, ended = organisation.contract_started_on, organisation.contract_ended_on
    if started and ended and ended < started:
        errors["contract_ended_on"] = _("A contract cannot end before it begins.")
    if errors:
        raise Invalid(fields=errors)


def _faults(name: str, legal_type: str) -> dict[str, Text]:
    errors: dict[str, Text] = {}
    if not name or len(name) > 200 or "\x00" in name:
        errors["name"] = _("Give a name of up to 200 characters.")
    if legal_type not in Organisation.LegalType.values:
        errors["legal_type"] = _("This legal type is unknown.")
    return errors


def _on_contract() -> QuerySet[PurposeVersion]:
    return PurposeVersion.objects.filter(basis=Basis.CONTRACT).exclude(status=Status.DRAFT)


def _ties() -> QuerySet[Relationship]:
    """Relationships that rest on a contract with an organisation, or once did. An employee's contract is their own."""
    found = Relationship.objects.filter(Exists(_on_contract().filter(purpose=OuterRef("purpose"))))
    return found.exclude(role=Relationship.Role.EMPLOYEE)


def _left_behind(organisation: Organisation) -> QuerySet[Relationship]:
    """Of contacts whose contract has ended without their knowing."""
    ties = _ties().filter(subject__organisation=organisation, contract_ended_on=None)
    return ties if organisation.contract_ended_on else ties.none()


def _bring(ties: QuerySet[Relationship], before: date | None, after: date | None, *, now: datetime, actor: str) -> int:
    """Have those relationships end that still run, or that ended when the organisation did until now."""
    moving = Q(contract_ended_on=before) if before and before != after else Q(pk__in=[])
    if after:
        moving |= Q(contract_ended_on=None)
    rows = ties.filter(moving).select_related("subject", "purpose").order_by("pk")
    found = list(rows.only("uuid", "subject__uuid", "subject__is_test", "purpose__slug"))
    Relationship.objects.filter(pk__in=[tie.pk for tie in found]).update(contract_ended_on=after)
    kind = "relationship.ended" if after else "relationship.resumed"
    entries = [
        encode(
            kind=kind,
            at=now,
            actor=actor,
            subject=tie.subject.uuid,
            object=tie.uuid,
            purpose=tie.purpose.slug,
            data={"what": "contract_ended_on"},
            test=tie.subject.is_test,
        )
        for tie in found
    ]
    store(body for _entry, body in entries)
    return len(found)
