"""What of a choice goes with an erasure, and what stays: the proof goes, the evidence and the "no" stay.

A valid consent keeps a person from vanishing through its relationship, which capture makes and which `standing` keeps
when the last item goes. Once that relationship is erased the consent is over too: nothing is left to rely on.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from consents import endings, opt_in
from consents.models import ConsentEvent, ConsentEvidence, ConsentReminder, ConsentRenewal, ConsentState
from consents.states import YES
from core.arrays import Among, array
from core.models import Owner
from core.vault import destroy_keys
from processing.models import Purpose
from subjects.erasure import Gone, Pair

ACTOR = "system:erasure"


def standing(pairs: Sequence[Pair], now: datetime) -> set[Pair]:
    """Registered with subjects.erasure: the relationships that rest on a consent which is valid now. One query.

    Whatever role they have: somebody we met as a prospect may have subscribed since.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT pair.subject_id, pair.purpose_id
            FROM UNNEST(%s::bigint[], %s::bigint[]) AS pair (subject_id, purpose_id)
            JOIN subjects_datasubject AS person ON person.id = pair.subject_id
            JOIN consents_consentstate AS state ON state.subject = person.uuid AND state.purpose_id = pair.purpose_id
            WHERE state.status = ANY(%s) AND (state.valid_until IS NULL OR state.valid_until > %s)
            """,
            [array(person for person, _purpose in pairs), array(purpose for _person, purpose in pairs), list(YES), now],
        )
        return set(cursor.fetchall())


def clean(gone: Gone) -> None:
    """Registered with subjects.erasure; runs inside the erasing transaction."""
    vanished = set(gone.subjects)
    staying = {(subject, purpose) for subject, purpose in gone.relationships if subject not in vanished}
    people = ConsentState.objects.filter(
        Among("subject", {subject for subject, _purpose in staying}, "uuid"), status__in=YES
    )
    for subject, purpose in staying.intersection(people.values_list("subject", "purpose")):
        _end(subject, purpose, gone)
    ConsentState.objects.filter(Among("subject", gone.subjects, "uuid")).delete()
    opt_in.forget_people(gone.subject_ids)
    ConsentRenewal.objects.filter(Among("subject", gone.subjects, "uuid")).delete()
    ConsentReminder.objects.filter(Among("subject", gone.subjects, "uuid")).delete()
    drop_evidence(gone.subjects)
    destroy_proofs(gone.subjects)


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
