"""Who of the staff sees whom. The privacy office sees everybody; sales and marketing see people only as far as a
purpose of theirs reaches today.

What is kept of a former customer for claims and tax is nobody's lead: whoever sells does not find the person by it,
sees none of it, and cannot tell that it is there. The limit is part of each query, not of the page.
"""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q
from django.db.models.query import QuerySet

from core.models import User
from processing.models import Purpose, Status
from subjects.models import DataSubject, Identifier, Relationship

# How somebody is reached. A customer's number tells of a contract.
REACHED_BY = (Identifier.Type.EMAIL, Identifier.Type.PHONE)
READ, SELL = "subjects.view_datasubject", "subjects.sell_to_datasubject"


@dataclass(frozen=True)
class Sight:
    """`purposes` are the primary keys of those whose data may be seen; None for every purpose."""

    purposes: frozenset[int] | None
    people: QuerySet[DataSubject]

    @property
    def is_whole(self) -> bool:
        return self.purposes is None

    @property
    def links(self) -> Q:
        """Which links between people and their identifiers may be seen."""
        return Q() if self.is_whole else Q(identifier__type__in=REACHED_BY)

    def reaches(self, purpose: int) -> bool:
        return self.purposes is None or purpose in self.purposes


def sight_of(user: User | AnonymousUser, *, today: date) -> Sight:
    everybody = DataSubject.objects.all()
    if user.has_perm(READ):
        return Sight(None, everybody)
    if not user.has_perm(SELL):
        return Sight(frozenset(), everybody.none())
    ours = Purpose.objects.filter(versions__status=Status.LIVE, versions__direct_marketing=True)
    purposes = frozenset(ours.values_list("pk", flat=True))
    ties = Relationship.objects.filter(running(today), subject=OuterRef("pk"), purpose__in=purposes)
    return Sight(purposes, everybody.filter(Exists(ties)))


def running(today: date) -> Q:
    """Dealings that have not ended in any way."""
    ends = ("ended_on", "contract_ended_on", "consent_ended_on", "application_closed_on")
    still = Q()
    for name in ends:
        still &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": today})
    return still
