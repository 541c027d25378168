"""The statements behind subjects/erasure.py. One row of a person is never loaded to be deleted; only identifiers are
opened, because their suppression hashes must outlive their keys.

Grain and cost: every function takes one batch (up to some 5,000 needs) and runs a fixed number of statements, each by
primary key or by an index on the person. Locks are taken in one order everywhere: people, then their identifiers (as in
subjects/people.py), so that a capture and an erasure of one person wait for each other instead of deadlocking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from core.arrays import Among, array
from core.models import Owner
from core.vault import destroy_keys, take_keys
from subjects.identifiers import FIELD, suppression_hash
from subjects.models import DataSubject

# Whoever deletes shares it for the length of a batch, whoever places a hold by rule has it alone: so that a hold is
# either seen by the delete or waits for its end (blocks.place_rule).
RULES_LOCK = "hashtextextended('subjects holds by rule', 0)"
# Inside a delete of needs: a hold that names nobody. There are few, so this is one look into an almost empty index.
NOT_HELD_BY_RULE = """
AND NOT EXISTS (
  SELECT 1 FROM subjects_erasureblock AS rule
  WHERE rule.subject_id IS NULL
    AND rule.released_at IS NULL
    AND (rule.purpose_id IS NULL OR rule.purpose_id = need.purpose_id)
    AND (rule.collected_from IS NULL OR need.collected_on >= rule.collected_from)
    AND (rule.collected_to IS NULL OR need.collected_on <= rule.collected_to)
    AND (rule.system_id IS NULL OR rule.system_id = (
      SELECT item.system_id FROM subjects_personaldataitem AS item WHERE item.id = need.item_id))
    AND (rule.organisation_id IS NULL OR rule.organisation_id = (
      SELECT person.organisation_id FROM subjects_datasubject AS person WHERE person.id = need.subject_id))
)
"""


class Need(NamedTuple):
    id: int
    item_id: int
    subject_id: int
    purpose_id: int


@dataclass(frozen=True)
class Items:
    uuids: list[UUID]
    source_hashes: list[bytes]
    keys: int


@dataclass(frozen=True)
class Relationships:
    pairs: list[tuple[int, int]]
    keys: int


@dataclass(frozen=True)
class Identifiers:
    uuids: list[UUID]
    hashes: list[bytes]
    keys: int


class Going(NamedTuple):
    """An identifier that is about to be deleted."""

    id: int
    uuid: UUID
    type: str
    system: str
    sealed: bytes


def lock_people(need_ids: Sequence[int], others: Iterable[int], *, wait: bool = True) -> dict[int, UUID]:
    """The people these needs are about, and others by primary key, locked: primary key → public id.

    Nobody can take in data about them or place a block before the transaction ends. Without `wait`, only those whom
    nobody else has locked.
    """
    people = set(others)
    if need_ids:
        people.update(
            row[0] for row in _run("SELECT subject_id FROM subjects_itempurpose WHERE id = ANY(%s::bigint[])", need_ids)
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})")
    locked = "SELECT id, uuid FROM subjects_datasubject WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE"
    return dict(_run(locked if wait else f"{locked} SKIP LOCKED", people))


def delete_needs(need_ids: Sequence[int]) -> list[Need]:
    """End the needs that no active block stops. The block is looked for by the delete itself, in its own snapshot."""
    return [
        Need(*row)
        for row in _run(
            f"""
            DELETE FROM subjects_itempurpose AS need
            WHERE need.id = ANY(%s::bigint[])
              AND NOT EXISTS (
                SELECT 1 FROM subjects_erasureblock AS block
                WHERE block.subject_id = need.subject_id
                  AND block.released_at IS NULL
                  AND (block.purpose_id IS NULL OR block.purpose_id = need.purpose_id)
                  AND (block.item_id IS NULL OR block.item_id = need.item_id)
              )
              {NOT_HELD_BY_RULE}
            RETURNING need.id, need.item_id, need.subject_id, need.purpose_id
            """,  # noqa: S608  (the constant above)
            need_ids,
        )
    ]


def delete_items(item_ids: Sequence[int]) -> Items:
    """Delete those of the items that no purpose needs any more, with their restrictions, blocks, words and keys."""
    ids = set(item_ids)
    for table in ("subjects_restriction", "subjects_erasureblock", "subjects_nametoken"):
        _run(
            f"""
            DELETE FROM {table} AS part
            WHERE part.item_id = ANY(%s::bigint[])
              AND NOT EXISTS (SELECT 1 FROM subjects_itempurpose AS need WHERE need.item_id = part.item_id)
            """,  # noqa: S608  (names from the line above)
            ids,
        )
    rows = _run(
        """
        DELETE FROM subjects_personaldataitem AS item
        WHERE item.id = ANY(%s::bigint[])
          AND NOT EXISTS (SELECT 1 FROM subjects_itempurpose AS need WHERE need.item_id = item.id)
        RETURNING item.uuid, item.source_record
        """,
        ids,
    )
    uuids = [row[0] for row in rows]
    return Items(uuids, [bytes(row[1]) for row in rows if row[1] is not None], destroy_keys(Owner.ITEM, uuids))


def delete_relationships(pairs: Iterable[tuple[int, int]]) -> Relationships:
    """Delete the relationships (person, purpose) for which nothing is held any more and which nothing blocks."""
    ordered = sorted(pairs)
    rows = _run(
        """
        DELETE FROM subjects_relationship AS relationship
        USING UNNEST(%s::bigint[], %s::bigint[]) AS pair (subject_id, purpose_id)
        WHERE relationship.subject_id = pair.subject_id
          AND relationship.purpose_id = pair.purpose_id
          AND NOT EXISTS (
            SELECT 1 FROM subjects_itempurpose AS need
            WHERE need.subject_id = pair.subject_id AND need.purpose_id = pair.purpose_id
          )
          AND NOT EXISTS (
            SELECT 1 FROM subjects_erasureblock AS block
            WHERE block.subject_id = pair.subject_id
              AND block.released_at IS NULL
              AND block.item_id IS NULL
              AND (block.purpose_id IS NULL OR block.purpose_id = pair.purpose_id)
          )
          AND NOT EXISTS (
            SELECT 1 FROM subjects_erasureblock AS rule
            WHERE rule.subject_id IS NULL
              AND rule.released_at IS NULL
              AND (rule.purpose_id IS NULL OR rule.purpose_id = pair.purpose_id)
              AND rule.system_id IS NULL AND rule.collected_from IS NULL AND rule.collected_to IS NULL
              AND (rule.organisation_id IS NULL OR rule.organisation_id = (
                SELECT person.organisation_id FROM subjects_datasubject AS person WHERE person.id = pair.subject_id))
          )
        RETURNING relationship.subject_id, relationship.purpose_id, relationship.uuid
        """,
        (subject for subject, _purpose in ordered),
        (purpose for _subject, purpose in ordered),
    )
    return Relationships([(row[0], row[1]) for row in rows], destroy_keys(Owner.RELATIONSHIP, [row[2] for row in rows]))


def empty_people(subject_ids: Iterable[int]) -> set[int]:
    """Those of whom this app holds nothing any more: no item, no relationship, no active block."""
    return {
        row[0]
        for row in _run(
            """
            SELECT person.id FROM subjects_datasubject AS person
            WHERE person.id = ANY(%s::bigint[])
              AND NOT EXISTS (SELECT 1 FROM subjects_personaldataitem AS item WHERE item.subject_id = person.id)
              AND NOT EXISTS (SELECT 1 FROM subjects_relationship AS tie WHERE tie.subject_id = person.id)
              AND NOT EXISTS (
                SELECT 1 FROM subjects_erasureblock AS block
                WHERE block.subject_id = person.id AND block.released_at IS NULL
              )
              AND NOT EXISTS (
                SELECT 1 FROM subjects_erasureblock AS rule
                WHERE rule.subject_id IS NULL AND rule.released_at IS NULL AND rule.purpose_id IS NULL
                  AND rule.system_id IS NULL AND rule.collected_from IS NULL AND rule.collected_to IS NULL
                  AND rule.organisation_id = person.organisation_id
              )
            """,
            subject_ids,
        )
    }


def delete_people(subject_ids: Sequence[int]) -> Identifiers:
    """Delete these people, what hangs on them, and the identifiers that nobody else is known by."""
    if not subject_ids:
        return Identifiers([], [], 0)
    ids = list(subject_ids)
    going = _only_theirs(ids)
    keys = take_keys(Owner.IDENTIFIER, (row.uuid for row in going))
    values = {row.id: keys[row.uuid].open(FIELD, row.sealed).decode() for row in going if row.uuid in keys}
    hashes = [suppression_hash(row.type, values[row.id], row.system) for row in going if row.id in values]
    _run("DELETE FROM subjects_subjectidentifier WHERE subject_id = ANY(%s::bigint[])", ids)
    # The links of test persons to the same address.
    _run("DELETE FROM subjects_subjectidentifier WHERE identifier_id = ANY(%s::bigint[])", (row.id for row in going))
    _run("DELETE FROM subjects_identifier WHERE id = ANY(%s::bigint[])", (row.id for row in going))
    _delete_what_hangs(ids)
    _forget_above(ids)
    rows = _run("DELETE FROM subjects_datasubject WHERE id = ANY(%s::bigint[]) RETURNING organisation_id", ids)
    _delete_organisations(sorted({row[0] for row in rows if row[0] is not None}))
    return Identifiers([row.uuid for row in going], hashes, len(keys))


def _only_theirs(ids: list[int]) -> list[Going]:
    """The identifiers by which nobody stays known. A test person does not keep the address of a live one."""
    _run(
        "SELECT id FROM subjects_identifier WHERE id IN"
        " (SELECT identifier_id FROM subjects_subjectidentifier WHERE subject_id = ANY(%s::bigint[]))"
        " ORDER BY id FOR UPDATE",
        ids,
    )
    rows = _run(
        """
        SELECT id, uuid, type, system, sealed FROM subjects_identifier WHERE id IN (
          SELECT link.identifier_id FROM subjects_subjectidentifier AS link
          JOIN subjects_datasubject AS mine ON mine.id = link.subject_id
          WHERE mine.id = ANY(%s::bigint[])
            AND NOT EXISTS (
              SELECT 1 FROM subjects_subjectidentifier AS other
              JOIN subjects_datasubject AS them ON them.id = other.subject_id
              WHERE other.identifier_id = link.identifier_id
                AND them.id <> ALL(%s::bigint[])
                AND (mine.is_test OR NOT them.is_test)
            )
        )
        ORDER BY id
        """,
        ids,
        ids,
    )
    return [Going(*row) for row in rows]


def _delete_what_hangs(ids: list[int]) -> None:
    """Rows that carry ids and codes only and mean nothing without the person."""
    _run(
        "DELETE FROM subjects_disclosure_categories WHERE disclosure_id IN"
        " (SELECT id FROM subjects_disclosure WHERE subject_id = ANY(%s::bigint[]))",
        ids,
    )
    _run("DELETE FROM subjects_disclosure WHERE subject_id = ANY(%s::bigint[])", ids)
    _run("DELETE FROM subjects_restriction WHERE subject_id = ANY(%s::bigint[])", ids)
    _run("DELETE FROM subjects_restricteduse WHERE subject_id = ANY(%s::bigint[])", ids)
    _run("DELETE FROM subjects_erasureblock WHERE subject_id = ANY(%s::bigint[])", ids)


def _delete_organisations(organisation_ids: list[int]) -> None:
    """The name of an organisation may be a person's name (a sole trader), so it goes with its last contact."""
    _run(
        """
        DELETE FROM subjects_organisation AS organisation
        WHERE organisation.id = ANY(%s::bigint[])
          AND NOT EXISTS (
            SELECT 1 FROM subjects_datasubject AS contact WHERE contact.organisation_id = organisation.id
          )
          AND NOT EXISTS (
            SELECT 1 FROM subjects_erasureblock AS rule WHERE rule.organisation_id = organisation.id
          )
        """,
        organisation_ids,
    )


def _forget_above(ids: list[int]) -> None:
    """Rows of upper apps that may outlive the person (a closed case) stop pointing to them: on_delete=SET_NULL."""
    for relation in DataSubject._meta.related_objects:
        if relation.field.null and relation.related_model._meta.app_label != "subjects":
            name = relation.field.name
            relation.related_model._base_manager.filter(Among(name, ids)).update(**{name: None})


def _run(sql: str, *ids: Iterable[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [array(some) for some in ids])
        return cursor.fetchall() if cursor.description else []
