"""Storage only by rule: recorded like any other restriction, done again after a restore, lifted with its reason."""

import json
from datetime import date, timedelta
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from core.models import DataKey, Outbox, Owner
from core.outbox import deliver_due
from ledger.models import Entry
from retention import holds, replay, restricting, retiring, tasks
from retention.models import JournalMark, RetentionRule
from retention.purge import purge
from subjects import blocks, items, relationships
from subjects.models import PersonalDataItem, Restriction
from tests.make_register import category
from tests.make_retention import NOW, TODAY, dates, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
OLD = date(2025, 1, 1)


@pytest.fixture(autouse=True)
def journal_of_its_own(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path


def commit(one):
    return purge(one, as_of=TODAY, commit=True, now=NOW)


def journaled():
    while deliver_due(now=NOW + timedelta(hours=1)):
        pass
    Outbox.objects.all().delete()


def as_restored():
    """The mark of a backup that was made before any of it."""
    JournalMark.objects.all().delete()


def test_a_rule_that_restricts_says_so_under_its_own_ground():
    letters = live()
    held = item(person(1), ["newsletter"], OLD)
    item(person(2), ["newsletter"], TODAY)
    one = rule(letters, action="restrict")
    for _night in range(2):
        commit(one)
    restriction = Restriction.objects.get()
    assert (restriction.item, restriction.purpose, restriction.ground) == (held, letters, "rule")
    entry = Entry.objects.get(kind="restriction.placed")
    assert (entry.subject, entry.object, entry.purpose) == (held.subject.uuid, restriction.uuid, "newsletter")
    # Another rule may still delete it: nobody asked us to keep it.
    assert commit(rule(letters, slug="later", period="P1Y")).items == 1


def test_it_is_placed_and_lifted_again_after_a_restore():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    one = rule(letters, action="restrict")
    commit(one)
    uuid = Restriction.objects.get().uuid
    journaled()
    Restriction.objects.all().delete()
    as_restored()
    assert replay.replay(now=NOW + timedelta(hours=2)).by_action == {"restrictions.placed": 1}
    assert Restriction.objects.get().uuid == uuid
    RetentionRule.objects.filter(pk=one.pk).update(status="retired")
    commit(rule(letters, action="restrict", slug="longer", period="P10Y"))
    assert Restriction.objects.get().lifted_at
    assert Entry.objects.get(kind="restriction.lifted").object == uuid
    journaled()
    Restriction.objects.update(lifted_at=None)
    as_restored()
    assert replay.replay(now=NOW + timedelta(hours=2)).by_action == {"restrictions.lifted": 1}
    assert Restriction.objects.get().lifted_at


def test_what_fell_due_under_a_hold_goes_after_it_and_what_is_due_no_more_is_free():
    letters = live()
    for number in (1, 2):
        item(person(number), ["newsletter"], OLD)
        dates(person(number), letters, last_interaction_on=OLD)
    hold = holds.place(
        [person(1), person(2)],
        matter="2026-1",
        reason="claim",
        review_due=TODAY + timedelta(days=30),
        actor="user:1",
        now=NOW,
    )
    one = rule(letters, trigger="last_interaction")
    assert commit(one).held == 2
    assert {restriction.ground for restriction in Restriction.objects.all()} == {"hold"}
    # Settling goes by the clock.
    relationships.touch(person(2), letters, at=timezone.now(), channel="phone", now=timezone.now(), actor="test")
    holds.release(hold, actor="user:1", now=NOW)
    assert not Restriction.objects.filter(lifted_at__isnull=False).exists()
    tasks.settle()
    assert {row.subject: bool(row.lifted_at) for row in Restriction.objects.all()} == {
        person(1): False,
        person(2): True,
    }
    assert commit(one).items == 1
    assert PersonalDataItem.objects.get().subject == person(2)


def test_a_restriction_that_somebody_placed_by_hand_is_left_to_them():
    letters = live()
    mine = item(person(1), ["newsletter"], TODAY)
    by_hand = {"subject": mine.subject, "purpose": letters, "item": mine, "since": NOW}
    Restriction.objects.create(**by_hand, ground="accuracy")
    Restriction.objects.create(**by_hand, ground="hold", placed_for=uuid4())
    commit(rule(letters))
    assert Restriction.objects.filter(lifted_at=None).count() == 2


def test_a_restriction_of_what_is_held_does_not_outlive_the_rule_that_made_it():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    commit(rule(letters))
    commit(rule(letters, version=2, period="P10Y"))
    assert Restriction.objects.get().lifted_at


def test_what_a_rule_stored_only_stays_so_when_one_that_deletes_takes_its_place_under_a_hold():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    stores = rule(letters, action="restrict")
    commit(stores)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    deletes = rule(letters, slug="deletes")
    RetentionRule.objects.filter(pk=stores.pk).update(status="retired")
    for _night in range(2):
        assert commit(deletes).held == 1
        assert not Restriction.objects.get().lifted_at
    RetentionRule.objects.filter(pk=deletes.pk).update(status="retired")
    tasks.settle(letters.pk)
    assert Restriction.objects.get().lifted_at


def test_a_rule_ends_while_a_batch_has_its_restrictions_and_what_it_restricted_is_lifted_later(monkeypatch):
    letters = live()
    for number in range(5):
        item(person(number), ["newsletter"], OLD)
    one, hinted = rule(letters, action="restrict"), []
    commit(one)
    monkeypatch.setattr(restricting, "hint", lambda *task: hinted.append(task))
    monkeypatch.setattr(restricting, "MANY", 2)
    retiring.ask(one, because="The purpose has ended.", by="user:1", now=NOW)
    free = Restriction.objects.filter(lifted_at__isnull=False)
    taken = Restriction.objects.order_by("pk")[1].pk
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as batch:
        batch.execute("DELETE FROM subjects_restriction WHERE id = %s", [taken])
        connection.cursor().execute("SET lock_timeout = '2s'")
        retiring.retire(one, by="user:2", now=NOW)
        assert (hinted, free.count()) == ([("retention.tasks.settle", letters.pk)], 0)
        # It does not wait for the batch either.
        tasks.settle(letters.pk)
        assert free.count() == 4
        batch.rollback()
    connection.cursor().execute("RESET lock_timeout")
    assert Entry.objects.filter(kind="restriction.lifted").count() == 4
    # Without the hint the night does it, also where no rule is in force.
    tasks.nightly()
    assert free.count() == 5


def test_what_rules_restricted_before_they_had_a_ground_of_their_own_gets_it():
    module = import_module("retention.migrations.0014_what_a_rule_restricted_says_so")
    surveys = live("surveys", "a")
    for purpose in (live(), surveys):
        for category_ in ("email", "phone"):
            made = item(person(1), [purpose.slug], OLD, category=category_)
            same = {"subject": made.subject, "item": made, "purpose": purpose, "ground": "hold", "since": NOW}
            Restriction.objects.create(**same)
            Restriction.objects.create(**same, placed_for=uuid4())
    rule(live(), action="restrict")
    rule(live(), slug="deletes", category=category("phone"))
    rule(surveys)
    with connection.cursor() as cursor:
        cursor.execute(module.SQL)
    changed = Restriction.objects.get(ground="rule")
    assert (changed.purpose, changed.item.category.slug, changed.placed_for) == (live(), "email", None)


def test_what_was_pseudonymised_is_so_again_after_a_restore_by_the_recipe_of_then():
    category("feedback")
    surveys = live("surveys", "a", categories=("feedback",))
    fields = {"feedback.born": {"strategy": "suppress"}, "feedback.score": {"strategy": "keep"}}
    fields["feedback.place"] = {"strategy": "keep"}
    recipe = {"fields": fields, "quasi": ["feedback.place"], "sensitive": ["feedback.score"]}
    content = json.dumps({"born": "1931-02-03", "score": "low", "place": "Leeds"})
    item(person(1), ["surveys"], OLD, category="feedback", content=content)
    stored, key = PersonalDataItem.objects.all(), DataKey.objects.get(owner=Owner.ITEM)
    sealed = stored.get().sealed
    one = rule(surveys, action="anonymise", recipe=recipe | {"thresholds": {"k": 5, "l": 2, "t": 0.9}})
    assert commit(one).status == "pseudonymised"
    journaled()
    [changed] = items.contents(stored).values()
    assert "1931" not in changed
    as_restored()
    # What was done already is known.
    assert replay.replay(now=NOW + timedelta(hours=2)).by_action == {}
    # As the backup has it: the old content under the old key, and no such rule in force.
    stored.update(sealed=sealed)
    DataKey.objects.filter(pk=key.pk).update(wrapped=key.wrapped, master_key=key.master_key)
    RetentionRule.objects.filter(pk=one.pk).update(status="retired")
    as_restored()
    assert replay.replay(now=NOW + timedelta(hours=2)).by_action == {"pseudonymised": 1}
    assert list(items.contents(stored).values()) == [changed]
