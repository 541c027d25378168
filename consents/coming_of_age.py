"""A child for whom a parent or guardian agreed grows up: from that day on only their own word counts (UK GDPR Art 8).

The parent's "yes" ends then (consents/guardians.py). The child is told of the day beforehand, while that "yes" still
allows an e-mail (PECR reg 22); the page behind the mail takes their own "yes" from that day on and no sooner.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from consents.capture import FIELD
from consents.guardians import month_of, of_age_from
from consents.models import ConsentEvent, ConsentFormVersion, ConsentState
from consents.states import YES
from core.errors import Invalid
from core.models import Owner
from core.vault import keys_of
from subjects.identifiers import Claim
from subjects.models import Identifier

# Whom a form without an age is for.
GROWN_UP = 18


@dataclass(frozen=True)
class ByParent:
    """A "yes" of a parent or guardian, as its proof has it."""

    # From this day on the child answers alone, because the form takes that from this age on.
    until: datetime
    # The first of that month. Consents from before the month was let pass end on it.
    former: datetime
    age: int
    # Where the parent was asked; empty where they signed. The child is never asked there.
    address: str

    def lets_answer(self, version: ConsentFormVersion) -> bool:
        """Whether this form is for somebody who has just reached the age. One without an age is for grown-ups."""
        return version.minimum_age is not None and version.minimum_age <= self.age


@dataclass(frozen=True)
class Childhood:
    """What was agreed to for somebody, the last first: (age of the form, the parent who answered for them, if any)."""

    answers: list[tuple[int, ByParent | None]]
    # Which of these answers were a parent's.
    by_parents: Collection[UUID] = ()

    @property
    def addresses(self) -> set[str]:
        """Where parents were asked: however old the child is since, nobody answers there as the child."""
        return {parent.address for _age, parent in self.answers if parent and parent.address}

    def is_too_young(self, minimum_age: int | None, *, now: datetime) -> bool:
        """For a form with this age; one without an age is for grown-ups. The last answer to tell of it counts: of a
        parent, that they are younger than any higher age too; of their own, that they are older than any lower one.
        """
        least = GROWN_UP if minimum_age is None else minimum_age
        telling = (parent for age, parent in self.answers if (age <= least if parent else least <= age))
        last = next(telling, None)
        return last is not None and last.until > now


def of(subject: UUID) -> Childhood:
    found = ConsentEvent.objects.filter(subject=subject, form_version__isnull=False, status__in=YES)
    said = list(found.order_by("-effective_at", "-id").values_list("uuid", "form_version"))
    shown = ConsentFormVersion.objects.filter(pk__in={version for _event, version in said})
    asked = dict(shown.values_list("pk", "minimum_age"))
    given = by_parents([event for event, _version in said])
    return Childhood([(asked[version or 0] or GROWN_UP, given.get(event)) for event, version in said], given.keys())


def has_answered_alone(subject: UUID, *, now: datetime) -> bool:
    """Whether any "yes" stands that no parent or guardian gave for them."""
    valid = Q(valid_until=None) | Q(valid_until__gt=now)
    standing = ConsentState.objects.filter(valid, subject=subject, status__in=YES)
    events = set(standing.values_list("event", flat=True))
    return bool(events - by_parents(events).keys())


def by_parents(events: Collection[UUID]) -> dict[UUID, ByParent]:
    """Which of these answers a parent or guardian gave, by event. Two queries, and one for forms with an age."""
    found = ConsentEvent.objects.filter(uuid__in=events, proof__isnull=False)
    answered = {event.uuid: event for event in found}
    asked = ConsentFormVersion.objects.filter(pk__in={event.form_version or 0 for event in answered.values()})
    ages = dict(asked.filter(minimum_age__isnull=False).values_list("pk", "minimum_age"))
    of_age = {uuid: event for uuid, event in answered.items() if event.form_version in ages}
    keys = keys_of(Owner.CONSENT, {event.consent for event in of_age.values()})
    given = {}
    for uuid, event in of_age.items():
        if event.proof and event.consent in keys:
            proof = json.loads(keys[event.consent].open(FIELD, bytes(event.proof)))
            guardian = proof.get("guardian") or {}
            if month := month_of(guardian.get("until")):
                given[uuid] = ByParent(
                    of_age_from(month), month, ages[event.form_version or 0] or 0, _normalised(guardian.get("email"))
                )
    return given


def _normalised(address: object) -> str:
    try:
        return Claim(Identifier.Type.EMAIL, address).normalised if isinstance(address, str) and address else ""
    except Invalid:
        return ""
