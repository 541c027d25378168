"""Storing a batch of imported choices, inside the caller's transaction: which of them, and of whom.

How they are written is in consents/importing_write.py. A withdrawal goes through consents/withdraw.py, one by one: each
must also reach the suppression list and the journal outside PostgreSQL.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from consents import permission_sql
from consents.importing_rows import BY, Answer, Row
from consents.importing_write import Busy, Kept, write
from consents.models import Status
from consents.withdraw import withdraw
from core.arrays import array, hashes, texts
from core.errors import Text
from core.keys import keyring
from subjects.identifiers import Claim
from subjects.late import PersonErased, erased_since

# The person of each value, held until the transaction ends, and its identifier. More than one person for a number:
# several share it. None: the identifier is of nobody but a test person; or it is for a withdrawal, and several have it,
# which names none of them. LATERAL with OFFSET 0 looks each up in the index: most are new, and nothing else tells the
# planner so.
PEOPLE = """
WITH found AS MATERIALIZED (
    SELECT asked.n, identifier.id, link.subject_id
    FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[], %(types)s::text[], %(alone)s::bool[])
         AS asked (n, blind, type, alone),
    LATERAL (
        SELECT id FROM subjects_identifier WHERE blind = asked.blind AND type = asked.type AND system = '' OFFSET 0
    ) identifier
    LEFT JOIN LATERAL (
        SELECT subject_id FROM subjects_subjectidentifier
        WHERE identifier_id = identifier.id AND NOT (asked.alone AND is_shared) OFFSET 0
    ) link ON true
), held AS MATERIALIZED (
    SELECT person.id, person.uuid
    FROM (SELECT DISTINCT subject_id FROM found) known
    JOIN subjects_datasubject person ON person.id = known.subject_id AND NOT person.is_test
    ORDER BY person.id FOR NO KEY UPDATE OF person
)
SELECT found.n, found.id, held.uuid FROM found LEFT JOIN held ON held.id = found.subject_id
"""
# As subjects/people.py locks them: whoever makes a person of the same identifier waits, and so does an erasure. With
# everything by which these people are known.
IDENTIFIERS = """
SELECT id FROM subjects_identifier
WHERE id = ANY (ARRAY(
    SELECT unnest(%s::bigint[])
    UNION
    SELECT link.identifier_id FROM subjects_subjectidentifier link
    JOIN subjects_datasubject person ON person.id = link.subject_id
    WHERE person.uuid = ANY (%s::uuid[])
))
ORDER BY id FOR NO KEY UPDATE
"""
SOMEBODY = """
SELECT EXISTS (
    SELECT FROM subjects_subjectidentifier link
    JOIN subjects_datasubject person ON person.id = link.subject_id AND NOT person.is_test
    WHERE link.identifier_id = ANY (%s::bigint[]))
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
# One to every channel of the purpose, as a withdrawal in a file is. It was said also where they took it back since, for
# what they did not agree to stays (consents/capture_sql.py). Both are asked for apart, as they are indexed.
SAID = """
SELECT asked.n, suppression.since
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[], %(purposes)s::bigint[]) AS asked (n, hash, purpose)
JOIN consents_suppression suppression ON suppression.hash = asked.hash AND suppression.lifted_at {}
WHERE suppression.purpose_id = asked.purpose AND suppression.channel = '' AND suppression.reason <> 'tps'
"""
SAID_BEFORE = (SAID.format("IS NULL"), SAID.format("IS NOT NULL"))
# Of these rows' people those who have something that others have too, which says something for them as well, and those
# whose own "yes" (consents/permission_sql.py) this one would stand in the place of.
BESIDE = """
SELECT found.* FROM (
    SELECT asked.n, person.id, (
        SELECT max(state.effective_at)
        FROM consents_consentstate state JOIN consents_consentevent event ON event.uuid = state.event
        WHERE state.subject = asked.subject AND state.purpose_id = asked.purpose
          AND (asked.channel = '' OR state.channel IN ('', asked.channel)) AND state.effective_at <= asked.at
          AND state.status IN ('given', 'renewed') AND event.origin = 'direct' AND event.collected_by <> 'import'
    ) AS said_yes
    FROM unnest(%(numbers)s::int[], %(subjects)s::uuid[], %(purposes)s::bigint[], %(channels)s::text[],
                %(ats)s::timestamptz[]) AS asked (n, subject, purpose, channel, at)
    JOIN subjects_datasubject person ON person.uuid = asked.subject
) found
WHERE said_yes IS NOT NULL OR EXISTS (SELECT FROM subjects_subjectidentifier WHERE subject_id = found.id AND is_shared)
"""
KNOWN = "SELECT uuid FROM consents_consentevent WHERE uuid = ANY (%s::uuid[])"
SAID_NO = _("Somebody said no by this address or number. An import does not undo it.")
ANSWERED = _("Their own “yes” has answered a “no” or a pause. An import does not take its place.")


@dataclass
class Done:
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Text]] = field(default_factory=list)


def store(rows: Sequence[Row], *, actor: str, now: datetime) -> Done:
    """Take these rows in, inside the caller's transaction. Raises Busy when somebody else stored the same people."""
    done = Done()
    answers = _new([row for row in rows if isinstance(row, Answer)], done)
    withdrawn = [row for row in rows if row.status == Status.WITHDRAWN]
    people, stored = _people([*answers, *withdrawn])
    given = [row for row in answers if row.status == Status.GIVEN]
    gone = _gone([row for row in answers if row.line not in people])
    outdone: dict[int, Text] = dict.fromkeys(gone, PersonErased.message)
    outdone |= dict.fromkeys(_latest(NOES, given), SAID_NO) | _reached(given, people, now=now)
    kept: list[Kept] = []
    for row in answers:
        found = people.get(row.line, set())
        if len(found) > 1:
            done.counts["wrong"] += 1
            done.faults.append((row.line, _("Several people share this address or number.")))
        elif row.line in outdone:
            done.counts["outdone"] += 1
            done.faults.append((row.line, outdone[row.line]))
        else:
            kept.append(Kept(row, found.pop()) if found else Kept(row, row.person.subject, row.person))
    done.counts["stored"] += len(kept)
    _keep_identifiers(kept, withdrawn, people, stored)
    write(kept, actor=actor, now=now)
    before = [_latest(sql, withdrawn) for sql in SAID_BEFORE]
    for said in withdrawn:
        if any(said.line in noes and noes[said.line] >= said.at for noes in before):
            done.counts["known"] += 1
        else:
            claim, purposes = Claim(said.type, said.typed), [said.purpose.slug]
            withdraw([claim], purposes=purposes, now=now, actor=actor, collected_by=BY, since=said.at)
            done.counts["stored"] += 1
    return done


def _new(rows: Sequence[Answer], done: Done) -> list[Answer]:
    """Those that were not taken in before, each once."""
    by_event = {row.event: row for row in reversed(rows)}
    # A row that was taken in before the keys changed is known by the id it had then.
    now_is = {id: row.event for row in by_event.values() for id in (row.event, *row.former)}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [array(now_is)])
        known = {now_is[event] for (event,) in cursor.fetchall()}
    new = [row for event, row in by_event.items() if event not in known]
    done.counts["known"] += len(rows) - len(new)
    return sorted(new, key=lambda row: row.line)


def _people(rows: Sequence[Row]) -> tuple[dict[int, set[UUID]], dict[int, int]]:
    """Who is known by each line's address or number, and the identifier that we have of it."""
    found: dict[int, set[UUID]] = {}
    had: dict[int, int] = {}
    for line, identifier, subject in _asked(PEOPLE, "BLIND_INDEX_KEYS", rows):
        if subject:
            found.setdefault(line, set()).add(subject)
        had[line] = min(identifier, had.get(line, identifier))
    return found, had


def _reached(rows: Sequence[Answer], people: dict[int, set[UUID]], *, now: datetime) -> dict[int, Text]:
    """The lines of whoever is reached by a "no" in something that they share, and of whose own "yes" answers a "no" or
    a pause, under whatever of theirs it stands: this one would stand in the place of that, and answers nothing.
    """
    found: dict[tuple[int, str], dict[int, tuple[int, datetime | None]]] = {}
    for row, person, said_yes in _beside([row for row in rows if len(people.get(row.line, ())) == 1], people):
        found.setdefault((row.purpose.pk, row.channel), {})[row.line] = person, said_yes
    outdone: dict[int, Text] = {}
    for (purpose, channel), asked in found.items():
        whose = {person for person, _said_yes in asked.values()}
        said = permission_sql.said_of(whose, purpose=purpose, channel=channel, now=now)
        for line, (person, said_yes) in asked.items():
            noes = [no for no in said.get(person, ()) if not no.is_register]
            if said_yes and any(no.since < said_yes for no in noes):
                outdone[line] = ANSWERED
            elif not all(no.until for no in noes):
                outdone[line] = SAID_NO
    return outdone


def _beside(rows: Sequence[Answer], people: dict[int, set[UUID]]) -> list[tuple[Answer, int, datetime | None]]:
    """Of these lines, each of one person, those of whom more may be said than by it; and when they said "yes"."""
    if not rows:
        return []
    params = {
        "numbers": array(range(len(rows))),
        "subjects": array(subject for row in rows for subject in people[row.line]),
        "purposes": array(row.purpose.pk for row in rows),
        "channels": texts(row.channel for row in rows),
        "ats": texts(row.given_at for row in rows),
    }
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, params)
        return [(rows[number], person, said_yes) for number, person, said_yes in cursor.fetchall()]


def _keep_identifiers(
    kept: Sequence[Kept], withdrawn: Sequence[Row], people: dict[int, set[UUID]], stored: dict[int, int]
) -> None:
    """Hold the identifiers that newcomers get which are stored already. Raises Busy where somebody else came first.

    And everything that each withdrawal will hold, before the first: one after the other would be in no order.
    """
    nobodys = {one.answer.line: stored[one.answer.line] for one in kept if one.person and one.answer.line in stored}
    lines = {row.line for row in withdrawn}
    wanted = {*nobodys.values(), *(stored[line] for line in lines if line in stored)}
    if not wanted:
        return
    withdrawing = {subject for line in lines for subject in people.get(line, ())}
    with connection.cursor() as cursor:
        cursor.execute(IDENTIFIERS, [array(wanted), array(withdrawing)])
        held = {identifier for (identifier,) in cursor.fetchall()}
        cursor.execute(SOMEBODY, [array(nobodys.values())])
        if not held.issuperset(nobodys.values()) or cursor.fetchone()[0]:
            raise Busy
    for one in kept:
        if one.person:
            one.person.known = nobodys.get(one.answer.line)


def _latest(sql: str, rows: Sequence[Row]) -> dict[int, datetime]:
    """The latest "no" of this kind for each of these lines."""
    found: dict[int, datetime] = {}
    for line, since in _asked(sql, "SUPPRESSION_KEYS", rows) if rows else ():
        found[line] = max(since, found.get(line, since))
    return found


def _gone(rows: Sequence[Answer]) -> set[int]:
    """The lines of those who were erased after they answered. A withdrawal needs nobody, and counts all the same."""
    keys = keyring("SUPPRESSION_KEYS")
    pairs = [pair for key in keys.keys for pair in zip(rows, keys.macs((row.text for row in rows), key), strict=True)]
    return {pairs[place][0].line for place in erased_since([(value, row.at) for row, value in pairs])}


def _asked(sql: str, ring: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Looked up by the hash of each row under every active key."""
    keys = keyring(ring)
    pairs = [pair for key in keys.keys for pair in zip(rows, keys.macs((row.text for row in rows), key), strict=True)]
    params: dict[str, Any] = {
        "numbers": array(row.line for row, _value in pairs),
        "hashes": hashes(value for _row, value in pairs),
        "types": [row.type for row, _value in pairs],
        "alone": [row.status == Status.WITHDRAWN for row, _value in pairs],
        "purposes": array(row.purpose.pk for row, _value in pairs),
        "channels": [row.channel for row, _value in pairs],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
