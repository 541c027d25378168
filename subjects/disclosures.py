"""Whose data went to whom, when and on what ground (UK GDPR Arts 15(1)(c) and 19)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound, Text
from ledger.entries import record as note
from processing.models import DataCategory, Purpose, Recipient
from subjects.models import DataSubject, Disclosure
from subjects.people import hold

BY_LAW = "required_by_law"
GROUNDS = frozenset({"consent", "instruction", BY_LAW, "professional_advice"})


@transaction.atomic
def record(
    subject: DataSubject,
    *,
    recipient: Recipient,
    categories: Sequence[DataCategory],
    ground: str,
    purpose: Purpose | None = None,
    legal_power: str = "",
    approved_by: str = "",
    now: datetime,
    actor: str,
) -> Disclosure:
    """Record a disclosure. One that the law requires names the power it was made under and who approved it."""
    errors: dict[str, Text] = {}
    if ground not in GROUNDS:
        errors["ground"] = _("This ground is unknown.")
    if not categories:
        errors["categories"] = _("Name the categories that were disclosed, and no more than were needed.")
    if ground == BY_LAW and not legal_power:
        errors["legal_power"] = _("Name the power under which the data was demanded.")
    if ground == BY_LAW and not approved_by:
        errors["approved_by"] = _("Name who approved it.")
    if errors:
        raise Invalid(fields=errors)
    if not hold(subject):
        raise NotFound
    disclosure = Disclosure.objects.create(
        subject=subject,
        recipient=recipient,
        purpose=purpose,
        ground=ground,
        legal_power=legal_power,
        approved_by=approved_by,
        disclosed_at=now,
    )
    disclosure.categories.set(categories)
    note(
        kind="data.disclosed",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=disclosure.uuid,
        purpose=purpose.slug if purpose else "",
        data={"recipient": recipient.slug, "ground": ground, "categories": sorted(c.slug for c in categories)},
    )
    return disclosure
