"""The statements behind subjects/erasure.py. One row of a person is never loaded to be deleted; only identifiers are
opened, because their suppression hashes must outlive their keys.

Grain and cost: every function takes one batch (up to some 5,000 needs) and runs a fixed number of statements, each by
primary key or by an index on the person. Locks are taken in one order everywhere: people, then their identifiers (as in
subjects/people.py), so that a capture and an erasure of one person wait for each other instead of deadlocking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from core import prepared
from core.arrays import array
from core.models import Owner
from core.vault import destroy_keys

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
    AND (rule.categories IS NULL OR need.category_id = ANY(rule.categories))
    AND (rule.sources IS NULL OR (
      SELECT item.source FROM subjects_personaldataitem AS item WHERE item.id = need.item_id) = ANY(rule.sources))
    AND (rule.roles IS NULL OR (
      SELECT tie.role FROM subjects_relationship AS tie
      WHERE tie.subject_id = need.subject_id AND tie.purpose_id = need.purpose_id) = ANY(rule.roles))
    AND (rule.organisation_id IS NULL OR rule.organisation_id = (
      SELECT person.organisation_id FROM subjects_datasubject AS person WHERE person.id = need.subject_id))
    AND (rule.jurisdictions IS NULL OR (
      SELECT person.jurisdiction FROM subjects_datasubject AS person
      WHERE person.id = need.subject_id) = ANY(rule.jurisdictions))
)
"""
TIE_NOT_HELD_BY_RULE = """
AND NOT EXISTS (
  SELECT 1 FROM subjects_erasureblock AS rule
  WHERE rule.subject_id IS NULL
    AND rule.released_at IS NULL
    AND (rule.purpose_id IS NULL OR rule.purpose_id = pair.purpose_id)
    AND rule.system_id IS NULL AND rule.collected_from IS NULL AND rule.collected_to IS NULL
    AND rule.categories IS NULL AND rule.sources IS NULL
    AND (rule.roles IS NULL OR relationship.role = ANY(rule.roles))
    AND (rule.organisation_id IS NULL OR rule.organisation_id = (
      SELECT person.organisation_id FROM subjects_datasubject AS person WHERE person.id = pair.subject_id))
    AND (rule.jurisdictions IS NULL OR (
      SELECT person.jurisdiction FROM subjects_datasubject AS person
      WHERE person.id = pair.subject_id) = ANY(rule.jurisdictions))
)
"""
PERSON_HELD_BY_RULE = """
rule.subject_id IS NULL AND rule.released_at IS NULL AND rule.purpose_id IS NULL
AND rule.system_id IS NULL AND rule.collected_from IS NULL AND rule.collected_to IS NULL
AND rule.categories IS NULL AND rule.sources IS NULL AND rule.roles IS NULL
AND (rule.organisation_id IS NULL OR rule.organisation_id = person.organisation_id)
AND (rule.jurisdictions IS NULL OR person.jurisdiction = ANY(rule.jurisdictions))
AND (rule.organisation_id IS NOT NULL OR rule.jurisdictions IS NOT NULL)
"""

# With the lock of the people: what looks for holds is a later statement, which sees what this one waited for.
LOCK = f"""
SELECT id, uuid FROM subjects_datasubject
WHERE id = ANY(%s::bigint[]) AND (SELECT pg_advisory_xact_lock_shared({RULES_LOCK})) IS NOT NULL
ORDER BY id FOR UPDATE
"""  # noqa: S608  (the constant above)
# Without compiling, too: it takes longer than a batch, and PostgreSQL before 18 does it for every scan that is "off".
SLOW_FOR_BATCHES = "{enable_seqscan,enable_hashjoin,enable_mergejoin,jit}"
# One statement for all that hangs on an item. Each part looks at the same snapshot, in which the needs have ended.
DELETE_ITEMS = """
WITH going AS MATERIALIZED (
    SELECT item.id FROM subjects_personaldataitem AS item
    WHERE item.id = ANY(%(ids)s::bigint[])
      AND NOT EXISTS (SELECT 1 FROM subjects_itempurpose AS need WHERE need.item_id = item.id)
), restriction AS (
    DELETE FROM subjects_restriction WHERE item_id IN (SELECT id FROM going)
), block AS (
    DELETE FROM subjects_erasureblock WHERE item_id IN (SELECT id FROM going)
), word AS (
    DELETE FROM subjects_nametoken WHERE item_id IN (SELECT id FROM going)
), gone AS (
    DELETE FROM subjects_personaldataitem WHERE id IN (SELECT id FROM going) RETURNING id, uuid, source_record
), destroyed AS (
    DELETE FROM core_datakey WHERE owner = %(owner)s AND owner_id IN (SELECT uuid FROM gone) RETURNING owner_id
)
SELECT id, uuid, source_record, (SELECT count(*) FROM destroyed) FROM gone
"""


class Need(NamedTuple):
    id: int
    item_id: int
    subject_id: int
    purpose_id: int


@dataclass(frozen=True)
class Items:
    ids: list[int]
    uuids: list[UUID]
    source_hashes: list[bytes]
    keys: int


@dataclass(frozen=True)
class Relationships:
    pairs: list[tuple[int, int]]
    keys: int


def by_index() -> None:
    """Every statement of this transaction finds its rows by index.

    The arrays of a batch look large enough to the planner to hash a whole table beside them, again in each batch.
    """
    run(f"SELECT set_config(name, 'off', true) FROM UNNEST('{SLOW_FOR_BATCHES}'::text[]) AS name")  # noqa: S608


def lock_people(need_ids: Sequence[int], others: Iterable[int], *, wait: bool = True) -> dict[int, UUID]:
    """The people these needs are about, and others by primary key, locked: primary key → public id.

    Nobody can take in data about them or place a block before the transaction ends. Without `wait`, only those whom
    nobody else has locked.
    """
    people = set(others)
    if need_ids:
        people.update(
            row[0] for row in run("SELECT subject_id FROM subjects_itempurpose WHERE id = ANY(%s::bigint[])", need_ids)
        )
    return dict(run(LOCK if wait else f"{LOCK} SKIP LOCKED", people))


def delete_needs(need_ids: Sequence[int], *, rules: bool = True) -> list[Need]:
    """End the needs that no active block stops. The block is looked for by the delete itself, in its own snapshot.

    Here and below: without `rules`, holds that name nobody stop nothing.
    """
    return [
        Need._make(row)
        for row in run(
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
              {NOT_HELD_BY_RULE if rules else ""}
            RETURNING need.id, need.item_id, need.subject_id, need.purpose_id
            """,  # noqa: S608  (the constant above)
            need_ids,
        )
    ]


def delete_items(item_ids: Sequence[int]) -> Items:
    """Delete those of the items that no purpose needs any more, with their restrictions, blocks, words and keys."""
    rows = (
        prepared.fetch_all(DELETE_ITEMS, {"ids": array(set(item_ids)), "owner": Owner.ITEM.value}) if item_ids else []
    )
    hashes = [bytes(row[2]) for row in rows if row[2] is not None]
    return Items([row[0] for row in rows], [row[1] for row in rows], hashes, rows[0][3] if rows else 0)


def delete_relationships(pairs: Iterable[tuple[int, int]], *, rules: bool = True) -> Relationships:
    """Delete the relationships (person, purpose) for which nothing is held any more and which nothing blocks."""
    ordered = sorted(pairs)
    rows = run(
        f"""
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
          {TIE_NOT_HELD_BY_RULE if rules else ""}
        RETURNING relationship.subject_id, relationship.purpose_id, relationship.uuid
        """,  # noqa: S608  (the constant above)
        (subject for subject, _purpose in ordered),
        (purpose for _subject, purpose in ordered),
    )
    return Relationships([(row[0], row[1]) for row in rows], destroy_keys(Owner.RELATIONSHIP, [row[2] for row in rows]))


def empty_people(subject_ids: Iterable[int], *, rules: bool = True) -> dict[int, bool]:
    """Those of whom this app holds nothing any more, no item and no relationship, and whether a block keeps them."""
    by_rule = f"""
      OR COALESCE((
        SELECT true FROM subjects_erasureblock AS rule
        WHERE {PERSON_HELD_BY_RULE} LIMIT 1), false)
    """  # noqa: S608  (the constant above)
    return dict(
        run(
            f"""
            SELECT person.id, COALESCE((
                SELECT true FROM subjects_erasureblock AS block
                WHERE block.subject_id = person.id AND block.released_at IS NULL LIMIT 1), false)
              {by_rule if rules else ""}
            FROM subjects_datasubject AS person
            WHERE person.id = ANY(%s::bigint[])
              AND NOT EXISTS (SELECT 1 FROM subjects_personaldataitem AS item WHERE item.subject_id = person.id)
              AND NOT EXISTS (SELECT 1 FROM subjects_relationship AS tie WHERE tie.subject_id = person.id)
            """,  # noqa: S608  (the constants above)
            subject_ids,
        )
    )


def note_emptied(subject_ids: Iterable[int], *, now: datetime) -> None:
    """Something keeps these people, of whom nothing else is held: they are looked for again (retention/shells.py)."""
    prepared.fetch_all(
        "UPDATE subjects_datasubject SET emptied_at = %s WHERE id = ANY(%s::bigint[]) AND emptied_at IS NULL"
        " RETURNING id",
        [now, array(subject_ids)],
    )


def run(sql: str, *ids: Iterable[int]) -> list[Any]:
    """The rows of one of the statements of a batch. They are few and their plan never depends on the ids."""
    return prepared.fetch_all(sql, [array(some) for some in ids])
