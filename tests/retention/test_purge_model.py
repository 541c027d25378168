"""Random people, purposes, rules and blocks: after every run exactly those survive whom a short reference names."""

import random
from datetime import date, timedelta
from uuid import uuid4

import pytest
from dateutil.relativedelta import relativedelta

from retention import runs
from retention.models import Batch
from retention.purge import purge
from subjects import blocks
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem, Relationship
from tests.make_register import category
from tests.make_retention import NOW, TODAY, dates, item, live, person, rule

pytestmark = pytest.mark.django_db
PURPOSES = ("newsletter", "recruitment", "surveys")
EVENTS = {"collection": "", "last_interaction": "last_interaction_on", "ended": "ended_on"}
MONTHS = (6, 12, 24)


def some_day(dice: random.Random) -> date:
    """Often right at a boundary, else anywhere in three years."""
    edge = TODAY - relativedelta(months=dice.choice(MONTHS)) + timedelta(days=dice.choice([-1, 0, 1]))
    return dice.choice([edge, TODAY - timedelta(days=dice.randrange(1000))])


def build(dice: random.Random) -> list:
    for number in range(dice.randrange(2, 7)):
        subject = person(number)
        for _item in range(dice.randrange(4)):
            needed = dice.sample(PURPOSES, dice.randrange(1, 3))
            item(subject, needed, some_day(dice), category=dice.choice(["email", "phone"]))
        for slug in PURPOSES:
            columns = {column: dice.choice([None, some_day(dice)]) for column in EVENTS.values() if column}
            dates(subject, live(slug), **columns)
        if dice.random() < 0.3:
            purpose = dice.choice([None, live(dice.choice(PURPOSES))])
            blocks.place(subject, kind="hold", placed_for=uuid4(), purpose=purpose, now=NOW, actor="test")
    return [
        rule(live(slug), trigger=event, period=f"P{dice.choice(MONTHS)}M", category=dice.choice([None, category()]))
        for slug in PURPOSES
        for event in dice.sample(sorted(EVENTS), dice.randrange(3))
    ]


def reference(rules) -> tuple[set[int], set[int], set[int]]:
    """The items, relationships and people that must be left."""
    ties = {(tie.subject_id, tie.purpose_id): tie for tie in Relationship.objects.all()}
    needs, kept = list(ItemPurpose.objects.all()), set()
    blocked = {
        pair for pair in ties for block in blocks.active(DataSubject(pk=pair[0])) if block.purpose_id in (None, pair[1])
    }

    def over(one, pair, collected_on=None):
        since = getattr(ties.get(pair), EVENTS[one.trigger], None) if EVENTS[one.trigger] else collected_on
        months = relativedelta(months=int(one.period[1:-1]))
        return one.purpose_id == pair[1] and since is not None and since + months < TODAY

    for need in needs:
        pair = (need.subject_id, need.purpose_id)
        governing = [one for one in rules if one.category_id in (None, need.category_id)]
        if pair in blocked or not any(over(one, pair, need.collected_on) for one in governing):
            kept.add(need)
    ended = {(need.subject_id, need.purpose_id) for need in needs} - {(n.subject_id, n.purpose_id) for n in kept}
    had = {(need.subject_id, need.purpose_id) for need in needs}
    empty = {pair for pair in ties if pair not in had and any(over(one, pair) for one in rules if not one.category_id)}
    left = {pair: tie for pair, tie in ties.items() if pair in blocked or pair not in ended | empty}
    touched = {pair[0] for pair in ended | (empty - blocked)}
    holding = {pair[0] for pair in left} | {need.subject_id for need in kept}
    holding |= {block.subject_id for block in DataSubject.erasure_blocks.rel.related_model.objects.all()}
    people = {subject.pk for subject in DataSubject.objects.all() if subject.pk in holding or subject.pk not in touched}
    return {need.item_id for need in kept}, {tie.pk for tie in left.values()}, people


def state() -> tuple[set[int], set[int], set[int]]:
    return tuple(
        set(model.objects.values_list("pk", flat=True)) for model in (PersonalDataItem, Relationship, DataSubject)
    )


@pytest.mark.parametrize("seed", range(12))
def test_survivors_are_those_of_the_reference(seed, monkeypatch):
    dice = random.Random(seed)  # noqa: S311
    rules = build(dice)
    expected, before = reference(rules), state()
    needs = ItemPurpose.objects.count()
    for one in rules:
        interrupt(monkeypatch, after=dice.randrange(3))
        try:
            purge(one, as_of=TODAY, commit=True, now=NOW, batch=2)
        except KeyboardInterrupt:
            monkeypatch.undo()
            purge(one, as_of=TODAY, commit=True, now=NOW, batch=2)
        monkeypatch.undo()
    assert state() == expected
    done = Batch.objects.all()
    assert sum(batch.needs for batch in done) == needs - ItemPurpose.objects.count()
    for name, was, now in zip(("items", "relationships", "subjects"), before, state(), strict=True):
        assert sum(getattr(batch, name) for batch in done) == len(was) - len(now)


def interrupt(monkeypatch, *, after: int) -> None:
    """Fall over before the evidence of a later batch is written, as a kill would."""
    left, note = [after], runs.note

    def falling(*args, **options):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return note(*args, **options)

    monkeypatch.setattr(runs, "note", falling)
