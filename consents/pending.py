"""How an answer that waits (consents/opt_in.py) is found by what names its person: for a copy, and by an erasure."""

import json
from collections.abc import Iterable, Sequence

from django.db import connection

from consents.models import PendingConsent
from core.arrays import array
from core.models import Owner
from core.vault import keys_of
from subjects.identifiers import Claim, parse_identity

FIELD = "answer"
# One statement for a whole batch of an erasure. Of what waits unseen an empty row stays until the sweep: whoever sent
# it and asks again is told the same, as of an answer that counted, or they would learn that there had been a "no".
# What names nothing but an address that somebody else has too may be that one's, and goes when it expires.
FORGET = """
WITH theirs AS MATERIALIZED (
    SELECT uuid, is_unseen AND choices <> '{}' AS is_told FROM consents_pendingconsent
    WHERE confirmed_at IS NULL AND blinds && ARRAY(
        SELECT identifier.blind
        FROM subjects_subjectidentifier link JOIN subjects_identifier identifier ON identifier.id = link.identifier_id
        WHERE link.subject_id = ANY(%(people)s::bigint[]) AND NOT (link.is_shared AND EXISTS (
            SELECT FROM subjects_subjectidentifier other
            WHERE other.identifier_id = link.identifier_id AND other.is_shared
                AND other.subject_id <> ALL(%(people)s::bigint[]))))
    FOR UPDATE
), gone AS (
    DELETE FROM consents_pendingconsent WHERE uuid IN (SELECT uuid FROM theirs WHERE NOT is_told)
), emptied AS (
    UPDATE consents_pendingconsent SET sealed = NULL, blinds = '{}'
    WHERE uuid IN (SELECT uuid FROM theirs WHERE is_told)
)
DELETE FROM core_datakey WHERE owner = %(owner)s AND owner_id IN (SELECT uuid FROM theirs)
"""


def blinds(claims: Iterable[Claim]) -> list[bytes]:
    """Under every active key, or an erasure would not find it while identifiers move from one to the next."""
    return [blind for claim in claims for blind in claim.blinds]


def waiting_for(claims: Sequence[Claim]) -> list[PendingConsent]:
    """What was asked under any of these addresses and numbers and never confirmed."""
    found = PendingConsent.objects.filter(blinds__overlap=blinds(claims), confirmed_at=None)
    return list(found.order_by("requested_at"))


def naming_only(claims: Sequence[Claim]) -> list[PendingConsent]:
    """The same of whoever has nothing but what others have too: what names one of those is not theirs."""
    known = set(blinds(claims))
    return [row for row in waiting_for(claims) if known.issuperset(map(bytes, row.blinds))]


def forget_people(subject_ids: Iterable[int]) -> int:
    """Destroy what waits under any address or number that nobody but these people has, as they are erased."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"people": array(subject_ids), "owner": Owner.CONSENT.value})
        return int(cursor.rowcount)


def reblind(*, after: int = 0, limit: int = 500) -> tuple[int, int] | None:
    """After a change of BLIND_INDEX_KEYS: (last answer looked at, how many moved); None if none is beyond `after`."""
    rows = list(PendingConsent.objects.filter(pk__gt=after, confirmed_at=None).order_by("pk")[:limit])
    if not rows:
        return None
    keys = keys_of(Owner.CONSENT, [row.uuid for row in rows])
    moved = 0
    for row in rows:
        if row.uuid in keys:
            said = json.loads(keys[row.uuid].open(FIELD, bytes(row.sealed or b"")))
            now = blinds(parse_identity(said["identity"]))
            # Not over one that was confirmed or has gone meanwhile.
            moved += PendingConsent.objects.filter(pk=row.pk, confirmed_at=None).exclude(blinds=now).update(blinds=now)
    return rows[-1].pk, moved
