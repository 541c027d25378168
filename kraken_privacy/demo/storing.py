"""Storing a crowd in few statements: the same rows and the same evidence as `subjects.intake.collect` leaves.

Every distinct combination of category, purposes and source passes the check that every collected item passes. A test
holds a person stored here against one who was taken in the ordinary way.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import models

from core.models import Controller, DataKey, Owner
from core.vault import new_key
from kraken_privacy.demo.files import ACTOR, NAMESPACE, NOTICE
from ledger import entries
from ledger.models import Entry
from processing.models import DataCategory, PurposeVersion, System
from subjects import identifiers, items, names, organisations, relationships
from subjects.identifiers import parse_identity
from subjects.models import (
    DataSubject,
    Identifier,
    ItemPurpose,
    NameToken,
    Organisation,
    PersonalDataItem,
    Relationship,
    SubjectIdentifier,
)

Row = dict[str, Any]
# Each table before those that point at it.
ORDER = (
    *(DataSubject, DataKey, Identifier, SubjectIdentifier, Relationship),
    *(PersonalDataItem, ItemPurpose, NameToken, Entry),
)


def ago(months: int, now: datetime) -> datetime:
    """So many months before now, and a day in any case: what is collected today lies in the past."""
    return now - relativedelta(months=months, days=1)


class Batch:
    """People who are described, stored all at once by `save`."""

    def __init__(self, *, now: datetime) -> None:
        self.now, self.zone = now, Controller.current().zone
        self.categories = {category.slug: category for category in DataCategory.objects.all()}
        self.systems = {system.slug: system for system in System.objects.all()}
        self.organisations: dict[tuple[str, str], Organisation] = {}
        self.checked: dict[tuple[Any, ...], Sequence[PurposeVersion]] = {}
        self.rows: dict[type[models.Model], list[Any]] = defaultdict(list)

    def save(self) -> None:
        for model in ORDER:
            model._default_manager.bulk_create(self.rows.pop(model, []), batch_size=2000)

    def add(self, row: Row) -> DataSubject:
        at = min(ago(item["months"], self.now) for item in row["items"])
        subject = DataSubject(organisation=self._organisation(row.get("organisation")))
        self.rows[DataSubject].append(subject)
        for claim in parse_identity(row["identity"]):
            sealed = identifiers.seal(claim)
            identifier = sealed.row()
            self.rows[DataKey].append(sealed.key.row())
            self.rows[Identifier].append(identifier)
            self.rows[SubjectIdentifier].append(SubjectIdentifier(subject=subject, identifier=identifier, added_at=at))
        self._note("subject.created", subject, at=at, data={"test": False})
        known: dict[str, Relationship] = {}
        stored = [self._item(subject, item, row, known) for item in row["items"]]
        self._relate(subject, row, known, at=at)
        self._note(
            "notice.given", subject, at=at, data={"notice": NOTICE, "items": [str(item.uuid) for item in stored]}
        )
        return subject

    def _organisation(self, part: Row | None) -> Organisation | None:
        if part is None:
            return None
        name = part["name"], part["legal_type"]
        if name not in self.organisations:
            days = {"contract_started_on": part.get("months"), "contract_ended_on": part.get("ended")}
            given: Row = {field: self._day(ago(months, self.now)) for field, months in days.items() if months}
            # Makes the organisation; the person in front of it is stored later, with ends of their own.
            self.organisations[name] = organisations.named(name=name[0], legal_type=name[1])
            organisations.amend(self.organisations[name], **given, now=self.now, actor=ACTOR)
        return self.organisations[name]

    def _item(self, subject: DataSubject, part: Row, row: Row, known: dict[str, Relationship]) -> PersonalDataItem:
        at = ago(part["months"], self.now)
        content = json.dumps(part["content"], ensure_ascii=False)
        evidence = uuid.uuid5(NAMESPACE, part["content"]) if part.get("evidence") else None
        versions = self._versions(part, evidence)
        key = new_key(Owner.ITEM, uuid.uuid4())
        system = part.get("system", "kraken-privacy")
        item = PersonalDataItem(
            uuid=key.owner_id,
            subject=subject,
            category=self.categories[part["category"]],
            sealed=key.seal(items.FIELD, content.encode()),
            source=part["source"],
            source_evidence=evidence,
            nature=part.get("nature", "provided"),
            system=self.systems[system],
            collected_at=at,
        )
        self.rows[DataKey].append(key.row())
        self.rows[PersonalDataItem].append(item)
        if part["category"] == names.CATEGORY:
            self.rows[NameToken] += names.tokens(item, content)
        for version in versions:
            need = ItemPurpose(item=item, purpose=version.purpose, subject=subject, category=item.category)
            need.collected_on = self._day(at)
            self.rows[ItemPurpose].append(need)
            self._begin(subject, version, part, row, known)
        data = {"category": part["category"], "purposes": sorted(part["purposes"])}
        data |= {"source": part["source"], "system": system}
        self._note("item.collected", subject, at=at, object=item.uuid, data=data)
        return item

    def _versions(self, part: Row, evidence: uuid.UUID | None) -> Sequence[PurposeVersion]:
        what = (part["category"], tuple(part["purposes"]), part["source"], part.get("nature"), bool(evidence))
        if what not in self.checked:
            _category, self.checked[what] = items.checked(
                category=part["category"],
                purposes=part["purposes"],
                source=part["source"],
                nature=part.get("nature", "provided"),
                collected_at=ago(part["months"], self.now),
                source_evidence=evidence,
                now=self.now,
            )
        return self.checked[what]

    def _begin(
        self, subject: DataSubject, version: PurposeVersion, part: Row, row: Row, known: dict[str, Relationship]
    ) -> None:
        on = self._day(ago(part["months"], self.now))
        slug = version.purpose.slug
        if slug not in known:
            role = row["relationship"]["role"]
            known[slug] = Relationship(subject=subject, purpose=version.purpose, role=role, started_on=on)
            self.rows[Relationship].append(known[slug])
        if part["source"] in relationships.FROM_PERSON:
            known[slug].last_interaction_on = max(known[slug].last_interaction_on or on, on)

    def _relate(self, subject: DataSubject, row: Row, known: dict[str, Relationship], *, at: datetime) -> None:
        """The ground of every relationship, and the date on which it ended."""
        part, ends = row["relationship"], row.get("ends")
        for slug, found in known.items():
            found.ground, found.source = part["ground"], part["source"]
            found.ground_recorded_by, found.ground_recorded_at = ACTOR, at
            if part.get("note"):
                key = new_key(Owner.RELATIONSHIP, found.uuid)
                found.ground_note = key.seal(relationships.FIELD, part["note"].encode())
                self.rows[DataKey].append(key.row())
            data = {"role": part["role"], "ground": part["ground"]}
            self._note("relationship.established", subject, at=at, object=found.uuid, purpose=slug, data=data)
            # Accounts are kept from the day they were made up, whatever becomes of the contract.
            if ends and slug not in ("statutory-accounts", "talent-pool"):
                ended = ago(ends["months"], self.now)
                setattr(found, ends["what"], self._day(ended))
                data = {"what": ends["what"]}
                self._note("relationship.ended", subject, at=ended, object=found.uuid, purpose=slug, data=data)

    def _note(self, kind: str, subject: DataSubject, *, at: datetime, **evidence: Any) -> None:
        _entry, body = entries.encode(kind=kind, at=at, actor=ACTOR, subject=subject.uuid, **evidence)
        self.rows[Entry].append(Entry(body=body))

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
