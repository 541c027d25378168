"""What a merge would do, for the page on which somebody decides it."""

from dataclasses import dataclass

from consents.models import ConsentState
from consents.states import YES
from office import hints
from office.strictest import NO
from processing.models import Purpose
from requests.models import CaseFile
from subjects.models import (
    DataSubject,
    ErasureBlock,
    Identifier,
    PersonalDataItem,
    Relationship,
    Restriction,
    SubjectIdentifier,
)
from subjects.people import STRONG


@dataclass(frozen=True)
class Side:
    subject: DataSubject
    hints: list[str]
    items: int
    ties: int
    cases: int
    blocks: int
    restrictions: int


@dataclass(frozen=True)
class Plan:
    kept: Side
    gone: Side
    # Purposes on which one side said yes and the other no: the "no" will stand.
    conflicts: list[str]
    joined: list[str]
    # Kinds of number of which each side has its own: a sign of two people.
    doubts: list[str]


def plan(kept: DataSubject, gone: DataSubject) -> Plan:
    return Plan(
        kept=_side(kept),
        gone=_side(gone),
        conflicts=_conflicts(kept, gone),
        joined=_joined(kept, gone),
        doubts=_doubts(kept, gone),
    )


def _side(subject: DataSubject) -> Side:
    identifiers = list(Identifier.objects.filter(subject_links__subject=subject).order_by("pk")[:10])
    return Side(
        subject=subject,
        hints=list(hints.hints_of(identifiers).values()),
        items=PersonalDataItem.objects.filter(subject=subject).count(),
        ties=Relationship.objects.filter(subject=subject).count(),
        cases=CaseFile.objects.filter(subject=subject).count(),
        blocks=ErasureBlock.objects.filter(subject=subject, released_at=None).count(),
        restrictions=Restriction.objects.filter(subject=subject, lifted_at=None).count(),
    )


def _conflicts(kept: DataSubject, gone: DataSubject) -> list[str]:
    states = ConsentState.objects.filter(subject__in=[kept.uuid, gone.uuid])
    said: dict[int, set[str]] = {}
    for purpose, status in states.values_list("purpose_id", "status"):
        said.setdefault(purpose, set()).add(status)
    both = [purpose for purpose, found in said.items() if found & set(NO) and found & set(YES)]
    return list(Purpose.objects.filter(pk__in=both).order_by("slug").values_list("slug", flat=True))


def _joined(kept: DataSubject, gone: DataSubject) -> list[str]:
    mine = Relationship.objects.filter(subject=kept).values("purpose")
    theirs = Relationship.objects.filter(subject=gone, purpose__in=mine)
    return list(theirs.order_by("purpose__slug").values_list("purpose__slug", flat=True))


def _doubts(kept: DataSubject, gone: DataSubject) -> list[str]:
    links = SubjectIdentifier.objects.filter(subject__in=[kept, gone], identifier__type__in=STRONG)
    seen: dict[tuple[str, str], set[int]] = {}
    for type_, system, subject in links.values_list("identifier__type", "identifier__system", "subject"):
        seen.setdefault((type_, system), set()).add(subject)
    return [str(Identifier.Type(key[0]).label) for key, people in seen.items() if len(people) == 2]
