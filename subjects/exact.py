"""Who is called exactly so: an id, an address, a number. What is looked for is never stored; it goes by blind index."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from core.errors import Invalid
from processing.models import System
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, SubjectIdentifier

MOST = 99
Type = Identifier.Type


def claims_of(text: str) -> Iterator[Claim]:
    """Everything this could be the address, number or id of."""
    systems = System.objects.values_list("slug", flat=True)
    possible = [Claim(kind, text) for kind in (Type.EMAIL, Type.PHONE, Type.CUSTOMER_NUMBER)]
    named, colon, rest = text.partition(":")
    for slug in systems:
        possible.append(Claim(Type.EXTERNAL_ID, rest if colon and named == slug else text, slug))
    for claim in possible:
        try:
            claim.normalised  # noqa: B018 - raises Invalid when impossible
        except Invalid:
            continue
        yield claim


def people_of(text: str, claims: Iterable[Claim]) -> set[int]:
    """The primary keys of whoever has one of these identifiers, proved or not, or this id."""
    wanted = [blind for claim in claims for blind in claim.blinds]
    links = SubjectIdentifier.objects.filter(identifier__blind__in=wanted)
    found = set(links.values_list("subject", flat=True)[:MOST])
    return found | with_id(text)


def with_id(text: str) -> set[int]:
    try:
        uuid = UUID(text)
    except ValueError:
        return set()
    return set(DataSubject.objects.filter(uuid=uuid).values_list("pk", flat=True))
