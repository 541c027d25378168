"""The state of each person, purpose and channel as the fold of its events.

The order is total and does not depend on arrival, so late, repeated or imported events cannot invert a state: an answer
before a mere request, put off or not, and before what only somebody else says, then the later one, then "no" before
"yes" at the same instant, then the greater event id.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from consents.models import ConsentEvent
from processing.models import Purpose

ANSWERED = "({0}.status NOT IN ('requested', 'deferred', 'unknown'))"
# "No" before "yes"; what is no answer has been told apart before.
RANK = "({0}.status <> 'given' AND {0}.status <> 'renewed')"
# Greater means: this one stands.
ORDER = f"{ANSWERED}, {{0}}.effective_at, {RANK}, {{0}}.event"
EVENT_ORDER = f"{ANSWERED} DESC, {{0}}.effective_at DESC, {RANK} DESC, {{0}}.uuid DESC"


def stands(status: str, effective_at: datetime, event: UUID) -> tuple[bool, datetime, bool, UUID]:
    """ORDER for what has been read already: the greater one stands."""
    return status not in ("requested", "deferred", "unknown"), effective_at, status not in ("given", "renewed"), event


COLUMNS = "subject, purpose_id, channel, status, effective_at, valid_until, event, entry"
# Shared by every writer of states (the capture statement too): the guard is what keeps arrival order out of it.
UPSERT = f"""
ON CONFLICT (subject, purpose_id, channel) DO UPDATE SET
    status = EXCLUDED.status, effective_at = EXCLUDED.effective_at, valid_until = EXCLUDED.valid_until,
    event = EXCLUDED.event, entry = EXCLUDED.entry
WHERE ROW({ORDER.format("EXCLUDED")}) > ROW({ORDER.format("state")})
"""

# One row per person, purpose and channel. People who are gone have no state: their events stay as evidence only.
FOLD = """
SELECT DISTINCT ON (event.subject, purpose.id, event.channel)
    event.subject, purpose.id, event.channel, event.status, event.effective_at, event.valid_until,
    event.uuid, event.entry
FROM consents_consentevent event
JOIN processing_purpose purpose ON purpose.uuid = event.purpose
JOIN subjects_datasubject subject ON subject.uuid = event.subject
"""
FOLDED = f"ORDER BY event.subject, purpose.id, event.channel, {EVENT_ORDER.format('event')}"

# An event of this origin takes back what a merge answered, once the two are parted. Its `consent` is the id of that
# event: the consent's own may be the other person's, from whom the answer was copied.
PARTING = "parting"
STANDS = f"""
event.origin <> '{PARTING}' AND NOT EXISTS (
    SELECT FROM consents_consentevent taken WHERE taken.consent = event.uuid AND taken.origin = '{PARTING}')
"""
INTO_STATES = f"INSERT INTO consents_consentstate AS state ({COLUMNS})"
PROJECT = f"{INTO_STATES} {FOLD} WHERE event.uuid = ANY(%s::uuid[]) {FOLDED} {UPSERT}"
WHOLE_FOLD = f"{FOLD} WHERE {STANDS} {FOLDED}"
DELETE = "DELETE FROM consents_consentstate WHERE subject = %(subject)s AND purpose_id = ANY(%(purposes)s::bigint[])"
REFOLD = f"""
{INTO_STATES} {FOLD}
WHERE event.subject = %(subject)s AND purpose.id = ANY(%(purposes)s::bigint[]) AND {STANDS} {FOLDED}
"""


def append(events: Sequence[ConsentEvent]) -> None:
    """Store these events and bring the states up to date, inside the caller's transaction. Two queries."""
    if not events:
        return
    ConsentEvent.objects.bulk_create(events)
    with connection.cursor() as cursor:
        cursor.execute(PROJECT, [[event.uuid for event in events]])


def take_back(subject: UUID, events: Sequence[ConsentEvent]) -> None:
    """Store these events of a person, of the origin PARTING; what they take back counts no more, and what it covered
    does again. In the caller's transaction, which holds the person.
    """
    ConsentEvent.objects.bulk_create(events)
    purposes = Purpose.objects.filter(uuid__in=[event.purpose for event in events]).values_list("pk", flat=True)
    with connection.cursor() as cursor:
        for sql in (DELETE, REFOLD):
            cursor.execute(sql, {"subject": subject, "purposes": list(purposes)})
