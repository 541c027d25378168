"""What we hold about a person: taken in for declared purposes only, sealed under its own key, gone when unneeded."""

import hmac
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound, Text
from core.keys import keyring
from core.models import Controller, Owner
from core.vault import create_key, keys_of
from ledger.entries import record
from processing import purposes as register
from processing.models import Basis, DataCategory, Purpose, PurposeVersion, System
from subjects import names, relationships
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem, RestrictedUse
from subjects.people import hold

FIELD = "content"
# What the content says of itself after a rule changed it for good: what is left, and by which rule.
MARK, BY = "pseudonymised", "by"
Source = PersonalDataItem.Source
FROM_OTHERS = frozenset({Source.THIRD_PARTY, Source.PUBLIC_SOURCE})

# Answers whether a record of this keyed hash and date is an erased one written back.
WriteGuard = Callable[[bytes, datetime], bool]
_guards: list[WriteGuard] = []
# Told of what was refused, once nothing can be rolled back any more.
Keeper = Callable[["Late"], None]
_keepers: list[Keeper] = []


class SourceEvidenceMissing(Invalid):
    """Data from somebody else needs what shows that they were allowed to share it (UK GDPR Art 14, Art 6(1)(f))."""

    code = "source-evidence-missing"


@dataclass(frozen=True)
class Late:
    """A record that came from elsewhere, by its keyed hash, or by that of it and a purpose for which it has ended."""

    hash: bytes
    collected_at: datetime
    system: str
    category: str
    now: datetime


class WrittenBack(DomainError):
    """A copy of an erased record, older than its erasure. What a person newly gives us is never refused."""

    code = "erased-record"
    message = _("This record was erased and must not be written back.")

    def __init__(self, record: Late) -> None:
        super().__init__()
        self.record = record

    def note(self) -> None:
        """For staff to see, without what the record held."""
        for keep in _keepers:
            keep(self.record)


def register_write_guard(guard: WriteGuard) -> None:
    """Have `guard(source record's hash, collected at)` asked before an item with a source record is taken in."""
    if guard not in _guards:
        _guards.append(guard)


def register_late_write_keeper(keeper: Keeper) -> None:
    if keeper not in _keepers:
        _keepers.append(keeper)


def source_hash(source_record: str) -> bytes:
    """The keyed hash under which a source record ("system:id") is recognised, also after its erasure."""
    return source_hashes(source_record)[0]


def source_hashes(source_record: str) -> list[bytes]:
    """The same under every key, the current one first: what a look-up tries."""
    ring = keyring("SUPPRESSION_KEYS")
    return [ring.mac(f"record|{source_record}".encode(), key_id) for key_id in ring.keys]


def ended_hash(origin: bytes, purpose: str) -> bytes:
    """What a record (its `source_hash`) is recognised by after it ended for this purpose alone (slug)."""
    return hmac.digest(origin, b"ended|" + purpose.encode(), "sha256")


@transaction.atomic
def collect(
    subject: DataSubject,
    *,
    category: str,
    purposes: Sequence[str],
    content: str,
    source: str,
    nature: str,
    collected_at: datetime,
    system: str = "kraken-privacy",
    source_evidence: uuid.UUID | None = None,
    source_record: str | bytes | None = None,
    role: str = "",
    now: datetime,
    actor: str,
) -> PersonalDataItem:
    """Take in one item for purposes that are live and declare its category; keep or begin the relationship of each.

    `content` is JSON text. `source_record` names the record it came from ("crm:4711", or its `source_hash`).
    """
    kind, versions = checked(
        category=category,
        purposes=purposes,
        source=source,
        nature=nature,
        collected_at=collected_at,
        source_evidence=source_evidence,
        now=now,
    )
    if _is_marked(content):
        sentence = _("“pseudonymised” and “by” together are how a rule marks what it changed. Rename one of them.")
        raise Invalid(fields={"content": sentence})
    origin = _origin(source_record, collected_at, purposes, system=system, category=category, now=now)
    if not hold(subject):
        raise NotFound
    key = create_key(Owner.ITEM, uuid.uuid4())
    item = PersonalDataItem.objects.create(
        uuid=key.owner_id,
        subject=subject,
        category=kind,
        sealed=key.seal(FIELD, content.encode()),
        source=source,
        source_evidence=source_evidence,
        source_record=origin,
        nature=nature,
        system=_system(system),
        collected_at=collected_at,
    )
    if category == names.CATEGORY:
        names.remember(item, content)
    _link(item, versions, role=role, now=now, actor=actor)
    record(
        kind="item.collected",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=item.uuid,
        data={"category": category, "purposes": sorted(purposes), "source": source, "system": system},
    )
    return item


def _is_marked(content: str) -> bool:
    """It would pass as changed, and keep its values for ever."""
    try:
        found = json.loads(content)
    except ValueError:
        return False
    return isinstance(found, dict) and MARK in found and BY in found


def _origin(
    source_record: str | bytes | None,
    collected_at: datetime,
    purposes: Sequence[str],
    *,
    system: str,
    category: str,
    now: datetime,
) -> bytes | None:
    """The hash of the record an item came from, unless that was erased since, or ended for one of the purposes."""
    if source_record is None:
        return None
    origins = source_hashes(source_record) if isinstance(source_record, str) else [source_record]
    for known in (mark for origin in origins for mark in (origin, *(ended_hash(origin, one) for one in purposes))):
        if any(guard(known, collected_at) for guard in _guards):
            raise WrittenBack(Late(known, collected_at, system, category, now))
    return origins[0]


def checked(
    *,
    category: str,
    purposes: Sequence[str],
    source: str,
    nature: str,
    collected_at: datetime,
    source_evidence: uuid.UUID | None,
    now: datetime,
) -> tuple[DataCategory, list[PurposeVersion]]:
    """The category and the live versions of the purposes, or Invalid naming every field at fault."""
    errors: dict[str, Text] = {}
    kind = DataCategory.objects.filter(slug=category).first()
    if kind is None:
        errors["category"] = _("This category of data is not in the register.")
    versions = _versions(purposes, errors)
    if kind and any(not version.categories.filter(pk=kind.pk).exists() for version in versions):
        errors["category"] = _("One of the purposes does not declare this category.")
    if source not in Source.values:
        errors["source"] = _("This source is unknown.")
    if nature not in PersonalDataItem.Nature.values:
        errors["nature"] = _("This nature is unknown.")
    if collected_at > now:
        errors["collected_at"] = _("This lies in the future.")
    if errors or kind is None:
        raise Invalid(fields=errors)
    by_interest = any(version.basis == Basis.LEGITIMATE_INTEREST for version in versions)
    if source_evidence is None and (source == Source.THIRD_PARTY or (source in FROM_OTHERS and by_interest)):
        sentence = _("Say what shows that this source was allowed to share it.")
        raise SourceEvidenceMissing(sentence, fields={"source_evidence": sentence})
    return kind, versions


def _versions(purposes: Sequence[str], errors: dict[str, Text]) -> list[PurposeVersion]:
    if not purposes:
        errors["purposes"] = _("Name at least one purpose.")
    versions = []
    for slug in dict.fromkeys(purposes):
        try:
            versions.append(register.live(slug))
        except DomainError as error:
            errors["purposes"] = error.message
    return versions


def _system(slug: str) -> System:
    found = System.objects.filter(slug=slug).first()
    if found is None:
        raise Invalid(fields={"system": _("This system is not in the register.")})
    return found


def _link(item: PersonalDataItem, versions: list[PurposeVersion], *, role: str, now: datetime, actor: str) -> None:
    day = item.collected_at.astimezone(Controller.current().zone).date()
    ItemPurpose.objects.bulk_create(
        ItemPurpose(item=item, purpose=version.purpose, subject=item.subject, category=item.category, collected_on=day)
        for version in versions
    )
    for version in versions:
        relationships.begin(item.subject, version, role=role, source=item.source, on=day, now=now, actor=actor)


def contents(items: Iterable[PersonalDataItem]) -> dict[int, str]:
    """The readable contents by primary key, in one query for the keys; absent where the key has been destroyed."""
    rows = list(items)
    keys = keys_of(Owner.ITEM, (row.uuid for row in rows))
    return {row.pk: keys[row.uuid].open(FIELD, bytes(row.sealed)).decode() for row in rows if row.uuid in keys}


def readable_for(
    subject: DataSubject, purpose: Purpose, *, use: RestrictedUse | None = None, now: datetime | None = None
) -> QuerySet[PersonalDataItem]:
    """What may be used about this person for this purpose: needed by it, and not restricted (UK GDPR Art 18).

    `use`: one that was recorded of what is restricted, and is in force at `now`.
    """
    usable = PersonalDataItem.objects.usable_for(purpose, use=use, now=now).filter(subject=subject)
    return usable.select_related("category", "system").order_by("pk")
