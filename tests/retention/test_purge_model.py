"""Random people, purposes, rules, holds, cases and kills: after every run exactly those survive whom a short reference
names. The world that it looks at is tests/make_world.py.
"""

import os
import random

import pytest
from dateutil.relativedelta import relativedelta

from retention import runs
from retention.models import Batch
from retention.purge import purge
from tests.make_world import COLUMNS, World

pytestmark = pytest.mark.django_db
# More than a run of all tests needs, when looking for something.
SEEDS = range(int(os.environ.get("MODEL_SEEDS", "12")))


def since(world, rule, pair, on):
    """The day from which a rule counts what is about this person and purpose, collected on this day."""
    if rule.trigger == "fixed_date":
        return rule.fixed_on if on <= rule.fixed_on else None
    if rule.trigger == "collection":
        return on
    if rule.trigger == "case_closed":
        return world.closed(pair[0])
    return world.ties.get(pair, {}).get(COLUMNS[rule.trigger])


def is_due(world, rule, person, purpose, on, category=None):
    """Whether the rule is about it, and its period is over."""
    if purpose != rule.purpose.slug or (rule.category and rule.category.slug != category):
        return False
    began = since(world, rule, (person, purpose), on)
    return began is not None and began + relativedelta(months=int(rule.period[1:-1])) < world.today


def reference(world, rule):
    """The needs, dealings and people that must be left, and the needs that must be for storage only."""
    due = {need for need in world.needs if is_due(world, rule, need.person, need.purpose, need.on, need.category)}
    held = {need for need in due if world.holds_still(need.person, need.purpose, need)}
    free = {need for need in due - held if need.person not in world.frozen}
    takes = rule.action in ("erase", "anonymise")
    gone = free if rule.action == "erase" or (rule.action == "anonymise" and world.hides(free)) else set()
    needs = world.needs - gone
    ended = {need[2:4] for need in gone} | {tie for tie in quiet(world, rule) if takes and tie[0] not in world.frozen}
    stays = {tie for tie in world.ties if tie not in ended or world.holds_still(*tie)} | {need[2:4] for need in needs}
    touched = {need.person for need in gone} | {person for person, _purpose in set(world.ties) - stays}
    # Of whom nothing was left before: what kept them then may keep them no more.
    shells = set(world.people) - {need.person for need in world.needs} - {person for person, _purpose in world.ties}
    leaving = touched | (shells - world.frozen if takes else set())
    people = set(world.people) - (leaving - {person for person, _purpose in stays} - world.bound)
    only_stored = due if rule.action == "restrict" else held if takes else set()
    return needs, stays, people, needs & (world.restricted | only_stored)


def quiet(world, rule):
    """Dealings that are due and of which nothing is held. When one began says nothing, what came last does."""
    busy = {need[2:4] for need in world.needs}
    for tie, row in world.ties.items():
        last = max(filter(None, [row["started_on"], row["last_interaction_on"]]))
        if tie not in busy and rule.trigger != "collection" and is_due(world, rule, *tie, last):
            yield tie


def state(world):
    return world.needs, set(world.ties), set(world.people), world.restricted


@pytest.mark.parametrize("seed", SEEDS)
def test_survivors_are_those_of_the_reference(seed, monkeypatch):
    world = World(random.Random(seed))  # noqa: S311
    before = state(world)
    for _round in range(4):
        for _act in range(2):
            world.happen()
        rule = world.dice.choice(world.rules)
        expected = reference(world, rule)
        try:
            with monkeypatch.context() as patch:
                interrupt(patch, after=world.dice.randrange(3))
                purge(rule, as_of=world.today, commit=True, now=world.now, batch=2)
        except KeyboardInterrupt:
            # Whoever comes next takes it up.
            purge(rule, as_of=world.today, commit=True, now=world.now, batch=2)
        assert state(world) == expected, f"{rule}: {rule.trigger} {rule.period} {rule.action}"
    done = Batch.objects.all()
    for name, was, now in zip(("needs", "relationships", "subjects"), before, state(world), strict=False):
        assert sum(getattr(batch, name) for batch in done) == len(was) - len(now)


def interrupt(monkeypatch, *, after):
    """Fall over before the evidence of a later batch is written, as a kill would."""
    left, note = [after], runs.note

    def falling(*args, **options):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return note(*args, **options)

    monkeypatch.setattr(runs, "note", falling)
