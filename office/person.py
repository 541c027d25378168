"""One person as staff see them: what we hold, why, since when, until when, and what stands in the way.

A fixed number of queries, whatever is held: long lists are read in pages by key. Nothing here is readable; showing
values is office/showing.py.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from consents import entered, evidence, pausing, states, suppression
from consents.models import ConsentEvent, ConsentEvidence, Pause, Suppression
from core.models import Controller, User
from ledger.models import Entry
from office import hints, limits, terms
from office.limits import Limits, some
from office.models import Merge
from office.terms import Term
from office.visibility import Sight, running, sight_of
from processing.models import DataCategory, Purpose, PurposeVersion, Status
from requests.models import RightsRequest
from retention.models import RetentionRule
from subjects.blocks import rules_over_needs
from subjects.identifiers import Claim
from subjects.models import (
    DataSubject,
    Disclosure,
    ItemPurpose,
    PersonalDataItem,
    Relationship,
    Restriction,
    SubjectIdentifier,
)

# EVERY: what a page holds at most of the lists that show only the newest at first.
PAGE, FEW, EVERY = 50, 20, 1000
ALL_MARKETING = ""


@dataclass(frozen=True)
class Reason:
    """Why an item is held: one purpose, and until when."""

    version: PurposeVersion | None
    purpose: Purpose
    terms: list[Term]
    is_held: bool
    is_restricted: bool


@dataclass
class Held:
    item: PersonalDataItem
    reasons: list[Reason]
    is_restricted: bool
    content: str | None = None


@dataclass
class Known:
    """An address or number of the person, masked until it is shown."""

    link: SubjectIdentifier
    hint: str
    value: str | None = None


@dataclass(frozen=True)
class Choice:
    standing: states.Standing
    is_valid: bool
    history: list[ConsentEvent]

    @property
    def is_indirect(self) -> bool:
        """Somebody else collected it, so it ends sooner."""
        return any(one.uuid == self.standing.event and one.origin == entered.THIRD_PARTY for one in self.history)


@dataclass
class Person:
    subject: DataSubject
    known: list[Known]
    categories: list[tuple[DataCategory, list[Held]]]
    after: str
    is_first: bool
    ties: list[tuple[Relationship, PurposeVersion | None]]
    choices: list[Choice]
    papers: list[ConsentEvidence]
    suppressions: list[Suppression]
    pauses: list[Pause]
    requests: list[RightsRequest]
    disclosures: list[Disclosure]
    limits: Limits
    entries: list[Entry]
    entries_before: int
    merges: list[Merge]
    # How many more there are than are shown, by the name of the list.
    more: dict[str, int] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    @property
    def held(self) -> list[Held]:
        return [held for _category, group in self.categories for held in group]

    @property
    def is_empty(self) -> bool:
        return not (self.categories or self.ties or self.requests or self.choices)


def gather(
    subject: DataSubject,
    user: User | AnonymousUser,
    *,
    now: datetime,
    after: str = "",
    before: str = "",
    every: bool = False,
) -> Person:
    """Everything about the person that this user may see without asking. `after` and `before` are keys of pages.

    `every`: not only the newest of the lists.
    """
    sight = sight_of(user, today=now.astimezone(Controller.current().zone).date())
    if not sight.is_whole:
        return _for_sales(subject, sight, now=now, after=after)
    size = EVERY if every else FEW
    items, next_key = _items(subject, after)
    standing = limits.of(subject, size=size, now=now)
    ties = list(Relationship.objects.filter(subject=subject).select_related("purpose").order_by("started_on", "pk"))
    merges = list(Merge.objects.filter(kept=subject.uuid).order_by("-merged_at"))
    claims = suppression.reached_by(subject)
    versions = _versions(
        {need.purpose_id for item in items for need in item.needs.all()} | {t.purpose_id for t in ties}
    )
    suppressions, silent = some(_suppressions(claims), size)
    requests, cases = some(_requests(subject, user), size)
    disclosures, given = some(_disclosures(subject), size)
    entries, oldest = _entries([subject.uuid, *(merge.gone for merge in merges)], before)
    return Person(
        subject=subject,
        known=_known(subject, sight),
        categories=_by_category(_held(items, ties, versions, standing)),
        after=next_key,
        is_first=not after,
        ties=[(tie, versions.get(tie.purpose_id)) for tie in ties],
        choices=_choices(subject, now),
        papers=evidence.listed(subject),
        suppressions=suppressions,
        pauses=_pauses(claims, now),
        requests=requests,
        disclosures=disclosures,
        limits=standing,
        more={"suppressions": silent, "requests": cases, "disclosures": given},
        entries=entries,
        entries_before=oldest,
        merges=merges,
    )


def _for_sales(subject: DataSubject, sight: Sight, *, now: datetime, after: str) -> Person:
    """What purposes of sales and marketing hold, and the choices about them. Nothing tells that there is more."""
    seen = sight.purposes or frozenset()
    items, next_key = _items(subject, after, seen)
    today = now.astimezone(Controller.current().zone).date()
    found = Relationship.objects.filter(running(today), subject=subject, purpose__in=seen)
    ties = list(found.select_related("purpose").order_by("started_on", "pk"))
    # They tell what may only be stored, and are not shown themselves.
    hiding = Limits(list(Restriction.objects.filter(Q(purpose=None) | Q(purpose__in=seen), subject=subject)))
    versions, slugs = _versions(set(seen)), set(Purpose.objects.filter(pk__in=seen).values_list("slug", flat=True))
    return Person(
        subject=subject,
        known=_known(subject, sight),
        categories=_by_category(_held(items, ties, versions, hiding)),
        after=next_key,
        is_first=not after,
        ties=[(tie, versions.get(tie.purpose_id)) for tie in ties],
        choices=[choice for choice in _choices(subject, now) if choice.standing.purpose in slugs],
        papers=[],
        suppressions=[],
        pauses=[one for one in _pauses(suppression.reached_by(subject), now) if one.purpose_id in (None, *seen)],
        requests=[],
        disclosures=[],
        limits=Limits(),
        entries=[],
        entries_before=0,
        merges=[],
    )


def _items(subject: DataSubject, after: str, seen: Collection[int] | None = None) -> tuple[list[PersonalDataItem], str]:
    """A page of items by category and key, with the key of the next page."""
    needs = ItemPurpose.objects.select_related("purpose").order_by("purpose__slug")
    rows = PersonalDataItem.objects.filter(subject=subject).select_related("category", "system").defer("source_record")
    if seen is None:
        needs = needs.annotate(is_ruled=rules_over_needs())
    else:
        needs = needs.filter(purpose__in=seen)
        rows = rows.filter(Exists(ItemPurpose.objects.filter(item=OuterRef("pk"), purpose__in=seen)))
    rows = rows.prefetch_related(Prefetch("needs", needs))
    category, _dot, pk = after.partition(".")
    if category.isdecimal() and pk.isdecimal() and len(after) < 40:
        rows = rows.filter(Q(category__gt=int(category)) | Q(category=int(category), pk__gt=int(pk)))
    found = list(rows.order_by("category_id", "pk")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], f"{last.category_id}.{last.pk}" if last else ""


def _versions(purposes: set[int]) -> dict[int, PurposeVersion]:
    """What each purpose says now, or said last."""
    versions = PurposeVersion.objects.filter(purpose__in=purposes).exclude(status=Status.DRAFT).order_by("number")
    return {version.purpose_id: version for version in versions}


def _held(
    items: list[PersonalDataItem],
    ties: list[Relationship],
    versions: dict[int, PurposeVersion],
    standing: Limits,
) -> list[Held]:
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE, purpose__in=list(versions))
    rules, tie_of = list(active.select_related("category")), terms.by_purpose(ties)
    terms.date_cases(ties, rules)
    return [
        Held(
            item=item,
            reasons=[
                Reason(
                    version=versions.get(need.purpose_id),
                    purpose=need.purpose,
                    terms=terms.terms_of(need, tie_of.get(need.purpose_id), rules),
                    is_held=standing.holds(need),
                    is_restricted=standing.restricts(item, need),
                )
                for need in item.needs.all()
            ],
            is_restricted=standing.restricts_all(item),
        )
        for item in items
    ]


def _by_category(held: list[Held]) -> list[tuple[DataCategory, list[Held]]]:
    groups: dict[int, list[Held]] = defaultdict(list)
    for one in held:
        groups[one.item.category_id].append(one)
    return [(group[0].item.category, group) for group in groups.values()]


def _known(subject: DataSubject, sight: Sight) -> list[Known]:
    rows = SubjectIdentifier.objects.filter(sight.links, subject=subject).select_related("identifier")
    links = list(rows.order_by("added_at", "pk")[:PAGE])
    found = hints.hints_of([link.identifier for link in links])
    return [Known(link, found.get(link.identifier_id, hints.DOTS)) for link in links]


def _choices(subject: DataSubject, now: datetime) -> list[Choice]:
    standings = states.states_of(subject)
    history: dict[UUID, list[ConsentEvent]] = defaultdict(list)
    events = ConsentEvent.objects.filter(subject=subject.uuid).defer("proof").order_by("-effective_at", "-pk")
    slugs = dict(Purpose.objects.values_list("slug", "uuid")) if standings else {}
    for event in events[: 5 * FEW]:
        history[event.purpose].append(event)
    return [
        Choice(
            standing,
            standing.is_valid(now),
            [event for event in history[slugs[standing.purpose]] if event.channel in ("", standing.channel)],
        )
        for standing in standings
    ]


def _pauses(claims: list[Claim], now: datetime) -> list[Pause]:
    """Each purpose once, the longest: the same is kept for every address of the person."""
    return list({pause.purpose_id: pause for pause in pausing.standing(claims, now=now)}.values())


def _suppressions(claims: list[Claim]) -> QuerySet[Suppression]:
    hashes = suppression.hashes_of(claims)
    return Suppression.objects.filter(hash__in=hashes).select_related("purpose").order_by("-since", "-pk")


def _requests(subject: DataSubject, user: User | AnonymousUser) -> QuerySet[RightsRequest]:
    theirs = RightsRequest.objects.visible_to(user).filter(case__subject=subject)
    return theirs.select_related("case__owner").order_by("-created_at", "-pk")


def _disclosures(subject: DataSubject) -> QuerySet[Disclosure]:
    found = Disclosure.objects.filter(subject=subject).select_related("recipient", "purpose")
    return found.prefetch_related("categories").order_by("-disclosed_at", "-pk")


def _entries(subjects: list[UUID], before: str) -> tuple[list[Entry], int]:
    """The newest entries of the ledger about the person, and the key of the older ones."""
    rows = Entry.objects.filter(subject__in=subjects).order_by("-id")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    found = list(rows[: FEW + 1])
    return found[:FEW], found[FEW - 1].pk if len(found) > FEW else 0
