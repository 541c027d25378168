"""Reading the facts for many people at once: a fixed number of queries, whatever the number of people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db import connection

from consents.projection import ORDER
from consents.verdicts import Choice, Facts, No, Rules
from processing.models import Channel
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
    WHERE assessment.purpose_id = purpose.id AND approved.approved_at IS NOT NULL
    ORDER BY approved.approved_at DESC, approved.number DESC LIMIT 1
) governing ON true
WHERE purpose.slug = %s
"""

# One row per value asked and person found. An answer about every channel (empty) covers each channel; without a channel
# asked, the answer that stands last among all of them counts. Test people are never found. A restriction stops the
# purpose when it covers all that the purpose needs, or the kind of data by which this channel reaches somebody: which
# of their addresses is meant stands sealed in the item.
PEOPLE = """
SELECT asked.n, person.uuid, COALESCE(organisation.legal_type, ''),
       choice.status, choice.effective_at, choice.valid_until, choice.entry, choice.explicit,
       stored.uuid,
       stored.uuid IS NOT NULL AND (stored.everything OR stored.reach OR NOT EXISTS (
           SELECT FROM subjects_itempurpose need
           WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s AND need.item_id <> ALL (stored.items))),
       relationship.uuid, relationship.ground,
       EXISTS (SELECT FROM subjects_itempurpose need JOIN subjects_personaldataitem item ON item.id = need.item_id
         WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s
           AND item.source IN ('third_party', 'public_source') AND item.source_evidence IS NULL)
FROM {asked}
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
) stored ON true
LEFT JOIN subjects_organisation organisation ON organisation.id = person.organisation_id
LEFT JOIN subjects_relationship relationship
       ON relationship.subject_id = person.id AND relationship.purpose_id = %(purpose)s
      AND (relationship.ended_on IS NULL OR relationship.ended_on > %(today)s)
LEFT JOIN LATERAL (
    SELECT state.status, state.effective_at, state.valid_until, state.entry,
           event.origin = 'direct' AND event.collected_by <> 'import' AS explicit
    FROM consents_consentstate state JOIN consents_consentevent event ON event.uuid = state.event
    WHERE state.subject = person.uuid AND state.purpose_id = %(purpose)s
      AND (%(channel)s = '' OR state.channel IN ('', %(channel)s))
    ORDER BY {order} LIMIT 1
) choice ON true
"""
BY_VALUE = """
unnest(%(numbers)s::int[], %(blinds)s::bytea[]) AS asked (n, blind)
JOIN subjects_identifier identifier
  ON identifier.blind = asked.blind AND identifier.type = %(type)s AND identifier.system = %(system)s
JOIN subjects_subjectidentifier link ON link.identifier_id = identifier.id
JOIN subjects_datasubject person ON person.id = link.subject_id AND NOT person.is_test
"""
BY_PERSON = """
(VALUES (0)) AS asked (n) JOIN subjects_datasubject person ON person.id = %(person)s AND NOT person.is_test
"""
_DESCENDING = " DESC, ".join(part.strip() for part in ORDER.format("state").split(", ")) + " DESC"
PEOPLE_BY_VALUE = PEOPLE.format(asked=BY_VALUE, order=_DESCENDING)
PEOPLE_BY_PERSON = PEOPLE.format(asked=BY_PERSON, order=_DESCENDING)

NOES = """
SELECT asked.n, suppression.since, suppression.entry, suppression.purpose_id IS NULL OR suppression.reason = 'objection'
FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[]) AS asked (n, hash)
JOIN consents_suppression suppression ON suppression.hash = asked.hash AND suppression.lifted_at IS NULL
WHERE (suppression.purpose_id = %(purpose)s OR (suppression.purpose_id IS NULL AND %(marketing)s))
  AND (%(channel)s = '' OR suppression.channel IN ('', %(channel)s))
"""


def rules_of(slug: str) -> tuple[int, Rules] | None:
    """(primary key, rules) of the purpose with this slug. One query."""
    rows = list(_rows(RULES, [slug]))
    if not rows:
        return None
    key, purpose, live, basis, marketing, assessment, relies, review_due = rows[0]
    outlives = slug in NEVER_RESTRICTED
    return key, Rules(purpose, live, basis, marketing, assessment, bool(relies), review_due, outlives)


def facts_by_value(
    params: dict[str, Any], blinds: Sequence[Sequence[bytes]], hashes: Sequence[Sequence[bytes]]
) -> dict[int, list[Facts]]:
    """The facts of every person behind each value (by its place in the request). Two queries."""
    params |= _flat("numbers", "blinds", blinds)
    noes = noes_by_value({**params, **_flat("numbers", "hashes", hashes)})
    found: dict[int, list[Facts]] = defaultdict(list)
    for row in _rows(PEOPLE_BY_VALUE, params):
        found[row[0]].append(_facts(row, noes[row[0]]))
    for number, refusals in noes.items():
        if refusals and number not in found:
            found[number].append(Facts(known=False, noes=refusals))
    return found


def facts_of(params: dict[str, Any], person: int, hashes: Sequence[bytes]) -> Facts:
    """The facts of one person, with the noes of any of their identifiers. Two queries."""
    noes = noes_by_value({**params, **_flat("numbers", "hashes", [hashes])})[0]
    for row in _rows(PEOPLE_BY_PERSON, {**params, "person": person}):
        return _facts(row, noes)
    return Facts(known=False, noes=noes)


def noes_by_value(params: dict[str, Any]) -> dict[int, list[No]]:
    found: dict[int, list[No]] = defaultdict(list)
    for number, since, entry, is_objection in _rows(NOES, params):
        found[number].append(No(since, entry, is_objection))
    return found


def _flat(first: str, second: str, lists: Sequence[Sequence[bytes]]) -> dict[str, Any]:
    pairs = [(number, value) for number, values in enumerate(lists) for value in values]
    return {first: [number for number, _value in pairs], second: [value for _number, value in pairs]}


def _facts(row: tuple[Any, ...], noes: list[No]) -> Facts:
    _n, _person, legal_type, status, at, until, entry, explicit, stored, is_all, relationship, ground, unproved = row
    return Facts(
        choice=Choice(status, at, until, entry, explicit) if status else None,
        noes=noes,
        restriction=stored if is_all else None,
        some_restricted=stored is not None,
        relationship=relationship,
        ground=ground or "",
        legal_type=legal_type,
        lacks_source_evidence=unproved,
    )


def _rows(sql: str, params: Any) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        yield from cursor.fetchall()


def parameters(purpose: int, rules: Rules, *, channel: str, today: date) -> dict[str, Any]:
    reach = REACHED_BY.get(channel, "")
    return {
        "purpose": purpose,
        "marketing": rules.direct_marketing,
        "channel": channel,
        "today": today,
        "reach": reach,
    }
