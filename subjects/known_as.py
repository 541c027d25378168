"""By which ids other systems know a person, for them to find their own record of somebody.

Unverified beside something else, or shared, an id selects nobody for erasure (SubjectIdentifier): it is not told.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from core.arrays import Among
from processing.models import System
from subjects.erasure import KnownAs
from subjects.identifiers import reveal
from subjects.models import Identifier, SubjectIdentifier

EXTERNAL, CUSTOMER = Identifier.Type.EXTERNAL_ID, Identifier.Type.CUSTOMER_NUMBER


def of(people: Collection[UUID]) -> list[KnownAs]:
    """The ids of these people, by their public ids."""
    links = SubjectIdentifier.objects.filter(
        Among("subject__uuid", people, "uuid"), identifier__type__in=[EXTERNAL, CUSTOMER], is_shared=False
    ).exclude(is_later=True, verified_at=None)
    rows = list(links.select_related("subject", "identifier").order_by("pk")) if people else []
    values = reveal(link.identifier for link in rows) if rows else {}
    return [
        KnownAs(link.subject.uuid, link.identifier.type, link.identifier.system, values[link.identifier_id])
        for link in rows
        if link.identifier_id in values
    ]


def called(system: System, known: Iterable[KnownAs]) -> dict[UUID, list[str]]:
    """The system's own ids of each person; of whom it has none, our customer numbers, by which everybody finds them."""
    own, numbers = defaultdict[UUID, list[str]](list), defaultdict[UUID, list[str]](list)
    for one in known:
        if one.type == EXTERNAL and one.system == system.slug:
            own[one.subject].append(one.value)
        elif one.type == CUSTOMER:
            numbers[one.subject].append(one.value)
    return {**numbers, **own}
