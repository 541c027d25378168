"""Storing a batch of imported choices: one COPY into a staging table, then one statement for each kind of row.

What a consent is made of is the same as in consents/capture_sql.py: person, identifier and its key, proof and its key,
ledger entry, event, state, relationship. A withdrawal goes through consents/withdraw.py, one by one: each must also
reach the suppression list and the journal outside PostgreSQL.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID, uuid4

from dateutil.relativedelta import relativedelta
from django.db import connection
from django.utils.translation import gettext_lazy as _

from consents.models import Status
from consents.projection import FOLD, FOLDED, INTO_STATES, UPSERT
from consents.withdraw import withdraw
from core.arrays import array, hashes
from core.errors import DomainError, Text
from core.keys import keyring
from core.models import Owner
from core.vault import new_key
from ledger import entries
from processing.models import Purpose
from subjects.identifiers import Claim, seal, text_of

BY = "import"
# How long an imported "yes" is believed, from the day on which it was given.
VALID_FOR = relativedelta(months=24)
COLUMNS = (
    "event uuid, consent uuid, subject uuid, is_new boolean, identifier uuid, type text, rules_version int,"
    " sealed bytea, blind bytea, blind_key text, identifier_master text, identifier_wrapped bytea, purpose bigint,"
    " purpose_uuid uuid, channel text, status text, at timestamptz, valid_until timestamptz, proof bytea,"
    " proof_master text, proof_wrapped bytea, entry uuid, body text"
)
STAGE = f"CREATE TEMPORARY TABLE IF NOT EXISTS staged_consent ({COLUMNS}) ON COMMIT DELETE ROWS"
# The person of each value, held until the transaction ends. More than one row for a number: several share it.
PEOPLE = """
SELECT asked.n, person.uuid
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[], %(types)s::text[]) AS asked (n, blind, type)
JOIN subjects_identifier identifier
  ON identifier.blind = asked.blind AND identifier.type = asked.type AND identifier.system = ''
JOIN subjects_subjectidentifier link ON link.identifier_id = identifier.id
JOIN subjects_datasubject person ON person.id = link.subject_id AND NOT person.is_test
ORDER BY person.id FOR NO KEY UPDATE OF person
"""
# A "no" to this purpose, or to all marketing, that stands.
NOES = """
SELECT asked.n, suppression.since
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[], %(purposes)s::bigint[], %(channels)s::text[])
     AS asked (n, hash, purpose, channel)
JOIN consents_suppression suppression ON suppression.hash = asked.hash AND suppression.lifted_at IS NULL
WHERE (suppression.purpose_id = asked.purpose OR suppression.purpose_id IS NULL)
  AND (suppression.channel = '' OR asked.channel = '' OR suppression.channel = asked.channel)
  AND suppression.reason <> 'tps'
"""
KNOWN = "SELECT uuid FROM consents_consentevent WHERE uuid = ANY (%s::uuid[])"
# In the order of the blind index, as everybody stores identifiers: two that name the same do not wait for each other.
NEW = """
WITH identifier AS (
    INSERT INTO subjects_identifier (uuid, type, system, rules_version, sealed, blind, blind_key)
    SELECT identifier, type, '', rules_version, sealed, blind, blind_key FROM staged_consent WHERE is_new ORDER BY blind
    ON CONFLICT (blind, type, system) DO NOTHING RETURNING id, uuid
), person AS (
    INSERT INTO subjects_datasubject (uuid, locale, jurisdiction, is_test)
    SELECT staged.subject, 'en-GB', 'UK', false
    FROM staged_consent staged JOIN identifier ON identifier.uuid = staged.identifier
    RETURNING id, uuid
), link AS (
    INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
    SELECT person.id, identifier.id, '', false
    FROM staged_consent staged
    JOIN identifier ON identifier.uuid = staged.identifier JOIN person ON person.uuid = staged.subject
)
SELECT count(*) FROM identifier
"""
KEYS = """
INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
SELECT 'consent', consent, proof_master, proof_wrapped FROM staged_consent
UNION ALL SELECT 'identifier', identifier, identifier_master, identifier_wrapped FROM staged_consent WHERE is_new
"""
ENTRIES = "INSERT INTO ledger_entry (body) SELECT body FROM staged_consent"
EVENTS = """
INSERT INTO consents_consentevent (uuid, schema_version, consent, subject, purpose, channel, status, effective_at,
    valid_until, recorded_at, origin, collected_by, actor, proof, entry)
SELECT event, 1, consent, subject, purpose_uuid, channel, status, at, valid_until, %(now)s, 'imported_legacy', 'import',
    %(actor)s, proof, entry
FROM staged_consent
"""
STATES = f"""
{INTO_STATES} {FOLD} JOIN staged_consent staged ON staged.event = event.uuid {FOLDED} {UPSERT}
RETURNING subject, purpose_id, status, effective_at
"""
# As a consent that is captured: what stands at "given" is why we may deal with the person for it.
TIES = f"""
WITH state AS ({STATES})
, relationship AS (
    INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source,
        started_on, last_interaction_on)
    SELECT gen_random_uuid(), person.id, given.purpose_id, 'subscriber', '', '', 'import', given.day, given.day
    FROM (
        SELECT subject, purpose_id, max(effective_at)::date AS day FROM state WHERE status = 'given' GROUP BY 1, 2
    ) given
    JOIN subjects_datasubject person ON person.uuid = given.subject
    ON CONFLICT (subject_id, purpose_id) DO UPDATE SET
        consent_ended_on = NULL, ended_on = NULL,
        last_interaction_on = GREATEST(subjects_relationship.last_interaction_on, EXCLUDED.last_interaction_on)
)
SELECT count(*) FROM state
"""  # noqa: S608  (constants only)


class Busy(DomainError):
    code = "busy"
    message = _("Somebody is storing the same people. Start again: what is done stays done.")


@dataclass(frozen=True)
class Row:
    """One valid row of a file. `value` is normalised, `typed` as it stood there."""

    line: int
    type: str
    value: str
    typed: str
    purpose: Purpose
    channel: str
    status: str
    at: datetime
    evidence: str

    @cached_property
    def text(self) -> bytes:
        return text_of(self.type, self.value)

    @cached_property
    def instant(self) -> str:
        return entries.instant(self.at)

    @cached_property
    def event(self) -> UUID:
        """The same for the same answer, from whatever file: a keyed hash, for an address could be guessed."""
        said = f"imported|{self.purpose.uuid}|{self.channel}|{self.status}|{self.instant}|".encode() + self.text
        return UUID(bytes=keyring("SUPPRESSION_KEYS").mac(said)[:16], version=4)


@dataclass
class Done:
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Text]] = field(default_factory=list)


def store(rows: Sequence[Row], *, actor: str, now: datetime) -> Done:
    """Take these rows in, inside the caller's transaction. Raises Busy when somebody else stored the same people."""
    done = Done()
    answers = _new([row for row in rows if row.status != Status.WITHDRAWN], done)
    people = _people(answers)
    noes = _noes([row for row in rows if row.status != Status.REFUSED])
    staged: list[tuple[Any, ...]] = []
    made: dict[bytes, UUID] = {}
    for row in answers:
        found = people.get(row.line, set())
        if len(found) > 1:
            done.counts["wrong"] += 1
            done.faults.append((row.line, _("Several people share this address or number.")))
        elif row.status == Status.GIVEN and row.line in noes:
            done.counts["outdone"] += 1
            done.faults.append((row.line, _("Somebody said no by this address or number. An import does not undo it.")))
        else:
            known = next(iter(found), None) or made.get(row.text)
            subject = known or made.setdefault(row.text, uuid4())
            staged.append(_staged(row, subject, is_new=known is None, actor=actor, now=now))
            done.counts["stored"] += 1
    _write(staged, actor=actor, now=now)
    for row in rows:
        if row.status == Status.WITHDRAWN:
            _withdrawn(row, noes, done, actor=actor, now=now)
    return done


def _new(rows: Sequence[Row], done: Done) -> list[Row]:
    """Those that were not taken in before, each once."""
    by_event = {row.event: row for row in reversed(rows)}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [array(by_event)])
        known = {event for (event,) in cursor.fetchall()}
    new = [row for event, row in by_event.items() if event not in known]
    done.counts["known"] += len(rows) - len(new)
    return sorted(new, key=lambda row: row.line)


def _withdrawn(row: Row, noes: dict[int, datetime], done: Done, *, actor: str, now: datetime) -> None:
    if row.line in noes and noes[row.line] >= row.at:
        done.counts["known"] += 1
        return
    claim = Claim(row.type, row.typed)
    withdraw([claim], purposes=[row.purpose.slug], now=now, actor=actor, collected_by=BY, since=row.at)
    done.counts["stored"] += 1


def _people(rows: Sequence[Row]) -> dict[int, set[UUID]]:
    found: dict[int, set[UUID]] = {}
    for line, subject in _asked(PEOPLE, "BLIND_INDEX_KEYS", rows):
        found.setdefault(line, set()).add(subject)
    return found


def _noes(rows: Sequence[Row]) -> dict[int, datetime]:
    """The latest "no" that stands for each of these lines."""
    found: dict[int, datetime] = {}
    for line, since in _asked(NOES, "SUPPRESSION_KEYS", rows):
        found[line] = max(since, found.get(line, since))
    return found


def _asked(sql: str, ring: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Looked up by the hash of each row under every active key."""
    keys = keyring(ring)

    def macs(rows: Sequence[Row], key: str) -> list[bytes]:
        return keys.macs([row.text for row in rows], key)

    pairs = [(row, value) for key in keys.keys for row, value in zip(rows, macs(rows, key), strict=True)]
    params: dict[str, Any] = {
        "numbers": array(row.line for row, _value in pairs),
        "hashes": hashes(value for _row, value in pairs),
        "types": [row.type for row, _value in pairs],
        "purposes": array(row.purpose.pk for row, _value in pairs),
        "channels": [row.channel for row, _value in pairs],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _staged(row: Row, subject: UUID, *, is_new: bool, actor: str, now: datetime) -> tuple[Any, ...]:
    consent, event = uuid4(), row.event
    proof = new_key(Owner.CONSENT, consent)
    proof_master, proof_wrapped = proof.wrapped()
    said = {"identity": {row.type: row.typed}, "evidence": row.evidence, "line": row.line}
    pattern = _pattern(row.purpose.slug, row.channel, row.status, is_new=is_new, actor=actor, now=now)
    entry = uuid4()
    body = pattern.body(entry=entry, subject=subject, object=consent, given_at=row.instant)
    until = row.at + VALID_FOR if row.status == Status.GIVEN else None
    sealed = json.dumps(said).encode()
    choice = (row.purpose.pk, row.purpose.uuid, row.channel, row.status, row.at, until)
    kept = (proof.seal("proof", sealed), proof_master, proof_wrapped, entry, body)
    return (event, consent, subject, is_new, *(_identifier(row) if is_new else [None] * 8), *choice, *kept)


@lru_cache(maxsize=64)
def _pattern(slug: str, channel: str, status: str, *, is_new: bool, actor: str, now: datetime) -> entries.Pattern:
    """What the ledger says of such rows: all the same but for ids and the day of the answer."""
    return entries.Pattern(
        kind="consent.given" if status == Status.GIVEN else "consent.refused",
        at=now,
        actor=actor,
        ids=["subject", "object"],
        times=["given_at"],
        data={"by": BY, "choices": {f"{slug}:{channel}": status}, "new": is_new},
    )


def _identifier(row: Row) -> tuple[Any, ...]:
    made = seal(Claim(row.type, row.value))
    master, wrapped = made.key.wrapped()
    return (made.uuid, made.type, made.rules_version, made.sealed, made.blind, made.blind_key, master, wrapped)


def _write(staged: Sequence[tuple[Any, ...]], *, actor: str, now: datetime) -> None:
    if not staged:
        return
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM staged_consent")
        with cursor.copy("COPY staged_consent FROM STDIN") as copy:
            for row in staged:
                copy.write_row(row)
        # Nothing else tells the planner how many there are, and a guess of a few makes it compare each with each.
        cursor.execute("ANALYZE staged_consent")
        cursor.execute(NEW)
        if cursor.fetchone()[0] != sum(row[3] for row in staged):
            raise Busy
        for sql in (KEYS, ENTRIES, EVENTS, TIES):
            cursor.execute(sql, {"now": now, "actor": actor})
