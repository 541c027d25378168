"""The one hot path: a whole consent as ONE data-modifying statement, so that it is one round trip and all or nothing.

Why raw SQL: as chained ORM calls the same work ran at a third of the speed of a bare view with one INSERT
(benchmarks/consent_capture.py measures what it is now). What the statement does, in the order of its parts:

- PROVEN finds nothing, and so nothing is written at all, unless form and key are still as they were when this process
  read them (core/recall.py): the caller reads them again.
- NEW_PERSON tries to insert the identifier. If it is known already, or another transaction inserted it a moment ago,
  ON CONFLICT DO NOTHING returns no row, every later part finds no `person` and nothing at all is written. Likewise if
  something is suppressed or paused for it. The caller then finds or makes the person the ordinary way (subjects.people)
  and runs the statement as KNOWN_PERSON. So two captures of one new person make one person, and no error.
- KNOWN_PERSON names a person whom the caller holds locked. To an answer that nobody has proved (`beware`) it names
  nobody where anything may be a "no" of theirs: the caller looks what it is (consents/unproven.py), and asks again.
- RECORD writes the keys (of the proof, and of an identifier that is new), the ledger entry, one event for each
  purpose and channel, the states, and the relationship of each purpose that now stands at a "yes".
- Of a person who is known something may stand already. So their states have the guard of consents/projection.py (a
  late answer inverts nothing). If anything is suppressed, LIFT then lifts it for exactly the purpose and channel of
  this explicit opt-in, where it was said before: of a "no" to every channel, the others stay. A new person has nothing
  to guard, and what need not be looked for costs nothing.

The choices come as array literals (core/arrays.py), because the driver writes arrays element by element in Python, and
in the order in which every writer of states locks them.

Parts of one statement all see the state before it, so they are joined by RETURNING and never by reading what another
part wrote. Rows and seals are made by the code that everybody uses: subjects.identifiers.seal, core.vault.Key,
ledger.entries.encode.
"""

import re

from consents.projection import COLUMNS, UPSERT
from consents.suppression import LATER
from core.recall import proves

PROVEN = f"""
WITH proven AS (
    SELECT FROM consents_consentformversion version JOIN consents_consentform form ON form.id = version.form_id
    WHERE version.id = %(form_version)s AND {proves("version", "version")} AND {proves("form", "form")}
        AND (%(key)s::bigint IS NULL OR EXISTS (
            SELECT FROM core_apikey WHERE id = %(key)s AND {proves("core_apikey", "key")}))
)
"""  # noqa: S608  (constants only)

# What was said by this address, or by another of the same person, and stands: whether it is a "no" to any of this, the
# caller looks.
SAID = """
        SELECT FROM consents_suppression WHERE hash = ANY(%(theirs)s::bytea[]) AND lifted_at IS NULL
        UNION ALL
        SELECT FROM consents_pause WHERE hash = ANY(%(theirs)s::bytea[]) AND ended_at IS NULL AND until > %(now)s
"""

NEW_PERSON = f"""
, identifier AS (
    INSERT INTO subjects_identifier (uuid, type, system, rules_version, sealed, blind, blind_key)
    SELECT %(identifier)s, %(type)s, %(system)s, %(rules_version)s, %(sealed)s, %(blind)s, %(blind_key)s FROM proven
    WHERE NOT EXISTS ({SAID})
    ON CONFLICT (blind, type, system) DO NOTHING
    RETURNING id
), person AS (
    INSERT INTO subjects_datasubject (uuid, locale, jurisdiction, is_test)
    SELECT %(subject)s, %(locale)s, %(jurisdiction)s, %(is_test)s FROM identifier
    RETURNING id, uuid
), link AS (
    INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
    SELECT person.id, identifier.id, '', false FROM person, identifier
)
"""  # noqa: S608  (constants only)

KNOWN_PERSON = f"""
, person AS (
    SELECT id, uuid FROM subjects_datasubject, proven WHERE uuid = %(subject)s AND (NOT %(beware)s OR NOT EXISTS (
        {SAID}
        UNION ALL
        SELECT FROM consents_consentstate WHERE subject = %(subject)s AND purpose_id = ANY(%(purposes)s::bigint[])
            AND status IN ('withdrawn', 'refused')))
)
"""  # noqa: S608  (constants only)

KEEP = """
    ON CONFLICT (subject_id, purpose_id) DO UPDATE SET
        consent_ended_on = NULL, ended_on = NULL,
        last_interaction_on = GREATEST(subjects_relationship.last_interaction_on, EXCLUDED.last_interaction_on)
"""

STOPPED = "EXISTS (SELECT FROM consents_suppression WHERE hash = ANY(%(hashes)s::bytea[]) AND lifted_at IS NULL)"
# Only of somebody of whom something is suppressed at all, and only under what is theirs alone. In the order in which
# whoever says no writes (consents/suppression.py).
LIFT = f"""
WITH choice AS (
    SELECT * FROM unnest(%(events)s::uuid[], %(purposes)s::bigint[], %(channels)s::text[], %(statuses)s::text[])
        AS choice (event, purpose, channel, status)
    WHERE status = 'given'
), standing AS (
    SELECT id FROM consents_suppression
    WHERE hash = ANY(%(hashes)s::bytea[]) AND lifted_at IS NULL ORDER BY hash, purpose_id FOR UPDATE
), lifted AS (
    UPDATE consents_suppression suppression SET lifted_at = %(now)s, lifted_by = choice.event
    FROM choice
    WHERE suppression.id IN (SELECT id FROM standing) AND suppression.lifted_at IS NULL
        AND suppression.purpose_id = choice.purpose AND suppression.channel IN ('', choice.channel)
        AND suppression.since < %(given_at)s
    RETURNING suppression.*
), others AS (
    INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
    SELECT gen_random_uuid(), 1, hash, hash_key, purpose_id, other, reason, since, entry
    FROM lifted, unnest(%(every_channel)s::text[]) other
    WHERE channel = '' AND NOT EXISTS (
        SELECT FROM choice WHERE choice.purpose = purpose_id AND choice.channel IN ('', other))
    {LATER}
)
SELECT count(*) FROM lifted
"""  # noqa: S608  (constants only)

# To be filled in: the guard of the states, what now stands at a "yes", the guard of the relationships, and whether
# anything is suppressed.
RECORD = f"""
, choice AS (
    SELECT * FROM unnest(%(events)s::uuid[], %(purposes)s::bigint[], %(purpose_uuids)s::uuid[], %(channels)s::text[],
        %(statuses)s::text[], %(untils)s::timestamptz[])
        AS choice (event, purpose, purpose_uuid, channel, status, valid_until)
), key AS (
    INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
    SELECT key.* FROM person, (VALUES ('consent', %(consent)s::uuid, %(proof_master)s, %(proof_wrapped)s::bytea),
        ('identifier', %(identifier)s, %(identifier_master)s, %(identifier_wrapped)s)) key (owner, id, master, wrapped)
    WHERE key.id IS NOT NULL
), evidence AS (
    INSERT INTO ledger_entry (body)
    SELECT %(body)s FROM person
), event AS (
    INSERT INTO consents_consentevent (uuid, schema_version, consent, subject, purpose, channel, status, effective_at,
        valid_until, recorded_at, form_version, origin, collected_by, actor, proof, entry)
    SELECT choice.event, 1, %(consent)s, person.uuid, choice.purpose_uuid, choice.channel, choice.status, %(given_at)s,
        choice.valid_until, %(now)s, %(form_version)s, 'direct', %(collected_by)s, %(actor)s, %(proof)s, %(entry)s
    FROM person, choice
), state AS (
    INSERT INTO consents_consentstate AS state ({COLUMNS})
    SELECT person.uuid, choice.purpose, choice.channel, choice.status, %(given_at)s::timestamptz, choice.valid_until,
        choice.event, %(entry)s::uuid
    FROM person, choice
    {{}}
    RETURNING purpose_id, channel, status
), relationship AS (
    INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source,
        started_on, last_interaction_on)
    SELECT given.tie, person.id, given.purpose_id, 'subscriber', '', '', 'website', day.day, day.day
    FROM person, {{}} AS given (purpose_id, tie),
        (SELECT (%(given_at)s::timestamptz AT TIME ZONE COALESCE(
            (SELECT time_zone FROM core_controller WHERE id = 1), 'Europe/London'))::date AS day OFFSET 0) day
    {{}}
)
SELECT person.uuid, (SELECT count(*) FROM state), {{}} FROM person
"""  # noqa: S608  (constants only)

# Of a new person, whatever was answered "yes".
ANSWERED = "unnest(%(given)s::bigint[], %(ties)s::uuid[])"
STANDING = """(
    SELECT purpose_id, gen_random_uuid()
    FROM (SELECT DISTINCT purpose_id FROM state WHERE status IN ('given', 'renewed')) AS given)"""

# psycopg remembers how it reads a statement only up to 4,096 characters, so what is there for the eye goes.
CAPTURE_NEW, CAPTURE_KNOWN = (
    re.sub(r"\s+", " ", PROVEN + person).replace("( ", "(").replace(" )", ")").replace(", ", ",").strip()
    for person in (
        NEW_PERSON + RECORD.format("", ANSWERED, "", "false"),
        KNOWN_PERSON + RECORD.format(UPSERT, STANDING, KEEP, STOPPED),
    )
)
