"""Ending needs, and with them what nothing else keeps: items, keys, identifiers, people. Set-based, in one transaction.

The order matters. People are locked first, so a block that is being placed is either seen by the delete or waits until
the erasure is over (subjects/blocks.py takes the same lock). What upper apps know is asked through two registries:
guards say who or what must stay, cleaners remove what hangs on somebody who goes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db.models import Exists, QuerySet

from core.errors import DomainError
from processing.models import Purpose
from subjects import deletes, deletes_people, sharing
from subjects.models import DataSubject, ItemPurpose, Relationship

ACTOR = "system:erasure"


class KnownAs(NamedTuple):
    """What somebody who is gone was called by us or by another system; people have the same there."""

    subject: UUID
    type: str
    system: str
    value: str


class Left(NamedTuple):
    """What ended about somebody who stays. `item` is the public id of one that went; of others a purpose is left."""

    subject: UUID
    purpose_id: int
    item_id: int
    item: UUID | None


@dataclass
class Erased:
    """What one transaction ended. The counts are its own; the hashes make tombstones."""

    needs: int = 0
    items: int = 0
    keys: int = 0
    identifiers: int = 0
    relationships: int = 0
    subjects: int = 0
    item_uuids: list[UUID] = field(default_factory=list)
    identifier_uuids: list[UUID] = field(default_factory=list)
    subject_uuids: list[UUID] = field(default_factory=list)
    # Stored as they are: the keyed hash of the record an item came from (subjects.items.source_hash).
    source_hashes: list[bytes] = field(default_factory=list)
    # Under the current suppression key: subjects.identifiers.suppression_hash of every identifier that went.
    identifier_hashes: list[bytes] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    # Relationships that ended with somebody who stays: (person, purpose's primary key).
    ties: list[tuple[UUID, int]] = field(default_factory=list)
    # By which ids other systems know those who are gone, for these to erase them as well.
    known_as: list[KnownAs] = field(default_factory=list)
    # Of those who are gone, the people of calls that only tried the API out.
    invented: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Gone:
    """What cleaners are told: who goes entirely, and which relationships ended (person, purpose's primary key)."""

    subject_ids: list[int]
    subjects: list[UUID]
    relationships: list[tuple[UUID, int]]
    now: datetime
    # The identifiers (primary keys) that those who go have with somebody.
    shared: list[int] = field(default_factory=list)
    # Filled by cleaners: other ids of the same people, which a backup may bring back as people of their own.
    other_ids: list[UUID] = field(default_factory=list)


@dataclass(frozen=True)
class ErasureResult:
    """What an erasure did for one person. `blocked` names the purposes that something stopped."""

    run: UUID
    needs: int
    items: int
    keys: int
    identifiers: int
    subjects: int
    blocked: list[str]
    journal: UUID | None


class Eraser(Protocol):
    def __call__(
        self,
        *,
        subject: DataSubject,
        purposes: Sequence[Purpose],
        request: UUID,
        spared: Collection[UUID] = (),
        actor: str,
        now: datetime,
    ) -> ErasureResult: ...


Pair = tuple[int, int]  # the primary keys of a person and a purpose
# Given primary keys of people of whom we hold nothing here: those who must stay (an open case).
Guard = Callable[[Sequence[int]], Iterable[int]]
# Given relationships that lost their last item, and the time: those that rest on something else (a standing consent).
RelationshipGuard = Callable[[Sequence[Pair], datetime], Iterable[Pair]]
# What a guard says, for counting before: rows that keep the person, or the relationship, of the query around them.
Keeping = Callable[[datetime], QuerySet[Any]]
Cleaner = Callable[[Gone], None]
_erasers: list[Eraser] = []
_guards: list[tuple[Guard, Keeping]] = []
_relationship_guards: list[tuple[RelationshipGuard, Keeping]] = []
_cleaners: list[Cleaner] = []


def register_subject_guard(guard: Guard, keeping: Keeping) -> None:
    """`keeping`: with OuterRef("pk") or OuterRef("uuid") of a person."""
    if (guard, keeping) not in _guards:
        _guards.append((guard, keeping))


def register_relationship_guard(guard: RelationshipGuard, keeping: Keeping) -> None:
    """`keeping`: with OuterRef("subject__uuid") and OuterRef("purpose") of a relationship."""
    if (guard, keeping) not in _relationship_guards:
        _relationship_guards.append((guard, keeping))


def register_cleaner(cleaner: Cleaner) -> None:
    if cleaner not in _cleaners:
        _cleaners.append(cleaner)


def register_eraser(eraser: Eraser) -> None:
    """The one implementation, with run, batch, tombstones and journal; a later one replaces it."""
    _erasers[:] = [eraser]


def erase(
    *,
    subject: DataSubject,
    purposes: Sequence[Purpose],
    request: UUID,
    spared: Collection[UUID] = (),
    actor: str,
    now: datetime,
) -> ErasureResult:
    """Erase what these purposes hold about the person, with evidence. `spared`: items that an exemption keeps."""
    if not _erasers:
        raise DomainError(code="no-eraser")
    return _erasers[0](subject=subject, purposes=purposes, request=request, spared=spared, actor=actor, now=now)


def keeping(ties: QuerySet[Relationship], *, now: datetime) -> list[QuerySet[Any]]:
    """What the guards would say of everybody in a query of people, as queries inside it; no id is read.

    `ties`: of those relationships of the person (OuterRef("pk")) that lose their last item.
    """
    people = [rows(now) for _guard, rows in _guards]
    return [*people, *(ties.filter(Exists(rows(now))) for _guard, rows in _relationship_guards)]


def needs_of(subject: DataSubject, purposes: Sequence[Purpose], *, spared: Collection[UUID] = ()) -> list[int]:
    """The primary keys of everything these purposes need about the person, but for the `spared` items."""
    needs = ItemPurpose.objects.filter(subject=subject, purpose__in=purposes)
    return list(needs.exclude(item__uuid__in=spared).values_list("pk", flat=True))


def end_needs(
    need_ids: list[int],
    *,
    now: datetime,
    pairs: Sequence[tuple[int, int]] = (),
    people: Mapping[int, UUID] | None = None,
    settled: Collection[int] = (),
    rules: bool = True,
) -> Erased:
    """End these needs (primary keys of ItemPurpose) inside the caller's transaction, and all that nothing else keeps.

    A relationship ends with its last item, unless a guard says that it rests on something else. `pairs` (person's and
    purpose's primary key) ends it in any case.
    Active blocks win: a blocked need, its item, its relationship and its person stay.
    `people`: those concerned, when the caller has locked them already (deletes.lock_people).
    `settled`: people who went before and came back with a backup; about them no guard is asked again.
    `rules`: whether holds that name nobody stop it.
    """
    if people is None:
        people = deletes.lock_people(need_ids, [subject for subject, _purpose in pairs])
    ended = deletes.delete_needs(need_ids, rules=rules)
    items = deletes.delete_items([need.item_id for need in ended])
    emptied = {(need.subject_id, need.purpose_id) for need in ended} - set(pairs)
    for keeps, _rows in _relationship_guards:
        emptied -= set(keeps(sorted(emptied), now)) if emptied else set()
    relationships = deletes.delete_relationships({*pairs, *emptied}, rules=rules)
    empty = _leaving(people, settled, rules=rules, now=now)
    shared = sharing.of(sorted(empty)) if empty else []
    gone = Gone(
        subject_ids=sorted(empty),
        subjects=[people[subject] for subject in sorted(empty)],
        relationships=[(people[subject], purpose) for subject, purpose in relationships.pairs if subject in people],
        now=now,
        shared=shared,
    )
    for cleaner in _cleaners:
        cleaner(gone)
    identifiers = deletes_people.delete_people(gone.subject_ids)
    sharing.end(shared, now=now, actor=ACTOR)
    return Erased(
        needs=len(ended),
        items=len(items.uuids),
        keys=items.keys + relationships.keys + identifiers.keys,
        identifiers=len(identifiers.uuids),
        relationships=len(relationships.pairs),
        subjects=len(gone.subjects),
        item_uuids=items.uuids,
        identifier_uuids=identifiers.uuids,
        subject_uuids=[*gone.subjects, *gone.other_ids],
        source_hashes=items.source_hashes,
        identifier_hashes=identifiers.hashes,
        left=_left(ended, empty, people, items),
        ties=[(people[subject], purpose) for subject, purpose in relationships.pairs if subject not in empty],
        known_as=[KnownAs(people[subject], *rest) for subject, *rest in identifiers.known_as],
        invented={people[subject] for subject in identifiers.invented},
    )


def _leaving(people: Iterable[int], settled: Collection[int], *, rules: bool, now: datetime) -> set[int]:
    """Of whom nothing is held and whom nothing keeps. Of the others of whom nothing is held it is noted."""
    found = deletes.empty_people(people, rules=rules)
    empty = {person for person, is_kept in found.items() if not is_kept}
    for guard, _rows in _guards:
        empty -= set(guard(sorted(empty))) - set(settled) if empty else set()
    if kept := found.keys() - empty:
        deletes.note_emptied(kept, now=now)
    return empty


def _left(ended: list[deletes.Need], gone: set[int], people: Mapping[int, UUID], items: deletes.Items) -> list[Left]:
    staying = [need for need in ended if need.subject_id not in gone]
    known = dict(zip(items.ids, items.uuids, strict=True)) if staying else {}
    return [Left(people[need.subject_id], need.purpose_id, need.item_id, known.get(need.item_id)) for need in staying]
