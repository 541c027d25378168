"""What stops deletion: legal holds, pending access requests, claims. Every delete anti-joins these rows itself.

A request for a copy stops deletion on schedule from its receipt, before anybody knows whose it is. Nothing is written
about anybody then: upper apps register a query for who may be meant (`register_freeze`). It does not stop a deletion
that the person asks for, or a stranger could.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.arrays import one_of_or_any
from core.errors import DomainError, NotFound
from ledger.entries import record
from processing.models import Purpose, System
from subjects.deletes import RULES_LOCK
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Organisation, PersonalDataItem, Relationship
from subjects.models_limits import OF_ITEMS
from subjects.people import hold

# Given the time: the primary keys of people whose data nothing deletes on schedule for now.
Freeze = Callable[[datetime], QuerySet[Any]]
_freezes: list[Freeze] = []
# These keep things as they are. What a request, or a restriction, keeps from deletion may be put right (Art 16).
EVIDENCE = (ErasureBlock.Kind.HOLD, ErasureBlock.Kind.CLAIM)


class UnderHold(DomainError):
    code = "under-hold"
    message = _(
        "A legal hold is over this, and what it keeps is not destroyed, nor replaced by something else. Have it stored"
        " and not used for as long as the hold stands, and do this when it is released."
    )


def register_freeze(freeze: Freeze) -> None:
    if freeze not in _freezes:
        _freezes.append(freeze)


def frozen(now: datetime, *, field: str = "subject") -> Q:
    """A condition on rows with a `subject` (or other `field` of it): theirs are not to be deleted on schedule now."""
    found = Q(**{f"{field}__in": []})
    for freeze in _freezes:
        found |= Q(**{f"{field}__in": freeze(now)})
    return found


@transaction.atomic
def place(
    subject: DataSubject,
    *,
    kind: str,
    placed_for: UUID,
    purpose: Purpose | None = None,
    item: PersonalDataItem | None = None,
    placed_at: datetime | None = None,
    now: datetime,
    actor: str,
) -> ErasureBlock:
    """Stop the deletion of everything about this person, or of what one purpose holds, or of one item; twice is once.

    It waits for an erasure of the person that is under way, and says so by NotFound when that has left nobody.
    `placed_at`: when it was placed first, of what a backup did not have.
    """
    if not hold(subject):
        raise NotFound
    same = {"subject": subject, "purpose": purpose, "item": item, "placed_for": placed_for}
    # Two where both of two records were held that are one by now.
    known = ErasureBlock.objects.filter(**same, released_at=None).order_by("pk").first()
    if known:
        return known
    block = ErasureBlock.objects.create(**same, kind=kind, placed_at=placed_at or now)
    _note("block.placed", block, subject, now=now, actor=actor)
    return block


@transaction.atomic
def place_rule(
    *,
    placed_for: UUID,
    purpose: Purpose | None = None,
    system: System | None = None,
    organisation: Organisation | None = None,
    collected_from: date | None = None,
    collected_to: date | None = None,
    categories: Sequence[int] | None = None,
    roles: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    jurisdictions: Sequence[str] | None = None,
    placed_at: datetime | None = None,
    now: datetime,
    actor: str,
) -> ErasureBlock:
    """Stop the deletion of whatever this describes, of everybody, also of those who come to it later.

    It waits for the batches that are at work, and the next ones see it (subjects/deletes.py).
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({RULES_LOCK})")
    block = ErasureBlock.objects.create(
        kind=ErasureBlock.Kind.HOLD,
        placed_for=placed_for,
        purpose=purpose,
        system=system,
        organisation=organisation,
        collected_from=collected_from,
        collected_to=collected_to,
        categories=categories,
        roles=roles,
        sources=sources,
        jurisdictions=jurisdictions,
        placed_at=placed_at or now,
    )
    _note("block.placed", block, None, now=now, actor=actor)
    return block


@transaction.atomic
def release(placed_for: UUID, *, only: Collection[int] | None = None, now: datetime, actor: str) -> int:
    """End every block that this request or hold placed (of these, by primary key); returns how many there were."""
    mine = ErasureBlock.objects.filter(placed_for=placed_for, released_at=None)
    if only is not None:
        mine = mine.filter(pk__in=only)
    blocks = list(mine.select_for_update(of=("self",)).select_related("subject", "purpose").order_by("pk"))
    for block in blocks:
        # The name of an organisation may be that of a person, so no block that is over keeps it.
        block.released_at, block.organisation = now, None
        block.save(update_fields=["released_at", "organisation"])
        _note("block.released", block, block.subject, now=now, actor=actor)
    return len(blocks)


def active(subject: DataSubject, *, purpose: Purpose | None = None) -> QuerySet[ErasureBlock]:
    """The blocks in force, those by rule among them; with a purpose, those that stop that purpose's deletion."""
    blocks = ErasureBlock.objects.filter(Q(subject=subject) | _rules_over(subject, purpose), released_at=None)
    if purpose:
        blocks = blocks.filter(Q(purpose=None) | Q(purpose=purpose))
    return blocks.order_by("placed_at", "pk")


def _rules_over(subject: DataSubject, purpose: Purpose | None) -> Q:
    """Holds by rule under which something of this person falls, for this purpose or for any."""
    mine = ItemPurpose.objects.filter(subject=subject)
    ties = Relationship.objects.filter(subject=subject)
    if purpose:
        mine, ties = mine.filter(purpose=purpose), ties.filter(purpose=purpose)
    needs = mine.filter(
        purpose=Coalesce(OuterRef("purpose"), F("purpose")),
        item__system=Coalesce(OuterRef("system"), F("item__system")),
        collected_on__gte=Coalesce(OuterRef("collected_from"), F("collected_on")),
        collected_on__lte=Coalesce(OuterRef("collected_to"), F("collected_on")),
    ).filter(
        one_of_or_any(F("category"), OuterRef("categories")),
        one_of_or_any(F("item__source"), OuterRef("sources")),
        one_of_or_any(Subquery(_role()), OuterRef("roles")),
    )
    tied = ties.filter(one_of_or_any(F("role"), OuterRef("roles")), purpose=Coalesce(OuterRef("purpose"), F("purpose")))
    whole = Q(**dict.fromkeys(OF_ITEMS))
    rules = ErasureBlock.objects.filter(
        Exists(needs) | (whole & Q(Exists(tied))),
        Q(organisation=None) | Q(organisation=subject.organisation_id),
        one_of_or_any(Value(subject.jurisdiction), F("jurisdictions")),
        subject=None,
        released_at=None,
    )
    return Q(pk__in=rules.values("pk"))


def _role(*, outer: Callable[[Any], Any] = lambda ref: ref) -> QuerySet[Any]:
    """Inside a query of needs: the role in which we deal with the person for the purpose."""
    same = {name: outer(OuterRef(name)) for name in ("subject", "purpose")}
    return Relationship.objects.filter(**same).values("role")


def keep_held(subject: DataSubject, *, item: PersonalDataItem | None = None) -> None:
    """Ask before something is destroyed in another way than by erasure. Raises UnderHold when a hold is over it.

    An item is kept by a hold over it, what the person is known by by any. The caller has locked the person.
    """
    with connection.cursor() as cursor:
        # A hold by rule that is being placed is seen here.
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})")
    if item is None:
        is_held = active(subject).filter(kind__in=EVIDENCE).exists()
    else:
        theirs = ErasureBlock.objects.filter(
            Q(purpose=None) | Q(purpose=OuterRef("purpose")),
            Q(item=None) | Q(item=item),
            subject=subject,
            kind__in=EVIDENCE,
            released_at=None,
        )
        is_held = ItemPurpose.objects.filter(Q(Exists(theirs)) | Q(rules_over_needs()), item=item).exists()
    if is_held:
        raise UnderHold


def held_by_rule(subject: DataSubject) -> set[int]:
    """The primary keys of the purposes of which a hold by rule keeps something of this person."""
    needs = ItemPurpose.objects.filter(rules_over_needs(), subject=subject)
    ties = Relationship.objects.filter(rules_over_ties(), subject=subject)
    return set(needs.values_list("purpose", flat=True).union(ties.values_list("purpose", flat=True)))


def rules_over_needs(**which: UUID) -> Exists:
    """A condition on needs: a hold by rule covers them. The same as deletes.NOT_HELD_BY_RULE, for counting.

    With `placed_for`, only that hold.
    """
    item = PersonalDataItem.objects.filter(pk=OuterRef(OuterRef("item")))
    whose = DataSubject.objects.filter(pk=OuterRef(OuterRef("subject")))
    return Exists(
        ErasureBlock.objects.filter(
            Q(purpose=None) | Q(purpose=OuterRef("purpose")),
            Q(collected_from=None) | Q(collected_from__lte=OuterRef("collected_on")),
            Q(collected_to=None) | Q(collected_to__gte=OuterRef("collected_on")),
            Q(system=None) | Q(system=Subquery(item.values("system"))),
            one_of_or_any(OuterRef("category"), F("categories")),
            one_of_or_any(Subquery(item.values("source")), F("sources")),
            one_of_or_any(Subquery(_role(outer=OuterRef)), F("roles")),
            Q(organisation=None) | Q(organisation=Subquery(whose.values("organisation"))),
            one_of_or_any(Subquery(whose.values("jurisdiction")), F("jurisdictions")),
            subject=None,
            released_at=None,
            **which,
        )
    )


def over_files(purpose: str, *, day: str, subject: str = "", system: str = "") -> Q:
    """A condition on case files of a purpose: a block of their person, or a hold by rule, is over them.

    `day` and `subject` name the file's own columns; without a person only rules can be over it. `system`: the short
    name of one that such a file also comes from.
    """
    rules = ErasureBlock.objects.filter(
        Q(purpose=None) | Q(purpose__slug=purpose),
        Q(system=None) | Q(system__connector=System.Connector.BUILTIN) | Q(system__slug=system),
        Q(collected_from=None) | Q(collected_from__lte=OuterRef(day)),
        Q(collected_to=None) | Q(collected_to__gte=OuterRef(day)),
        Q(organisation=None) | Q(organisation=OuterRef(f"{subject}__organisation"))
        if subject
        else Q(organisation=None),
        one_of_or_any(OuterRef(f"{subject}__jurisdiction"), F("jurisdictions")) if subject else Q(jurisdictions=None),
        # A file has no category, no source and no dealing of its own, so a hold about these is not about files.
        **dict.fromkeys(("categories", "sources", "roles")),
        subject=None,
        released_at=None,
    )
    over = Q(Exists(rules))
    if subject:
        theirs = ErasureBlock.objects.filter(
            Q(purpose=None) | Q(purpose__slug=purpose), subject=OuterRef(subject), item=None, released_at=None
        )
        over |= Q(Exists(theirs))
    return over


def rules_over_ties(**which: UUID) -> Exists:
    """A condition on relationships without items: a hold by rule covers them."""
    whose = DataSubject.objects.filter(pk=OuterRef(OuterRef("subject")))
    return Exists(
        ErasureBlock.objects.filter(
            Q(purpose=None) | Q(purpose=OuterRef("purpose")),
            one_of_or_any(OuterRef("role"), F("roles")),
            Q(organisation=None) | Q(organisation=Subquery(whose.values("organisation"))),
            one_of_or_any(Subquery(whose.values("jurisdiction")), F("jurisdictions")),
            **dict.fromkeys(("subject", "released_at", *OF_ITEMS)),
            **which,
        )
    )


def _note(kind: str, block: ErasureBlock, subject: DataSubject | None, *, now: datetime, actor: str) -> None:
    record(
        kind=kind,
        at=now,
        actor=actor,
        subject=subject.uuid if subject else None,
        object=block.uuid,
        purpose=block.purpose.slug if block.purpose else "",
        data={"kind": block.kind, "placed_for": str(block.placed_for)},
    )
