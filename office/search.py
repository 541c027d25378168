"""Finding a person by whatever staff have in their hands: an address, a number, a reference, an id, words of a name.

What is looked for is never stored, never in a URL and never in a log. Exact values go through the blind index.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Q, QuerySet

from core.models import User
from office import hints
from office.visibility import Sight
from requests import finding
from requests.models import Complaint, RightsRequest
from subjects import exact, names
from subjects.models import DataSubject, Identifier, SubjectIdentifier

MOST = 25
Type = Identifier.Type


@dataclass(frozen=True)
class Hit:
    """Somebody who may be meant, masked."""

    subject: DataSubject
    hints: list[str]
    items: int
    last: date | None


@dataclass(frozen=True)
class Found:
    hits: list[Hit] = field(default_factory=list)
    called: RightsRequest | Complaint | None = None
    is_cut: bool = False
    # What the text was read as, for a page that has to say that nothing was found.
    tried: list[str] = field(default_factory=list)


def search(text: str, user: User | AnonymousUser, sight: Sight) -> Found:
    """What has this reference, else everybody this user sees whose id, address, number or name this is."""
    text = text.replace("\x00", "").strip()[:254]
    called = finding.by_reference(text, user)
    if called:
        return Found(called=called)
    claims = list(exact.claims_of(text))
    ids = exact.people_of(text, claims)
    people = DataSubject.objects.filter(pk__in=ids) if ids else names.people_named(text)
    tried = [str(Type(kind).label) for kind in dict.fromkeys(claim.type for claim in claims)]
    hits = _hits(people.filter(pk__in=sight.people.values("pk")).order_by("pk")[: MOST + 1], sight)
    return Found(hits=hits[:MOST], is_cut=len(hits) > MOST, tried=tried)


def _hits(people: QuerySet[DataSubject], sight: Sight) -> list[Hit]:
    """What tells them apart without saying who they are. Four queries."""
    found = list(people)
    links = SubjectIdentifier.objects.filter(sight.links, subject__in=found).select_related("identifier").order_by("pk")
    of: dict[int, list[Identifier]] = {subject.pk: [] for subject in found}
    for link in links:
        of[link.subject_id].append(link.identifier)
    masked = hints.hints_of(_flat(of.values()))
    seen = Q() if sight.purposes is None else Q(items__needs__purpose__in=sight.purposes)
    tied = Q() if sight.purposes is None else Q(relationships__purpose__in=sight.purposes)
    held = {
        row["pk"]: (row["held"], row["last"])
        for row in DataSubject.objects.filter(pk__in=list(of))
        .annotate(
            held=Count("items", distinct=True, filter=seen),
            last=Max("relationships__last_interaction_on", filter=tied),
        )
        .values("pk", "held", "last")
    }
    return [
        Hit(subject, [masked[one.pk] for one in of[subject.pk][:4] if one.pk in masked], *held[subject.pk])
        for subject in found
    ]


def _flat(groups: Iterable[list[Identifier]]) -> list[Identifier]:
    return [one for group in groups for one in group[:4]]
