"""Whoever leaves a company that is held stays held, and so does whom we come to deal with in another role: a hold by
rule asks for whom somebody speaks, and in which role, now.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from processing.models import Purpose
from subjects import blocks
from subjects.deletes import RULES_LOCK
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem, Relationship
from subjects.models_limits import OF_ITEMS


@transaction.atomic
def stay_held(
    subject: DataSubject, organisation: int | None, *, items: Collection[int] | None = None, now: datetime, actor: str
) -> None:
    """Name the person in each hold that is about this company (its primary key), which they leave.

    `items`: only these of theirs, by primary key, where the rest was never about the company.
    In the transaction that changes for whom they speak, or that moves what is held to somebody else.
    """
    if organisation is not None:
        _stay(subject, Q(organisation=organisation), items=items, now=now, actor=actor)


@transaction.atomic
def stay_held_as(subject: DataSubject, purpose: Purpose, role: str, *, now: datetime, actor: str) -> None:
    """The same before the role changes in which we deal with the person for a purpose."""
    over = Q(roles__contains=[role]) & (Q(purpose=None) | Q(purpose=purpose))
    company = Q(organisation=None) | Q(organisation=subject.organisation_id)
    _stay(subject, over & company, purpose=purpose, now=now, actor=actor)


@transaction.atomic
def stay_held_together(subject: DataSubject, kept: DataSubject, *, now: datetime, actor: str) -> None:
    """The same before what is held of `subject` becomes that of `kept`, with the law and the roles of that one."""
    if subject.jurisdiction != kept.jurisdiction:
        company = Q(organisation=None) | Q(organisation=subject.organisation_id)
        _stay(subject, company & Q(jurisdictions__contains=[subject.jurisdiction]), now=now, actor=actor)
    roles = dict(Relationship.objects.filter(subject=kept).values_list("purpose", "role"))
    for tie in Relationship.objects.filter(subject=subject).select_related("purpose").order_by("pk"):
        if roles.get(tie.purpose_id, tie.role) != tie.role:
            stay_held_as(subject, tie.purpose, tie.role, now=now, actor=actor)


def _stay(
    subject: DataSubject,
    over: Q,
    *,
    purpose: Purpose | None = None,
    items: Collection[int] | None = None,
    now: datetime,
    actor: str,
) -> None:
    with connection.cursor() as cursor:
        # A hold that is being placed is either seen here or waits, and finds them gone.
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})")
    here = Q(jurisdictions=None) | Q(jurisdictions__contains=[subject.jurisdiction])
    rules = ErasureBlock.objects.filter(over, here, subject=None, released_at=None)
    for rule in rules.select_related("purpose").order_by("pk"):
        for about in [purpose] if purpose else _purposes(subject, rule):
            for item in _held(subject, rule, about, items):
                blocks.place(
                    subject,
                    kind=rule.kind,
                    placed_for=rule.placed_for,
                    purpose=about,
                    item=item,
                    now=now,
                    actor=actor,
                )


def _purposes(subject: DataSubject, rule: ErasureBlock) -> list[Purpose | None]:
    """For which purposes a rule is over somebody: under one about a role, those for which they have it."""
    if rule.roles is None:
        return [rule.purpose]
    ties = Relationship.objects.filter(subject=subject, role__in=rule.roles).select_related("purpose").order_by("pk")
    return [tie.purpose for tie in ties if rule.purpose_id in (None, tie.purpose_id)]


def _held(
    subject: DataSubject, rule: ErasureBlock, purpose: Purpose | None, items: Collection[int] | None
) -> list[PersonalDataItem | None]:
    """The items that a rule holds which tells items apart; everything (None) under one that does not."""
    if items is None and all(getattr(rule, name) is None for name in OF_ITEMS):
        return [None]
    needs = ItemPurpose.objects.filter(subject=subject)
    if items is not None:
        needs = needs.filter(item__in=items)
    bounds = {
        "purpose": purpose,
        "item__system": rule.system_id,
        "collected_on__gte": rule.collected_from,
        "collected_on__lte": rule.collected_to,
        "category__in": rule.categories,
        "item__source__in": rule.sources,
    }
    needs = needs.filter(**{name: value for name, value in bounds.items() if value is not None})
    return list(PersonalDataItem.objects.filter(pk__in=needs.values("item")).order_by("pk"))
