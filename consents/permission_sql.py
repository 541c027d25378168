"""Reading the facts for many people at once: as many queries for thousands as for one."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from consents.projection import stands
from consents.suppression import reaches
from consents.verdicts import Choice, Facts, No, Rules
from core import prepared
from core.ahead import ahead
from core.arrays import Bytes, array
from core.keys import keyring
from core.models import Controller, Owner
from core.prepared import Fetch, Row
from core.vault import open_each
from processing.models import Basis, Channel
from subjects.identifiers import FIELD, text_of
from subjects.models import Identifier, RestrictedUse
from subjects.models_limits import NEVER_RESTRICTED

# The category of data (by its slug) that a channel cannot do without.
REACHED_BY = {Channel.EMAIL.value: "email", Channel.PHONE.value: "phone", Channel.SMS.value: "phone"}
# The purpose by its name, whether live or not, with the assessment that governs it, and whose days are counted.
RULES = """
SELECT purpose.id, purpose.uuid, version.status = 'live', version.basis, version.direct_marketing,
       governing.uuid, governing.decision IN ('rely', 'rely_with_safeguards'), governing.review_due,
       (SELECT time_zone FROM core_controller WHERE id = 1)
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
WHERE purpose.slug = %(slug)s
"""

# One row per identifier, person and choice. An answer about every channel (empty) covers each channel; without a
# channel asked, the answer that stands last among all of them counts: which one that is, is told in Python, for almost
# nobody has more than one, and only a plain join lets the planner read few states by index and many in one sweep. What
# people are found by is a list of constants for the same reason. Test people are never found.
BY_VALUE = """
FROM subjects_identifier identifier
JOIN subjects_subjectidentifier link ON link.identifier_id = identifier.id
JOIN subjects_datasubject person ON person.id = link.subject_id AND NOT person.is_test
LEFT JOIN LATERAL (
    SELECT true AS something FROM subjects_subjectidentifier theirs
    WHERE theirs.subject_id = person.id AND theirs.is_shared LIMIT 1
) shares ON true
"""
WHERE_VALUE = """
WHERE identifier.blind = ANY (%(blinds)s) AND identifier.type = %(type)s AND identifier.system = %(system)s
"""
CHOICE = """
LEFT JOIN consents_consentstate choice
       ON choice.subject = person.uuid AND choice.purpose_id = %(purpose)s
      AND (%(channel)s = '' OR choice.channel IN ('', %(channel)s))
"""
# A restriction stops the purpose ("+") when it covers all that the purpose needs, or the kind of data by which this
# channel reaches somebody: which of their addresses is meant stands sealed in the item.
STORED = """
SELECT (array_agg(limits.uuid ORDER BY limits.item_id IS NOT NULL, limits.since, limits.id))[1] AS uuid,
       bool_or(limits.item_id IS NULL) AS everything, bool_or(category.slug = %(reach)s) AS reach,
       array_agg(limits.item_id) AS items
FROM subjects_restriction limits
LEFT JOIN subjects_itempurpose need ON need.item_id = limits.item_id AND need.purpose_id = %(purpose)s
LEFT JOIN processing_datacategory category ON category.id = need.category_id
WHERE limits.subject_id = person.id AND limits.lifted_at IS NULL
  AND (limits.purpose_id IS NULL OR limits.purpose_id = %(purpose)s)
  AND (limits.item_id IS NULL OR need.id IS NOT NULL)
"""
# The same for whoever names a recorded use of what is restricted (Art 18(2)): item by item, because what the use
# covers is not stopped, and of everybody else everything is.
STORED_BUT_USED = """
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
       OR (%(used_items)s::uuid[] <> '{}' AND item.uuid <> ALL (%(used_items)s::uuid[])))
"""
# Whether the answer was the person's own act matters only against a "no": nobody else's event is looked up. Few people
# have a restriction, so what it covers is asked for them alone.
ABOUT = """
person.id, choice.status, choice.effective_at, choice.valid_until, choice.entry, choice.event,
CASE WHEN {refused} THEN (
    SELECT event.origin = 'direct' AND event.collected_by <> 'import' FROM consents_consentevent event
    WHERE event.uuid = choice.event) END,
CASE WHEN EXISTS (SELECT FROM subjects_restriction WHERE subject_id = person.id AND lifted_at IS NULL) THEN (
    SELECT CASE WHEN stored.everything OR stored.reach OR NOT EXISTS (
        SELECT FROM subjects_itempurpose need
        WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s AND need.item_id <> ALL (stored.items)
    ) THEN '+' ELSE '-' END || stored.uuid
    FROM (
{stored}
    ) stored) END, {shares}
"""
# What rests on consent needs to know no more. Every other basis asks for the relationship, and PECR for the subscriber.
INTEREST = """
, COALESCE(organisation.legal_type, ''), relationship.uuid, relationship.ground,
%(interest)s AND EXISTS (
    SELECT FROM subjects_itempurpose need JOIN subjects_personaldataitem item ON item.id = need.item_id
    WHERE need.subject_id = person.id AND need.purpose_id = %(purpose)s
      AND item.source IN ('third_party', 'public_source') AND item.source_evidence IS NULL)
"""
RELATIONSHIP = """
LEFT JOIN subjects_organisation organisation ON organisation.id = person.organisation_id
LEFT JOIN subjects_relationship relationship
       ON relationship.subject_id = person.id AND relationship.purpose_id = %(purpose)s
      AND (relationship.ended_on IS NULL OR relationship.ended_on > %(today)s)
      AND (relationship.contract_ended_on IS NULL OR relationship.contract_ended_on > %(today)s)
"""
VALUES_ARE = (
    *("identifier.blind", "identifier.blind = ANY (%(refused)s) OR shares.something", "shares.something"),
    *(BY_VALUE, WHERE_VALUE),
)
PERSON_IS = (
    *("NULL", "%(is_refused)s", "NULL::boolean", "FROM subjects_datasubject person"),
    "WHERE person.id = %(person)s AND NOT person.is_test",
)
# What people are known by. Few share anything with others, and of a list of values it is asked of them alone.
THEIRS = """
SELECT link.subject_id, link.is_shared, identifier.type, identifier.system, identifier.uuid::text, key.master_key,
       key.wrapped, identifier.sealed
FROM ({whose}) whose
JOIN subjects_subjectidentifier link ON link.subject_id = whose.id
JOIN subjects_identifier identifier ON identifier.id = link.identifier_id
JOIN core_datakey key ON key.owner = 'identifier' AND key.owner_id = identifier.uuid
"""
THEIRS_OF_MANY = THEIRS.format(whose="SELECT unnest(%(people)s::bigint[]) AS id")
# For a few it is read together with the rules, whether they share anything or not.
THEIRS_OF_ONE = THEIRS.format(whose="SELECT %(person)s::bigint AS id")
THEIRS_OF_FEW = THEIRS.format(whose=f"SELECT DISTINCT person.id {BY_VALUE} {WHERE_VALUE} AND shares.something")
RULES_AND_THEIRS = "SELECT rules.*, theirs.* FROM ({rules}) rules LEFT JOIN LATERAL ({theirs}) theirs ON true"


@cache
def _people(asked: tuple[str, str, str, str, str], *, on_consent: bool, with_use: bool) -> str:
    key, refused, shares, source, where = asked
    about = ABOUT.format(refused=refused, shares=shares, stored=STORED_BUT_USED if with_use else STORED)
    interest, relationship = ("", "") if on_consent else (INTEREST, RELATIONSHIP)
    return f"SELECT {key}, {about} {interest} {source} {CHOICE} {relationship} {where}"


NOES = """
SELECT suppression.hash, suppression.since, suppression.entry,
       suppression.purpose_id IS NULL OR suppression.reason = 'objection', suppression.reason = 'tps', NULL::timestamptz
FROM consents_suppression suppression
WHERE suppression.hash = ANY (%(hashes)s) AND suppression.lifted_at IS NULL
  AND (suppression.purpose_id = %(purpose)s OR (suppression.purpose_id IS NULL AND %(marketing)s))
  AND (%(channel)s = '' OR suppression.channel IN ('', %(channel)s))
UNION ALL
SELECT pause.hash, pause.since, pause.entry, false, false, pause.until
FROM consents_pause pause
WHERE pause.hash = ANY (%(hashes)s) AND pause.ended_at IS NULL AND pause.until > %(now)s
  AND (pause.purpose_id = %(purpose)s OR (pause.purpose_id IS NULL AND %(marketing)s))
"""
# So few at most are looked up one by one, by a plan that is made once.
FEW = 10
# So many of many are looked for in one statement, two such at once, and meanwhile the ones before are judged.
PORTION = 25_000


class Asked(NamedTuple):
    """The purpose that is asked about: its primary key, its rules, and what people are known by where it was read."""

    purpose: int
    rules: Rules
    theirs: list[Row]


def rules_of(slug: str) -> Asked | None:
    """The purpose with this slug. One query."""
    return _asked_about(RULES, {"slug": slug})


def rules_and_person(slug: str, person: int) -> Asked | None:
    """The same, with what this person is known by. One query."""
    return _asked_about(_with(THEIRS_OF_ONE), {"slug": slug, "person": person})


def rules_and_people(slug: str, type: str, system: str, texts: Collection[bytes]) -> Asked | None:
    """The same, with what is known of whoever is behind one of a few texts and shares something. One query."""
    if len(texts) > FEW:
        return rules_of(slug)
    blinds = Bytes(_hashed("BLIND_INDEX_KEYS", texts))
    return _asked_about(_with(THEIRS_OF_FEW), {"slug": slug, "type": type, "system": system, "blinds": blinds})


@cache
def _with(theirs: str) -> str:
    return RULES_AND_THEIRS.format(rules=RULES, theirs=theirs)


def _asked_about(sql: str, params: dict[str, Any]) -> Asked | None:
    rows = prepared.fetch_all(sql, params)
    if not rows:
        return None
    key, purpose, live, basis, marketing, assessment, relies, review_due, zone = rows[0][:9]
    outlives = params["slug"] in NEVER_RESTRICTED
    place = ZoneInfo(zone) if zone else Controller.placeholder().zone
    rules = Rules(purpose, live, basis, marketing, assessment, bool(relies), review_due, outlives, place)
    # Nobody known stands there as nothing but the rules.
    return Asked(key, rules, [row[9:] for row in rows if row[9:] and row[9] is not None])


def people_by_text(
    params: dict[str, Any], texts: Collection[bytes], theirs: list[Row]
) -> Iterator[tuple[bytes, Row | None, Sequence[No]]]:
    """Every person behind each identifier, of which `texts` says what is hashed; no row of nobody.

    Two queries for each `PORTION` of them. Whoever has something that others have too is judged by all that is said
    under anything of `theirs`; where it was not read before, with two queries more where there is anybody.
    """
    every = list(texts)
    portions = (_Sought.by(every[start : start + PORTION]) for start in range(0, len(every), PORTION))
    lines = prepared.Lines(_fetch(len(every)))
    for sought, noes, sharing, rows in ahead(partial(_asked_of, lines, params, theirs), portions, lines.count):
        unmet = dict(noes)
        for row in _standing(rows):
            text, own = sought.blinds[row[0]], sharing.get(row[1])
            unmet.pop(text, None)
            yield text, row, [*noes.get(text, ()), *own] if own else noes.get(text, ())
        for text, refusals in unmet.items():
            yield text, None, refusals


class _Sought(NamedTuple):
    """Some of the texts by the hashes that they are found by, those of every active key."""

    hashes: dict[bytes, bytes]
    blinds: dict[bytes, bytes]

    @classmethod
    def by(cls, texts: Collection[bytes]) -> "_Sought":
        return cls(_hashed("SUPPRESSION_KEYS", texts), _hashed("BLIND_INDEX_KEYS", texts))


# What was sought, the noes by their text, those of people who share something, and the people with their choices.
Portion = tuple[_Sought, dict[bytes, list[No]], dict[int, list[No]], list[Row]]


def _asked_of(lines: prepared.Lines, params: dict[str, Any], theirs: list[Row], sought: _Sought) -> Portion:
    return lines.ask(lambda fetch: _portion(fetch, params, theirs, sought))


def _portion(fetch: Fetch, params: dict[str, Any], theirs: list[Row], sought: _Sought) -> Portion:
    known = _texts(params, theirs)
    said = _noes(fetch, params, sought.hashes | _hashes_of(known))
    noes = {text: said[text] for text in sought.hashes.values() if text in said}
    refused = [blind for blind, text in sought.blinds.items() if text in noes] if noes else []
    params = {**params, "blinds": Bytes(sought.blinds), "refused": Bytes(refused)}
    rows = fetch(_asked(VALUES_ARE, params), params)
    # Of many it is not known yet; of few, whoever came to share something just now.
    others = {row[1] for row in rows if row[9]} - known.keys()
    own = _under(known, said) | (_noes_of(fetch, params, others) if others else {})
    if params["type"] == Identifier.Type.PHONE:
        # PECR reg 26 is about the number that is called, which is the one that is asked for.
        own = {person: [no for no in each if not no.is_register] for person, each in own.items()}
    return sought, noes, own, rows


def facts_of(params: dict[str, Any], person: int, theirs: list[Row]) -> Facts:
    """The facts of one person, with what is said under anything of `theirs`. Two queries."""
    known = _texts(params, theirs)
    noes = _under(known, _noes(prepared.fetch_all, params, _hashes_of(known))).get(person, [])
    params |= {"person": person, "is_refused": bool(noes)}
    for row in _standing(prepared.fetch_all(_asked(PERSON_IS, params), params)):
        return facts_in(row, noes, params["used_of"])
    return Facts(known=False, noes=noes)


def said_of(people: Collection[int], *, purpose: int, channel: str, now: datetime) -> dict[int, list[No]]:
    """Every "no" and pause that reaches each of these people on this channel (empty: any). Two queries."""
    params = {"purpose": purpose, "marketing": True, "channel": channel, "now": now}
    return _noes_of(prepared.looked_up(), params, people)


def _noes_of(fetch: Fetch, params: dict[str, Any], people: Collection[int]) -> dict[int, list[No]]:
    known = _texts(params, fetch(THEIRS_OF_MANY, {"people": array(people)}))
    return _under(known, _noes(fetch, params, _hashes_of(known)))


def _texts(params: dict[str, Any], theirs: list[Row]) -> dict[int, list[bytes]]:
    """Under what something may be said of these people: under what others have too, where it reaches them here."""
    # Something that many have is opened once.
    rows = {row[4]: row[4:] for row in theirs}
    values = dict(zip(rows, open_each(Owner.IDENTIFIER, FIELD, rows.values()), strict=True))
    texts: dict[int, list[bytes]] = defaultdict(list)
    for person, is_shared, type, system, uuid, *_sealed in theirs:
        if not is_shared or reaches(type, params["channel"]):
            texts[person].append(text_of(type, (values[uuid] or b"").decode(), system))
    return texts


def _under(known: Mapping[int, list[bytes]], said: Mapping[bytes, list[No]]) -> dict[int, list[No]]:
    found = {person: [no for text in texts for no in said.get(text, ())] for person, texts in known.items()}
    return {person: noes for person, noes in found.items() if noes}


def _hashes_of(known: Mapping[int, list[bytes]]) -> dict[bytes, bytes]:
    return _hashed("SUPPRESSION_KEYS", {text for texts in known.values() for text in texts})


def _noes(fetch: Fetch, params: dict[str, Any], hashes: Mapping[bytes, bytes]) -> dict[bytes, list[No]]:
    found: dict[bytes, list[No]] = defaultdict(list)
    for hashed, *no in fetch(NOES, {**params, "hashes": Bytes(hashes)}):
        found[hashes[hashed]].append(No(*no))
    return dict(found)


def _hashed(ring: str, texts: Collection[bytes]) -> dict[bytes, bytes]:
    """The text of each hash under every active key."""
    keys = keyring(ring)
    return {value: text for key in keys.keys for value, text in zip(keys.macs(texts, key), texts, strict=True)}


def _standing(rows: list[Row]) -> Collection[Row]:
    """One row for each identifier and person: of several choices the one that stands."""
    found: dict[Row, Row] = {}
    for row in rows:
        other = found.setdefault(row[:2], row)
        if other is not row and _stands(row) > _stands(other):
            found[row[:2]] = row
    return found.values()


def _stands(row: Row) -> tuple[bool, datetime, bool, UUID]:
    return stands(row[2], row[3], row[6])


def facts_in(row: Row, noes: Sequence[No], used_of: int | None) -> Facts:
    _blind, person, status, at, until, entry, _event, explicit, stored, _shares, *rest = row
    choice = Choice(status, at, until, entry, bool(explicit)) if status else None
    stops = UUID(stored[1:]) if stored and stored[0] == "+" else None
    facts = Facts(True, choice, noes, stops, stored is not None, *rest)
    return facts._replace(is_used=True) if person == used_of else facts


def _asked(asked: tuple[str, str, str, str, str], params: dict[str, Any]) -> str:
    return _people(asked, on_consent=params["consent"], with_use=params["used_of"] is not None)


def _fetch(count: int) -> Fetch:
    return prepared.looked_up() if count > FEW else prepared.fetch_all


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
