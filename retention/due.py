"""Which needs are due under a rule: expired, not yet, or indeterminate because there is no trigger date.

A need is one link between an item and a purpose (ItemPurpose). Blocks stand in the same queries, so that counting and
working can never disagree about what is held.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, Value
from django.db.models.fields import DateField
from django.db.models.query import QuerySet

from core import prepared
from core.arrays import array
from processing.models import DataCategory
from retention import cases
from retention.models import KeptRow, RetentionRule, Trigger
from retention.rules import TRIGGER_DATES
from subjects.blocks import frozen, rules_over_needs, rules_over_ties
from subjects.models import ErasureBlock, ItemPurpose, Relationship, Restriction

_BLOCKS = ErasureBlock.objects.filter(
    Q(purpose=None) | Q(purpose=OuterRef("purpose")), subject=OuterRef("subject"), released_at=None
)
BLOCKED = Exists(_BLOCKS.filter(Q(item=None) | Q(item=OuterRef("item"))))
# Apart from the blocks of single people, so that each is an anti-join of its own.
HELD_BY_RULE, TIE_HELD_BY_RULE = rules_over_needs(), rules_over_ties()
# A relationship is blocked as a whole or not at all.
TIE_BLOCKED = Exists(_BLOCKS.filter(item=None))
RESTRICTED = Exists(Restriction.objects.filter(item=OuterRef("item"), purpose=OuterRef("purpose"), lifted_at=None))
HAS_NEEDS = Exists(ItemPurpose.objects.filter(subject=OuterRef("subject"), purpose=OuterRef("purpose")))


# Triggers whose rows stand in the order of their collection.
BY_COLLECTION = (Trigger.COLLECTION, Trigger.FIXED_DATE)

# What these do cannot be undone.
TAKES = (RetentionRule.Action.ERASE, RetentionRule.Action.ANONYMISE)
NEVER = Value(None, output_field=DateField())

# Rows carry `since` and `tie` as annotations, which the type of a model does not know.
Rows = QuerySet[Any]
# The number of a worker, and of how many.
Share = tuple[int, int]
ALL: Share = (0, 1)


class Candidate(NamedTuple):
    """A row that is due, and its place in the order of work: (trigger date, tie, primary key)."""

    since: date
    tie: int
    pk: int
    subject: int


class Written(NamedTuple):
    """A query of due rows, written once for all batches of a walk: each asks it again about other rows."""

    sql: str
    params: tuple[Any, ...]

    def fetch(self, select: str, params: tuple[Any, ...]) -> list[Any]:
        """`select` from the rows by the name "due"."""
        if not self.sql:
            return []
        return prepared.fetch_all(f"WITH due AS ({self.sql}) {select}", self.params + params)


def governed(rule: RetentionRule) -> Rows:
    """Every need that the rule is about, with its trigger date as `since`."""
    return _needs(rule)


def due(rule: RetentionRule, cutoff: date) -> Rows:
    """Needs whose period is over, blocked or not."""
    return _over(_needs(rule), rule, cutoff)


def _over(rows: Rows, rule: RetentionRule, cutoff: date) -> Rows:
    """A fixed date is over for all rows or for none; `since` is only their order then."""
    if rule.trigger == Trigger.FIXED_DATE:
        return rows if rule.fixed_on and rule.fixed_on < cutoff else rows.none()
    over: Rows = rows.filter(since__lt=cutoff)
    return over


def indeterminate(rule: RetentionRule) -> Rows:
    """Needs without a trigger date. They are counted and listed, never guessed."""
    return _needs(rule).filter(since=None)


def to_review(rule: RetentionRule, cutoff: date, *, today: date) -> Rows:
    """Needs whose period is over, but for those that somebody looked at and kept until a day that is to come."""
    kept = KeptRow.objects.filter(rule=rule, need=OuterRef("pk"), until__gt=today)
    return due(rule, cutoff).filter(~Exists(kept))


def workable(rule: RetentionRule, cutoff: date, *, now: datetime) -> Rows:
    """What the rule's action still has to be done to. A block stops deletion; it does not stop restriction."""
    if rule.action == RetentionRule.Action.RESTRICT:
        return due(rule, cutoff).filter(~RESTRICTED)
    if rule.action in TAKES:
        return due(rule, cutoff).filter(~BLOCKED, ~HELD_BY_RULE, ~frozen(now))
    return due(rule, cutoff).none()


def held(rule: RetentionRule, cutoff: date) -> Rows:
    """Due for deletion, but blocked."""
    needs = due(rule, cutoff).filter(Q(BLOCKED) | Q(HELD_BY_RULE))
    return needs if rule.action in TAKES else needs.none()


def kept(rule: RetentionRule, cutoff: date, *, now: datetime) -> Rows:
    """Held, or somebody who may be this person has just asked for a copy."""
    needs = due(rule, cutoff).filter(Q(BLOCKED) | Q(HELD_BY_RULE) | Q(frozen(now)))
    return needs if rule.action in TAKES else needs.none()


def empty_relationships(rule: RetentionRule, cutoff: date, *, now: datetime) -> Rows:
    """Relationships that are due and for which no item is held: nothing else would ever end them."""
    return _over(ties(rule).filter(~TIE_BLOCKED, ~TIE_HELD_BY_RULE, ~frozen(now)), rule, cutoff)


def kept_ties(rule: RetentionRule, cutoff: date, *, now: datetime) -> Rows:
    """Such relationships that are due and stay for now: blocked, or somebody has just asked for a copy."""
    return _over(ties(rule).filter(Q(TIE_BLOCKED) | Q(TIE_HELD_BY_RULE) | frozen(now)), rule, cutoff)


def ties(rule: RetentionRule) -> Rows:
    """Every relationship without an item that the rule governs, with its trigger date as `since`."""
    if rule.trigger == Trigger.COLLECTION or rule.category_id or rule.action not in TAKES:
        return Relationship.objects.none().annotate(since=NEVER, tie=F("pk"))
    relationships: Rows = Relationship.objects.filter(~HAS_NEEDS, purpose=rule.purpose_id)
    if rule.trigger == Trigger.FIXED_DATE:
        quiet = Q(last_interaction_on=None) | Q(last_interaction_on__lte=rule.fixed_on)
        relationships = relationships.filter(quiet, started_on__lte=rule.fixed_on).annotate(since=F("started_on"))
    elif rule.trigger == Trigger.CASE_CLOSED:
        relationships = _by_case(relationships, rule)
    else:
        column = TRIGGER_DATES[Trigger(rule.trigger)].removeprefix("relationship__")
        relationships = relationships.annotate(since=F(column))
    dated: Rows = relationships.annotate(tie=F("pk"))
    return dated


def _by_case(rows: Rows, rule: RetentionRule) -> Rows:
    """With the day on which the last case of each person was closed."""
    files = cases.of(rule.purpose.slug)
    closed = files.person() if files else None
    dated: Rows = rows.none().annotate(since=NEVER) if closed is None else rows.annotate(since=closed)
    return dated


def parts(rule: RetentionRule, needs: Rows) -> Iterator[Rows]:
    """The same needs in pieces that an index reads in order: its second column is the category."""
    if rule.trigger not in BY_COLLECTION or rule.category_id:
        yield needs
        return
    for category in DataCategory.objects.order_by("pk").values_list("pk", flat=True):
        yield needs.filter(category=category)


def written(rows: Rows) -> Written:
    """As SQL. What these queries say takes Django longer to write than PostgreSQL to answer."""
    try:
        return Written(*rows.order_by().values_list("since", "tie", "pk", "subject_id").query.sql_with_params())
    except EmptyResultSet:
        return Written("", ())


def page(rows: Written, after: Candidate | None, size: int, share: Share = ALL) -> list[Candidate]:
    """The next rows by keyset. What was worked is never read again, so dead index entries are not walked twice.

    A row value is compared as a whole, which lets the index start where the last batch ended. Of `share`, the number of
    a worker among so many, are the people that it begins with.
    """
    number, workers = share
    where, params = "(hashint8(subject_id) & 65535) %% %s = %s", tuple[Any, ...]((workers, number))
    if after:
        where += " AND (since, tie) >= (%s, %s) AND (since, tie, pk) > (%s, %s, %s)"
        params += (after.since, after.tie, after.since, after.tie, after.pk)
    select = f"SELECT since, tie, pk, subject_id FROM due WHERE {where} ORDER BY since, tie, pk LIMIT %s"  # noqa: S608
    return [Candidate._make(row) for row in rows.fetch(select, (*params, size))]


def of_people(rows: Written, people: Iterable[int], most: int) -> list[int]:
    """What of these rows is about these people: primary keys."""
    select = "SELECT pk FROM due WHERE subject_id = ANY(%s::bigint[]) LIMIT %s"
    return [row[0] for row in rows.fetch(select, (array(people), most))]


def _needs(rule: RetentionRule) -> Rows:
    """Every need that the rule governs, with its trigger date as `since` (empty: indeterminate)."""
    needs: Rows = ItemPurpose.objects.filter(purpose=rule.purpose_id)
    if rule.category_id:
        needs = needs.filter(category=rule.category_id)
    if rule.trigger == Trigger.FIXED_DATE:
        # What was collected since is another matter: the date says nothing about it.
        needs = needs.filter(collected_on__lte=rule.fixed_on)
    if rule.trigger in BY_COLLECTION:
        dated: Rows = needs.annotate(since=F("collected_on"), tie=F("pk"))
    elif rule.trigger == Trigger.CASE_CLOSED:
        dated = _by_case(needs, rule).annotate(tie=F("pk"))
    else:
        same = Q(subject__relationships__purpose=rule.purpose_id)
        needs = needs.annotate(relationship=FilteredRelation("subject__relationships", condition=same))
        dated = needs.annotate(since=F(TRIGGER_DATES[Trigger(rule.trigger)]), tie=F("relationship__pk"))
    return dated
