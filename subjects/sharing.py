"""An identifier that several people had is one person's alone again, once the others are gone or it was taken off them.

Then it is called shared no more, and what was said under anything of theirs stands under all of it
(consents/carrying.py).
"""

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import connection, transaction

from core.arrays import Among, array
from subjects import people
from subjects.deletes import lock_people
from subjects.models import SubjectIdentifier

ACTOR = "system:sharing"
# Test people are nobody that a real person could share an address with.
ALONE = """
link.is_shared AND NOT EXISTS (
    SELECT FROM subjects_subjectidentifier other
    JOIN subjects_datasubject mine ON mine.id = link.subject_id
    JOIN subjects_datasubject them ON them.id = other.subject_id AND them.is_test = mine.is_test
    WHERE other.identifier_id = link.identifier_id AND other.id <> link.id)
"""
END = f"""
UPDATE subjects_subjectidentifier link SET is_shared = false
WHERE link.identifier_id = ANY (%s::bigint[]) AND {ALONE}
RETURNING link.subject_id
"""  # noqa: S608  (constants only)
STANDING = f"""
SELECT link.subject_id, link.identifier_id FROM subjects_subjectidentifier link WHERE {ALONE} ORDER BY link.id LIMIT %s
"""  # noqa: S608  (constants only)

# Takes (people, were_shared=, now=, actor=): who has something alone now, and which identifiers others had until now.
Alone = Callable[..., None]
_alone: list[Alone] = []


def register_alone(tell: Alone) -> None:
    """Have `tell` hear of everybody who comes to have something alone, inside that transaction."""
    _alone[:] = [tell]


def of(person_ids: Collection[int]) -> list[int]:
    """The identifiers that these people have with somebody."""
    links = SubjectIdentifier.objects.filter(Among("subject", person_ids), is_shared=True)
    return list(links.order_by("identifier").values_list("identifier", flat=True).distinct())


def end(identifiers: Collection[int], *, now: datetime, actor: str) -> None:
    """Of these, which the caller has locked, those that are one person's alone are called shared no more."""
    if not identifiers:
        return
    with connection.cursor() as cursor:
        cursor.execute(END, [array(identifiers)])
        alone = [person for (person,) in cursor.fetchall()]
    for tell in _alone if alone else ():
        tell(alone, were_shared=identifiers, now=now, actor=actor)


def put_right(*, now: datetime, limit: int = 10_000) -> int:
    """Those that are called shared though one person alone has them, as before erasures said so; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [limit])
        found = cursor.fetchall()
    for person, identifier in found:
        # One after the other: of many people at once somebody else would have locked some in another order.
        with transaction.atomic():
            lock_people([], [person])
            people.lock([identifier])
            end([identifier], now=now, actor=ACTOR)
    return len(found)
