"""Showing what is held: for one purpose, no more than that purpose needs, and never without an entry in the ledger."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.models import Owner
from core.vault import keys_of
from ledger.entries import record
from office.person import Person
from office.visibility import Sight
from processing.models import PurposeVersion, Status
from subjects import items, relationships
from subjects.identifiers import reveal
from subjects.models import PersonalDataItem

# Whoever answers the person, or keeps a claim, must see everything.
EVERYTHING = ("rights-requests", "security-and-legal-claims")


def purposes(sight: Sight) -> Sequence[PurposeVersion]:
    """The purposes that somebody may look for: those that are live, answering the person first."""
    found = PurposeVersion.objects.filter(status=Status.LIVE).select_related("purpose")
    live = [version for version in found if sight.reaches(version.purpose_id)]
    return sorted(live, key=lambda version: (version.purpose.slug not in EVERYTHING, version.title))


@transaction.atomic
def show(person: Person, *, purpose: str, sight: Sight, actor: str, now: datetime) -> PurposeVersion:
    """Open addresses, notes and the items on this page that the purpose needs and may use; record who looked and why.

    A restriction (Art 18) hides what it covers from every purpose but answering the person and legal claims.
    """
    version = next((found for found in purposes(sight) if found.purpose.slug == purpose), None)
    if version is None:
        raise Invalid(fields={"purpose": _("Choose what you need it for.")})
    everything = purpose in EVERYTHING
    useful = PersonalDataItem.objects.usable_for(version.purpose).filter(pk__in=[held.item.pk for held in person.held])
    keys = set(useful.values_list("pk", flat=True))
    usable = [held for held in person.held if everything or held.item.pk in keys]
    contents = items.contents([held.item for held in usable])
    for held in usable:
        held.content = contents.get(held.item.pk, "")
    values = reveal([known.link.identifier for known in person.known])
    for known in person.known:
        known.value = values.get(known.link.identifier_id, "")
    person.notes = _notes(person, None if everything else version.purpose_id)
    record(
        kind="person.viewed",
        at=now,
        actor=actor,
        subject=person.subject.uuid,
        purpose=purpose,
        data={"items": [str(held.item.uuid) for held in usable], "identifiers": len(values)},
    )
    return version


def _notes(person: Person, purpose: int | None) -> dict[int, str]:
    """The notes on grounds by the relationship's primary key, in one query."""
    ties = [tie for tie, _version in person.ties if tie.ground_note and purpose in (None, tie.purpose_id)]
    keys = keys_of(Owner.RELATIONSHIP, (tie.uuid for tie in ties))
    return {
        tie.pk: keys[tie.uuid].open(relationships.FIELD, bytes(tie.ground_note or b"")).decode()
        for tie in ties
        if tie.uuid in keys
    }
