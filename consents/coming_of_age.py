"""A child for whom a parent or guardian agreed grows up: from that day on only their own word counts (UK GDPR Art 8).

The parent's "yes" ends then (consents/guardians.py). The child is told of the day beforehand, while that "yes" still
allows an e-mail (PECR reg 22); the page behind the mail takes their own "yes" from that day on and no sooner.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consents.capture import FIELD
from consents.guardians import month_of
from consents.models import ConsentEvent, ConsentFormVersion
from core.errors import Invalid
from core.models import Owner
from core.vault import keys_of
from subjects.identifiers import Claim
from subjects.models import Identifier


@dataclass(frozen=True)
class ByParent:
    """A "yes" of a parent or guardian, as its proof has it."""

    # From this day on the child answers alone, because the form takes that from this age on.
    until: datetime
    age: int
    # Where the parent was asked; empty where they signed. The child is never asked there.
    address: str

    def lets_answer(self, version: ConsentFormVersion) -> bool:
        """Whether this form is for somebody who has just reached the age. One without an age is for grown-ups."""
        return version.minimum_age is not None and version.minimum_age <= self.age


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
            if until := month_of(guardian.get("until")):
                given[uuid] = ByParent(until, ages[event.form_version or 0] or 0, _normalised(guardian.get("email")))
    return given


def _normalised(address: object) -> str:
    try:
        return Claim(Identifier.Type.EMAIL, address).normalised if isinstance(address, str) and address else ""
    except Invalid:
        return ""
