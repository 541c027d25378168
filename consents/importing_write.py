"""Writing imported answers: straight into the tables (core/copying.py), a table at a time.

What a consent is made of is the same as in consents/capture_sql.py: person, identifier and its key, proof and its key,
ledger entry, event, state, relationship. Of somebody new nothing can stand already, so what they are stored as is
copied. States and relationships of people whom we knew go by the guards that every writer of them has.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID, uuid4

from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg.errors import UniqueViolation

from consents.importing_rows import BY, Answer, Newcomer
from consents.models import Status
from consents.projection import COLUMNS, UPSERT, stands
from core import copying
from core.arrays import array, texts
from core.copying import ID, NO, big, cells, day, row, small
from core.errors import DomainError
from core.models import Controller
from ledger import entries

# For so many new people and their identifiers.
NUMBERS = """
SELECT nextval((SELECT pg_get_serial_sequence('subjects_datasubject', 'id')::regclass)),
       nextval((SELECT pg_get_serial_sequence('subjects_identifier', 'id')::regclass))
FROM generate_series(1, %s)
"""
EVENT = (
    "uuid, schema_version, consent, subject, purpose, channel, status, effective_at, valid_until, recorded_at, origin,"
    " collected_by, actor, proof, entry"
)
_STATE = small(8) + ID
TIE = "uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source, started_on, last_interaction_on"
# As a consent that is captured: what stands at "given" is why we may deal with the person for it.
LATER = f"""
WITH state AS (
    INSERT INTO consents_consentstate AS state ({COLUMNS})
    SELECT * FROM unnest(%(subjects)s::uuid[], %(purposes)s::bigint[], %(channels)s::text[], %(statuses)s::text[],
        %(ats)s::timestamptz[], %(untils)s::timestamptz[], %(events)s::uuid[], %(entries)s::uuid[])
        AS answer (subject, purpose, channel)
    ORDER BY answer.subject, answer.purpose, answer.channel
    {UPSERT}
    RETURNING subject, purpose_id, status, effective_at
)
INSERT INTO subjects_relationship ({TIE})
SELECT gen_random_uuid(), person.id, given.purpose_id, 'subscriber', '', '', 'import', given.day, given.day
FROM (
    SELECT subject, purpose_id, (max(effective_at) AT TIME ZONE %(zone)s)::date AS day
    FROM state WHERE status = 'given' GROUP BY 1, 2
) given
JOIN subjects_datasubject person ON person.uuid = given.subject
ON CONFLICT (subject_id, purpose_id) DO UPDATE SET
    consent_ended_on = NULL, ended_on = NULL,
    last_interaction_on = GREATEST(subjects_relationship.last_interaction_on, EXCLUDED.last_interaction_on)
"""  # noqa: S608  (constants only)


class Busy(DomainError):
    code = "busy"
    message = _("Somebody is storing the same people. Start again: what is done stays done.")


@dataclass(slots=True)
class Kept:
    """An answer that is stored, and whose it is. `person` is who was not known before this batch."""

    answer: Answer
    subject: UUID
    person: Newcomer | None = None


def write(kept: Sequence[Kept], *, actor: str, now: datetime) -> None:
    """Store these answers, and whoever is new. Raises Busy when somebody else stored the same people."""
    people = {one.subject: one.person for one in kept if one.person}
    numbers = _people(people.values())
    # In the order of the index, where its pages are filled one after the other.
    copying.store("core_datakey", "owner_id, owner, master_key, wrapped", sorted(_keys(kept, people.values())))
    entries.store(_bodies(kept, actor=actor, now=now))
    try:
        copying.store("consents_consentevent", EVENT, map(_event, kept))
    except UniqueViolation:
        # Another import took the same rows in since it was asked which are known.
        raise Busy from None
    standing = _standing(kept)
    _first([one for one in standing if one.person], numbers)
    _later([one for one in standing if not one.person])


def _people(people: Collection[Newcomer]) -> dict[UUID, int]:
    """Store them and their identifiers; returns the number of each."""
    with connection.cursor() as cursor:
        cursor.execute(NUMBERS, [len(people)])
        numbers = cursor.fetchall()
    first = {
        person.subject: (number, person.known or identifier)
        for person, (number, identifier) in zip(sorted(people, key=_subject), numbers, strict=True)
    }
    # Everybody stores identifiers in the order of the blind index, so of two that name the same none waits for the
    # other.
    new = sorted((person for person in people if not person.known), key=_blind)
    found = ((big(first[person.subject][1]), person.identifier) for person in new)
    try:
        copying.store(
            "subjects_identifier",
            "id, uuid, type, system, rules_version, sealed, blind, blind_key",
            (small(8) + cells(number) + rest for number, rest in found),
        )
    except UniqueViolation:
        raise Busy from None
    copying.store(
        "subjects_datasubject",
        "id, uuid, locale, jurisdiction, is_test",
        (row(big(number), subject.bytes, b"en-GB", b"UK", NO) for subject, (number, _identifier) in first.items()),
    )
    copying.store(
        "subjects_subjectidentifier",
        "subject_id, identifier_id, verified_how, is_shared",
        (row(big(number), big(identifier), b"", NO) for number, identifier in first.values()),
    )
    return {subject: number for subject, (number, _identifier) in first.items()}


def _subject(person: Newcomer) -> int:
    return person.subject.int


def _blind(person: Newcomer) -> bytes:
    return person.blind


def _keys(kept: Iterable[Kept], people: Iterable[Newcomer]) -> Iterator[bytes]:
    yield from (one.answer.key for one in kept)
    yield from (person.key for person in people if not person.known)


def _bodies(kept: Iterable[Kept], *, actor: str, now: datetime) -> Iterator[str]:
    seen: set[UUID] = set()
    for one in kept:
        answer, is_new = one.answer, bool(one.person) and one.subject not in seen
        seen.add(one.subject)
        pattern = _pattern(answer.purpose.slug, answer.channel, answer.status, is_new=is_new, actor=actor, now=now)
        yield pattern.body(entry=answer.entry, subject=one.subject, object=answer.consent, given_at=answer.given_at)


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


def _event(one: Kept) -> bytes:
    return one.answer.before + one.subject.bytes + one.answer.behind


def _standing(kept: Iterable[Kept]) -> Collection[Kept]:
    """Of each person, purpose and channel the answer that stands (consents/projection.py)."""
    found: dict[tuple[UUID, int, str], Kept] = {}
    for one in kept:
        place = one.subject, one.answer.purpose.pk, one.answer.channel
        if place not in found or _order(one.answer) > _order(found[place].answer):
            found[place] = one
    return found.values()


def _order(answer: Answer) -> tuple[bool, datetime, bool, UUID]:
    return stands(answer.status, answer.at, answer.event)


def _first(standing: Sequence[Kept], numbers: Mapping[UUID, int]) -> None:
    """States and relationships of people who have none yet."""
    states = (_STATE + one.subject.bytes + one.answer.state for one in standing)
    copying.store("consents_consentstate", COLUMNS, sorted(states))
    given: dict[tuple[int, int], date] = {}
    zone = Controller.current().zone
    for one in standing:
        if one.answer.status == Status.GIVEN:
            tie, on = (numbers[one.subject], one.answer.purpose.pk), one.answer.at.astimezone(zone).date()
            given[tie] = max(on, given.get(tie, on))
    copying.store("subjects_relationship", TIE, (_tie(*tie, day(on)) for tie, on in sorted(given.items())))


def _tie(person: int, purpose: int, on: bytes) -> bytes:
    return row(uuid4().bytes, big(person), big(purpose), b"subscriber", b"", b"", BY.encode(), on, on)


def _later(standing: Sequence[Kept]) -> None:
    """States and relationships of people who may have them already."""
    if not standing:
        return
    answers = [one.answer for one in standing]
    params = {
        "subjects": array(one.subject for one in standing),
        "purposes": array(answer.purpose.pk for answer in answers),
        "channels": texts(answer.channel for answer in answers),
        "statuses": texts(answer.status for answer in answers),
        "ats": texts(answer.given_at for answer in answers),
        "untils": texts(answer.until.isoformat() if answer.until else None for answer in answers),
        "events": array(answer.event for answer in answers),
        "entries": array(answer.entry for answer in answers),
        "zone": Controller.current().time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(LATER, params)
