"""Deleting people of whom nothing is left, with what hangs on them. Part of subjects/deletes.py but for its length."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple
from uuid import UUID

from core import prepared
from core.arrays import array
from core.models import Owner
from core.vault import take_keys
from subjects.deletes import run
from subjects.identifiers import FIELD, suppression_hash
from subjects.models import DataSubject, Identifier

# By these another system finds its record of somebody.
IDS_ELSEWHERE = (Identifier.Type.EXTERNAL_ID, Identifier.Type.CUSTOMER_NUMBER)
# Rows that carry ids and codes only and mean nothing without the person, then the person. Links of test persons to an
# address that goes are among them.
DELETE_PEOPLE = """
WITH {forget_above} link AS (
    DELETE FROM subjects_subjectidentifier
    WHERE subject_id = ANY(%(ids)s::bigint[]) OR identifier_id = ANY(%(identifiers)s::bigint[])
), identifier AS (
    DELETE FROM subjects_identifier WHERE id = ANY(%(identifiers)s::bigint[])
), category AS (
    DELETE FROM subjects_disclosure_categories
    WHERE disclosure_id IN (SELECT id FROM subjects_disclosure WHERE subject_id = ANY(%(ids)s::bigint[]))
), disclosure AS (
    DELETE FROM subjects_disclosure WHERE subject_id = ANY(%(ids)s::bigint[])
), restriction AS (
    DELETE FROM subjects_restriction WHERE subject_id = ANY(%(ids)s::bigint[])
), use AS (
    DELETE FROM subjects_restricteduse WHERE subject_id = ANY(%(ids)s::bigint[])
), block AS (
    DELETE FROM subjects_erasureblock WHERE subject_id = ANY(%(ids)s::bigint[])
)
DELETE FROM subjects_datasubject WHERE id = ANY(%(ids)s::bigint[]) RETURNING organisation_id, id, is_test
"""


@dataclass(frozen=True)
class Identifiers:
    uuids: list[UUID]
    hashes: list[bytes]
    keys: int
    # Who of those deleted was known by which id: (person, type, system, value).
    known_as: list[tuple[int, str, str, str]] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)


class Going(NamedTuple):
    """An identifier that is about to be deleted."""

    id: int
    uuid: UUID
    type: str
    system: str
    sealed: bytes


def delete_people(subject_ids: Sequence[int]) -> Identifiers:
    """Delete these people, what hangs on them, and the identifiers that nobody else is known by."""
    if not subject_ids:
        return Identifiers([], [], 0)
    ids = list(subject_ids)
    going = _only_theirs(ids)
    keys = take_keys(Owner.IDENTIFIER, (row.uuid for row in going))
    values = {row.id: keys[row.uuid].open(FIELD, row.sealed).decode() for row in going if row.uuid in keys}
    hashes = [suppression_hash(row.type, values[row.id], row.system) for row in going if row.id in values]
    found = {"ids": array(ids), "identifiers": array(row.id for row in going)}
    known_as = _known_as(ids, going, values)
    rows = prepared.fetch_all(_delete_people(), found)
    _delete_organisations(sorted({row[0] for row in rows if row[0] is not None}))
    invented = [row[1] for row in rows if row[2]]
    return Identifiers([row.uuid for row in going], hashes, len(keys), known_as, invented)


def _known_as(ids: list[int], going: list[Going], values: dict[int, str]) -> list[tuple[int, str, str, str]]:
    """The ids that other systems use, and whose they are: asked before the links go, where there are any."""
    by_id = {row.id: row for row in going if row.type in IDS_ELSEWHERE and row.id in values}
    if not by_id:
        return []
    links = run(
        "SELECT subject_id, identifier_id FROM subjects_subjectidentifier"
        " WHERE subject_id = ANY(%s::bigint[]) AND identifier_id = ANY(%s::bigint[])"
        " AND NOT is_shared AND NOT (is_later AND verified_at IS NULL) ORDER BY id",
        ids,
        by_id,
    )
    return [(subject, by_id[link].type, by_id[link].system, values[link]) for subject, link in links]


def _only_theirs(ids: list[int]) -> list[Going]:
    """The identifiers by which nobody stays known. A test person does not keep the address of a live one."""
    run(
        "SELECT id FROM subjects_identifier WHERE id IN"
        " (SELECT identifier_id FROM subjects_subjectidentifier WHERE subject_id = ANY(%s::bigint[]))"
        " ORDER BY id FOR UPDATE",
        ids,
    )
    rows = run(
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


def _delete_organisations(organisation_ids: list[int]) -> None:
    """The name of an organisation may be a person's name (a sole trader), so it goes with its last contact."""
    if not organisation_ids:
        return
    # Of two that delete its last contacts at once, the second looks when the first has gone.
    run("SELECT id FROM subjects_organisation WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE", organisation_ids)
    run(
        """
        DELETE FROM subjects_organisation AS organisation
        WHERE organisation.id = ANY(%s::bigint[])
          AND NOT EXISTS (
            SELECT 1 FROM subjects_datasubject AS contact WHERE contact.organisation_id = organisation.id
          )
          AND NOT EXISTS (
            SELECT 1 FROM subjects_erasureblock AS rule WHERE rule.organisation_id = organisation.id
          )
        RETURNING organisation.id
        """,
        organisation_ids,
    )


@cache
def _delete_people() -> str:
    """Rows of upper apps that may outlive the person (a closed case) stop pointing to them: on_delete=SET_NULL."""
    columns = [
        (relation.related_model._meta.db_table, relation.field.column)
        for relation in DataSubject._meta.related_objects
        if relation.field.null and relation.related_model._meta.app_label != "subjects"
    ]
    parts = (
        f"above{number} AS (UPDATE {table} SET {column} = NULL WHERE {column} = ANY(%(ids)s::bigint[])),"  # noqa: S608
        for number, (table, column) in enumerate(columns)
    )
    return DELETE_PEOPLE.format(forget_above=" ".join(parts))
