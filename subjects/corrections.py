"""Putting right what we hold (UK GDPR Art 16), so that nothing of what was wrong stays behind.

Data in use are sealed anew under a fresh key, and the key of the old value is destroyed. A document that must stay as
it was written gets the person's statement beside it instead. An address or number is taken off and another linked; the
new one proves nothing until it is confirmed.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound
from core.models import Owner
from core.vault import Key, create_key, destroy_keys, key_of, keys_of
from ledger.entries import record
from subjects import blocks, names, people, sharing
from subjects.identifiers import Claim, reveal
from subjects.items import FIELD
from subjects.models import DataSubject, Identifier, PersonalDataItem, SubjectIdentifier

STATEMENT = "statement"
# What was written, sent or observed at the time is a record of that time. Changing it would falsify it.
HISTORIC = frozenset({"correspondence", "feedback", "invoice", "contract", "application", "website-activity"})


def parts_of(content: str) -> dict[str, str]:
    """The texts in an item's content that can be corrected one by one. The empty name is the content as a whole."""
    try:
        value = json.loads(content)
    except ValueError:
        return {"": content}
    if isinstance(value, dict):
        return {name: _text(part) for name, part in value.items() if not isinstance(part, dict | list)}
    return {"": _text(value)}


@transaction.atomic
def correct_item(item: PersonalDataItem, part: str, value: str, *, request: UUID, now: datetime, actor: str) -> None:
    """Replace one part of the content in place. The old content cannot be opened by anybody afterwards.

    Raises blocks.UnderHold when a hold keeps it as it is.
    """
    row = _locked(item)
    blocks.keep_held(row.subject, item=row)
    old = key_of(Owner.ITEM, row.uuid)
    content = _changed(old.open(FIELD, bytes(row.sealed)).decode(), part, value)
    told = _statements(row, old)
    destroy_keys(Owner.ITEM, [row.uuid])
    key = create_key(Owner.ITEM, row.uuid)
    row.sealed = key.seal(FIELD, content.encode())
    row.statement = key.seal(STATEMENT, json.dumps(told).encode()) if told else None
    row.save(update_fields=["sealed", "statement"])
    if row.category.slug == names.CATEGORY:
        row.name_tokens.all().delete()
        names.remember(row, content)
    _note("item.corrected", row, request=request, now=now, actor=actor)


@transaction.atomic
def add_statement(item: PersonalDataItem, text: str, *, on: date, request: UUID, now: datetime, actor: str) -> None:
    """Put what the person says beside a document that stays as it was."""
    row = _locked(item)
    key = key_of(Owner.ITEM, row.uuid)
    told = [*_statements(row, key), {"on": on.isoformat(), "text": text}]
    row.statement = key.seal(STATEMENT, json.dumps(told).encode())
    row.save(update_fields=["statement"])
    _note("item.supplemented", row, request=request, now=now, actor=actor)


def statements_of(items: Iterable[PersonalDataItem]) -> dict[int, list[dict[str, str]]]:
    """The statements beside these items, oldest first, by primary key; in one query."""
    rows = [row for row in items if row.statement]
    keys = keys_of(Owner.ITEM, (row.uuid for row in rows))
    return {row.pk: _statements(row, keys[row.uuid]) for row in rows if row.uuid in keys}


@transaction.atomic
def replace_identifier(
    subject: DataSubject, identifier: UUID, value: str, *, proof: str = "", request: UUID, now: datetime, actor: str
) -> UUID:
    """Take an address or number off this person and link the right one; returns the new one's public id.

    The new one is unconfirmed unless `proof` says how control of it was shown. Raises AmbiguousIdentity when somebody
    else is known by it. Where nobody else has the old one, it goes with its key. Raises UnderHold when a hold keeps
    what the person was known by, with others or alone.
    """
    if not people.hold_known(subject):
        raise NotFound
    row = Identifier.objects.select_for_update().filter(uuid=identifier, subject_links__subject=subject).first()
    if row is None:
        raise NotFound
    claim = Claim(row.type, value, row.system)
    if reveal([row]).get(row.pk) == claim.normalised:
        raise Invalid(fields={"new": _("This is what we have already.")})
    if people.is_known(claim):
        raise people.AmbiguousIdentity
    _take_off(subject, row, now=now, actor=actor)
    found = people.link(subject, claim)
    if proof:
        people.verify_identifier(subject, claim, how=proof, now=now, actor=actor)
    record(
        kind="identifier.corrected",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=found.uuid,
        data={"type": row.type, "request": request, "proved": bool(proof)},
    )
    return found.uuid


def _take_off(subject: DataSubject, row: Identifier, *, now: datetime, actor: str) -> None:
    blocks.keep_held(subject)
    SubjectIdentifier.objects.filter(subject=subject, identifier=row).delete()
    left = SubjectIdentifier.objects.filter(identifier=row)
    if not left.exists():
        destroy_keys(Owner.IDENTIFIER, [row.uuid])
        row.delete()
        return
    sharing.end([row.pk], now=now, actor=actor)


def _locked(item: PersonalDataItem) -> PersonalDataItem:
    if not people.hold(item.subject):
        raise NotFound
    rows = PersonalDataItem.objects.select_for_update(of=("self",)).select_related("category", "subject")
    row = rows.filter(pk=item.pk).first()
    if row is None:
        raise NotFound
    return row


def _changed(content: str, part: str, value: str) -> str:
    try:
        known = json.loads(content)
    except ValueError:
        return json.dumps(value)
    if isinstance(known, dict):
        if part not in known:
            raise NotFound
        return json.dumps({**known, part: _like(known[part], value)})
    return json.dumps(_like(known, value))


def _like(old: Any, value: str) -> Any:
    """A number stays a number where the new value is one."""
    if isinstance(old, int | float) and not isinstance(old, bool):
        try:
            number = json.loads(value)
        except ValueError:
            return value
        return number if isinstance(number, int | float) else value
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _statements(row: PersonalDataItem, key: Key) -> list[dict[str, str]]:
    if not row.statement:
        return []
    told: list[dict[str, str]] = json.loads(key.open(STATEMENT, bytes(row.statement)))
    return told


def _note(kind: str, item: PersonalDataItem, *, request: UUID, now: datetime, actor: str) -> None:
    data = {"category": item.category.slug, "request": request}
    record(kind=kind, at=now, actor=actor, subject=item.subject.uuid, object=item.uuid, data=data)
