"""Reading the facts for many people at once: a fixed number of queries, whatever the number of people."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from consents.projection import ORDER
from consents.verdicts import Choice, Facts, No, Rules
from core.arrays import array, hashes
from core.keys import keyring
from processing.models import Basis, Channel
from subjects.models import RestrictedUse
from subjects.models_limits import NEVER_RESTRICTED

# The category of data (by its slug) that a channel cannot do without.
REACHED_BY = {Channel.EMAIL.value: "email", Channel.PHONE.value: "phone", Channel.SMS.value: "phone"}
# The purpose by its name, whether live or not, with the assessment that governs it. One row.
RULES = """
SELECT purpose.id, purpose.uuid, version.status = 'live', version.basis, version.direct_marketing,
       governing.uuid, governing.decision IN ('rely', 'rely_with_safeguards'), governing.review_due
FROM processing_purpose purpose
JOIN LATERAL (
    SELECT status, basis, direct_marketing FROM processing_purposeversion
    WHERE purpose_id = purpose.id ORDER BY status = 'live' DESC, number DESC LIMIT 1
) version ON true
LEFT JOIN LATERAL (
    SELECT assessment.uuid, approved.decision, approved.review_due
    FROM consents_assessment assessment
    JOIN consents_assessmentversion approved ON approved.assessment_id = assessment.id
    WHERE assessment.purpose_id = purpose.id AND approved.basis = 'f' AND approved.approved_at IS NOT NULL
    ORDER BY approved.approved_at DESC, approved.number DESC LIMIT 1
) governing ON true
WHERE purpose.slug = %s
"""

# One row per value asked and person found. An answer about every channel (empty) covers each channel; without a channel
# asked, the answer that stands last among all of them counts. Test people are never found. A restriction stops the
# purpose when it covers all that the purpose needs, or the kind of data by which this channel reaches somebody: which
# of their addresses is meant stands sealed in the item.
CHOICE = """
LEFT JOIN LATERAL (
    SELECT state.status, state.effective_at, state.valid_until, state.entry, state.event
    FROM consents_consentstate state
    WHERE state.subject = person.uuid AND state.purpose_id = %(purpose)s
      AND (%(channel)s = '' OR state.channel IN ('', %(channel)s))
    ORDER BY {order} LIMIT 1
) choice ON true
"""
STORED = """
LEFT JOIN LATERAL (
    SELECT (array_agg(limits.uuid ORDER BY limits.item_id IS NOT NULL, limits.since, limits.id))[1] AS uuid,
           bool_or(limits.item_id IS NULL) AS everything, bool_or(category.slug = %(reach)s) AS reach,
           array_agg(limits.item_id) AS items
    FROM subjects_restriction limits
    LEFT JOIN subjects_itempurpose need ON need.item_id = limits.item_id AND need.purpose_id = %(purpose)s
    LEFT JOIN processing_datacategory category ON category.id = need.category_id
    WHERE limits.subject_id = person.id AND limits.lifted_at IS NULL
      AND (limits.purpose_id IS NULL OR limits.purpose_id = %(purpose)s)
      AND (limits.item_id IS NULL OR need.id IS NOT NULL)
) stored ON EXISTS (SELECT FROM subjects_restriction WHERE subject_id = person.id AND lifted_at IS NULL)
"""
# The same for whoever names a recorded use of what is restricted (Art 18(2)): item by item, because what the use
# covers is not stopped, and of everybody else everything is.
STORED_BUT_USED = """
LEFT JOIN LATERAL (
    SELECT (array_agg(limits.uuid ORDER BY limits.item_id IS NOT NULL, limits.since, limits.id))[1] AS uuid,
           bool_or(limits.item_id IS NULL AND person.id <> %(used_of)s) AS everything,
           bool_or(category.slug = %(reach)s) AS reach, array_agg(need.item_id) AS items
    FROM subjects_restriction limits
    LEFT JOIN subjects_itempurpose need ON need.subject_id = person.id AND need.purpose_id = %(purpose)s
          AND (limits.item_id IS NULL OR need.item_id = limits.item_id)
    LEFT JOIN subjects_personaldataitem item ON item.id = need.item_id
    LEFT JOIN processing_datacategory category ON category.id = need.category_id
    WHERE limits.subject_id = person.id AND limits.lifted_at IS NULL
      AND (limits.purpose_id IS NULL OR limits.purpose_id = %(purpose)s)
      AND (limits.item_id IS NULL OR need.id IS NOT NULL)
      AND (person.id <> %(used_of)s
           OR (%(used_items)s::uuid[] <> '{{}}' AND item.uuid <> ALL (%(used_items)s::uuid[])))
) stored ON EXISTS (SELECT FROM subjects_restriction WHERE subject_id = person.id AND lifted_at IS NULL)
"""
# Times as text: the driver reads them in Python, which takes longer than the rest. Whether the answer was the
# person's own act matters only against a "no": nobody else's event is looked up.
ABOUT = """
asked.n, choice.status, choice.effective_at::text, choice.valid_until::text, choice.entry,
CASE WHEN asked.n = ANY (%(refused)s::int[]) THEN (
    SELECT event.origin = 'direct' AND event.collected_by <> 'import' FROM consents_consentevent event
    WHERE event.uuid = choice.event) END,
stored.uuid,
stored.uuid IS NOT NULL AND (stored.everything OR stored.reach OR NOT EXISTS (
    SELECT FROM subjects_itempurpose need
    WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s AND need.item_id <> ALL (stored.items)))
"""
# What rests on consent needs to know no more. Every other basis asks for the relationship, and PECR for the subscriber.
PEOPLE_ON_CONSENT = f"SELECT {ABOUT} FROM {{asked}} {CHOICE} {STORED}"  # noqa: S608  (constants only)
PEOPLE = f"""
SELECT {ABOUT}, COALESCE(organisation.legal_type, ''), relationship.uuid, relationship.ground,
       %(interest)s AND EXISTS (
         SELECT FROM subjects_itempurpose need JOIN subjects_personaldataitem item ON item.id = need.item_id
         WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s
           AND item.source IN ('third_party', 'public_source') AND item.source_evidence IS NULL)
FROM {{asked}} {CHOICE} {STORED}
LEFT JOIN subjects_organisation organisation ON organisation.id = person.organisation_id
LEFT JOIN subjects_relationship relationship
       ON relationship.subject_id = person.id AND relationship.purpose_id = %(purpose)s
      AND (relationship.ended_on IS NULL OR relationship.ended_on > %(today)s)
      AND (relationship.contract_ended_on IS NULL OR relationship.contract_ended_on > %(today)s)
"""  # noqa: S608
BY_VALUE = """
unnest(%(numbers)s::int[], %(hashes)s::bytea[]) AS asked (n, blind)
JOIN subjects_identifier identifier
  ON identifier.blind = asked.blind AND identifier.type = %(type)s AND identifier.system = %(system)s
JOIN subjects_subjectidentifier link ON link.identifier_id = identifier.id
JOIN subjects_datasubject person ON person.id = link.subject_id AND NOT person.is_test
"""
BY_PERSON = """
(VALUES (0)) AS asked (n) JOIN subjects_datasubject person ON person.id = %(person)s AND NOT person.is_test
"""
_DESCENDING = " DESC, ".join(part.strip() for part in re.split(r", (?![^(]*\))", ORDER.format("state"))) + " DESC"
BY_BASIS = {True: PEOPLE_ON_CONSENT, False: PEOPLE}

NOES = """
SELECT asked.n, suppression.since, suppression.entry,
       suppression.purpose_id IS NULL OR suppression.reason = 'objection', suppression.reason = 'tps', NULL::timestamptz
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[]) AS asked (n, hash)
JOIN consents_suppression suppression ON suppression.hash = asked.hash AND suppression.lifted_at IS NULL
WHERE (suppression.purpose_id = %(purpose)s OR (suppression.purpose_id IS NULL AND %(marketing)s))
  AND (%(channel)s = '' OR suppression.channel IN ('', %(channel)s))
UNION ALL
SELECT asked.n, pause.since, pause.entry, false, false, pause.until
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[]) AS asked (n, hash)
JOIN consents_pause pause ON pause.hash = asked.hash AND pause.ended_at IS NULL AND pause.until > %(now)s
WHERE pause.purpose_id = %(purpose)s OR (pause.purpose_id IS NULL AND %(marketing)s)
"""


def rules_of(slug: str) -> tuple[int, Rules] | None:
    """(primary key, rules) of the purpose with this slug. One query."""
    rows = _rows(RULES, [slug])
    if not rows:
        return None
    key, purpose, live, basis, marketing, assessment, relies, review_due = rows[0]
    outlives = slug in NEVER_RESTRICTED
    return key, Rules(purpose, live, basis, marketing, assessment, bool(relies), review_due, outlives)


def facts_by_value(params: dict[str, Any], texts: Mapping[int, bytes]) -> Iterator[tuple[int, Facts]]:
    """The facts of every person behind each value, of which `texts` says what is hashed, by its place in the request.

    Two queries.
    """
    noes = noes_by_value({**params, **_hashed("SUPPRESSION_KEYS", list(texts), texts.values())})
    params |= _hashed("BLIND_INDEX_KEYS", list(texts), texts.values()) | {"refused": array(noes)}
    unmet = dict(noes)
    for row in _rows(_people(params, BY_VALUE), params):
        number, is_used = (row[0], False) if params["used_of"] is None else row[0]
        unmet.pop(number, None)
        facts = _facts(row, noes.get(number, ()))
        yield number, facts._replace(is_used=True) if is_used else facts
    for number, refusals in unmet.items():
        yield number, Facts(known=False, noes=refusals)


def facts_of(params: dict[str, Any], person: int, texts: Sequence[bytes]) -> Facts:
    """The facts of one person, with the noes of any of their identifiers. Two queries."""
    noes = noes_by_value({**params, **_hashed("SUPPRESSION_KEYS", [0] * len(texts), texts)})
    params |= {"person": person, "refused": array(noes)}
    for row in _rows(_people(params, BY_PERSON), params):
        facts = _facts(row, noes.get(0, ()))
        return facts if params["used_of"] is None else facts._replace(is_used=person == params["used_of"])
    return Facts(known=False, noes=noes.get(0, ()))


def noes_by_value(params: dict[str, Any]) -> dict[int, list[No]]:
    found: dict[int, list[No]] = defaultdict(list)
    for number, *no in _rows(NOES, params):
        found[number].append(No(*no))
    return dict(found)


def _people(params: dict[str, Any], asked: str) -> str:
    sql = BY_BASIS[params["consent"]]
    if params["used_of"] is not None:
        whose = "ARRAY[asked.n, (person.id = %(used_of)s)::int], choice.status"
        sql = sql.replace(STORED, STORED_BUT_USED).replace("asked.n, choice.status", whose)
    return sql.format(asked=asked, order=_DESCENDING)


def _hashed(ring: str, numbers: Sequence[int], texts: Collection[bytes]) -> dict[str, str]:
    """The hashes of these texts under every active key, each with its number. As one text: a list is written slowly."""
    keys = keyring(ring)
    found = [value for key in keys.keys for value in keys.macs(texts, key)]
    return {"numbers": array([*numbers] * len(keys.keys)), "hashes": hashes(found)}


def _facts(row: tuple[Any, ...], noes: Sequence[No]) -> Facts:
    _n, status, at, until, entry, explicit, stored, is_all, *rest = row
    choice = None
    if status:
        until = datetime.fromisoformat(until) if until else None
        choice = Choice(status, datetime.fromisoformat(at), until, entry, bool(explicit))
    return Facts(True, choice, noes, stored if is_all else None, stored is not None, *rest)


def _rows(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def parameters(
    purpose: int, rules: Rules, *, channel: str, today: date, now: datetime, use: RestrictedUse | None
) -> dict[str, Any]:
    reach = REACHED_BY.get(channel, "")
    return {
        "purpose": purpose,
        "marketing": rules.direct_marketing,
        "channel": channel,
        "today": today,
        "now": now,
        "reach": reach,
        "consent": rules.basis == Basis.CONSENT,
        "interest": rules.basis == Basis.LEGITIMATE_INTEREST,
        # Whose restricted data may be used besides, and which of them if not all; nobody's as a rule.
        "used_of": use.subject_id if use else None,
        "used_items": [str(item) for item in use.items] if use else [],
    }
