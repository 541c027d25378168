"""What of a choice goes with an erasure, and what stays: the proof goes, the evidence and the "no" stay.

A valid consent keeps a person from vanishing through its relationship, which capture makes and which `standing` keeps
when the last item goes. Once that relationship is erased the consent is over too: nothing is left to rely on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet

from consents import endings, leaving, pending
from consents.models import ConsentEvent, ConsentEvidence, ConsentState
from consents.states import YES
from core import prepared
from core.arrays import Among, array
from core.models import Owner
from core.vault import destroy_keys
from processing.models import Purpose
from subjects.erasure import Gone, Pair

ACTOR = "system:erasure"
# Person by person, and only then what stands: OFFSET keeps the two apart. While the statistics are older than many
# consents, the planner would else read all that stand, under the locks of the batch.
STANDING = """
SELECT DISTINCT pair.subject_id, pair.purpose_id
FROM UNNEST(%s::bigint[], %s::bigint[]) AS pair (subject_id, purpose_id)
JOIN subjects_datasubject AS person ON person.id = pair.subject_id
CROSS JOIN LATERAL (
    SELECT status, valid_until FROM consents_consentstate
    WHERE subject = person.uuid AND purpose_id = pair.purpose_id OFFSET 0
) AS state
WHERE state.status = ANY(%s::text[]) AND (state.valid_until IS NULL OR state.valid_until > %s)
"""
# One statement for a whole batch of an erasure: nearly always there is nothing of most of it.
CLEAN = """
WITH consent AS MATERIALIZED (
    SELECT DISTINCT consent FROM consents_consentevent WHERE subject = ANY(%(people)s::uuid[])
), state AS (
    DELETE FROM consents_consentstate WHERE subject = ANY(%(people)s::uuid[])
), renewal AS (
    DELETE FROM consents_consentrenewal WHERE subject = ANY(%(people)s::uuid[])
), reminder AS (
    DELETE FROM consents_consentreminder WHERE subject = ANY(%(people)s::uuid[])
), paper AS (
    DELETE FROM consents_consentevidence WHERE consent IN (SELECT consent FROM consent)
), key AS (
    DELETE FROM core_datakey WHERE owner = %(owner)s AND owner_id IN (SELECT consent FROM consent)
)
SELECT 1
"""


def standing(pairs: Sequence[Pair], now: datetime) -> set[Pair]:
    """Registered with subjects.erasure: the relationships that rest on a consent which is valid now. One query.

    Whatever role they have: somebody we met as a prospect may have subscribed since.
    """
    people, purposes = (array(pair[place] for pair in pairs) for place in (0, 1))
    return {(row[0], row[1]) for row in prepared.fetch_all(STANDING, [people, purposes, list(YES), now])}


def keeping(now: datetime) -> QuerySet[Any]:
    """The same inside a query of relationships, for counting."""
    valid = Q(valid_until=None) | Q(valid_until__gt=now)
    tie = {"subject": OuterRef("subject__uuid"), "purpose": OuterRef("purpose")}
    return ConsentState.objects.filter(valid, status__in=YES, **tie)


def clean(gone: Gone) -> None:
    """Registered with subjects.erasure; runs inside the erasing transaction."""
    vanished = set(gone.subjects)
    staying = {(subject, purpose) for subject, purpose in gone.relationships if subject not in vanished}
    agreed = ConsentState.objects.filter(Among("subject", {person for person, _ in staying}, "uuid"), status__in=YES)
    for subject, purpose in staying.intersection(agreed.values_list("subject", "purpose")) if staying else ():
        _end(subject, purpose, gone)
    if gone.subjects:
        pending.forget_people(gone.subject_ids)
        if gone.shared:
            leaving.leave(gone.subject_ids, now=gone.now, actor=ACTOR)
        prepared.fetch_all(CLEAN, {"people": array(gone.subjects), "owner": Owner.CONSENT.value})


def destroy_proofs(subjects: Sequence[UUID]) -> int:
    """What they typed becomes unreadable; that they answered, and what, stays as evidence under a pseudonym."""
    consents = ConsentEvent.objects.filter(Among("subject", subjects, "uuid")).values_list("consent", flat=True)
    return destroy_keys(Owner.CONSENT, consents.distinct())


def drop_evidence(subjects: Sequence[UUID]) -> int:
    """The rows of papers and notes. What was in them goes with the key of the proof."""
    consents = ConsentEvent.objects.filter(Among("subject", subjects, "uuid")).values("consent")
    return ConsentEvidence.objects.filter(consent__in=consents).delete()[0]


def _end(subject: UUID, purpose_id: int, gone: Gone) -> None:
    """An event and not a deleted state: states must stay what the events add up to."""
    states = list(ConsentState.objects.filter(subject=subject, purpose=purpose_id, status__in=YES))
    if states:
        purpose = Purpose.objects.get(pk=purpose_id)
        endings.close(subject, purpose, states, kind="consent.ended", actor=ACTOR, now=gone.now)
