"""Whoever leaves a company that is held stays held: a hold by rule asks for whom somebody speaks now."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from subjects import blocks
from subjects.deletes import RULES_LOCK
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem


@transaction.atomic
def stay_held(
    subject: DataSubject, organisation: int | None, *, items: Collection[int] | None = None, now: datetime, actor: str
) -> None:
    """Name the person in each hold that is about this company (its primary key), which they leave.

    `items`: only these of theirs, by primary key, where the rest was never about the company.
    In the transaction that changes for whom they speak, or that moves what is held to somebody else.
    """
    if organisation is None:
        return
    with connection.cursor() as cursor:
        # A hold that is being placed is either seen here or waits, and finds them gone.
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})")
    rules = ErasureBlock.objects.filter(organisation=organisation, subject=None, released_at=None)
    for rule in rules.select_related("purpose").order_by("pk"):
        for item in _held(subject, rule, items):
            blocks.place(
                subject,
                kind=rule.kind,
                placed_for=rule.placed_for,
                purpose=rule.purpose,
                item=item,
                now=now,
                actor=actor,
            )


def _held(subject: DataSubject, rule: ErasureBlock, items: Collection[int] | None) -> list[PersonalDataItem | None]:
    """The items that a rule about a system or about days holds; without either, everything (None)."""
    if items is None and not (rule.system_id or rule.collected_from or rule.collected_to):
        return [None]
    needs = ItemPurpose.objects.filter(subject=subject)
    if items is not None:
        needs = needs.filter(item__in=items)
    bounds = {
        "purpose": rule.purpose_id,
        "item__system": rule.system_id,
        "collected_on__gte": rule.collected_from,
        "collected_on__lte": rule.collected_to,
    }
    needs = needs.filter(**{name: value for name, value in bounds.items() if value is not None})
    return list(PersonalDataItem.objects.filter(pk__in=needs.values("item")).order_by("pk"))
