"""What a purge counts and does under one rule, step by step."""

import json
from datetime import date
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Q

from core.errors import DomainError
from core.models import DataKey
from ledger.models import Entry
from retention import certificate, evidence, shells
from retention.models import Batch, Run, Tombstone
from retention.purge import purge
from subjects import blocks, deletes, relationships, restrictions
from subjects.deletes import lock_people
from subjects.models import DataSubject, Identifier, ItemPurpose, PersonalDataItem, Relationship, Restriction
from tests.make_register import category
from tests.make_retention import NOW, TODAY, dates, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD, NEW = date(2025, 11, 21), date(2025, 11, 22)


def commit(one, **options):
    return purge(one, as_of=TODAY, commit=True, now=NOW, **options)


def test_a_dry_run_counts_and_changes_nothing():
    letters = live()
    for number, on in enumerate([OLD, OLD, NEW]):
        item(person(number), ["newsletter"], on)
    blocks.place(person(0), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    entries = Entry.objects.count()
    report = purge(rule(letters), as_of=TODAY, now=NOW)
    assert (report.committed, report.due, report.held, report.indeterminate) == (False, 1, 1, 0)
    assert PersonalDataItem.objects.count() == 3
    assert not Run.objects.exists()
    assert not Restriction.objects.exists()
    assert Entry.objects.count() == entries + 1  # the rule's activation


def test_what_is_due_goes_with_its_key_person_and_identifier():
    letters = live()
    gone, kept = item(person(1), ["newsletter"], OLD), item(person(2), ["newsletter"], NEW)
    report = commit(rule(letters))
    assert (report.needs, report.items, report.subjects, report.identifiers, report.relationships) == (1, 1, 1, 1, 1)
    assert report.keys == 2
    assert list(PersonalDataItem.objects.all()) == [kept]
    assert DataSubject.objects.get() == kept.subject
    assert Identifier.objects.count() == 1
    assert not DataKey.objects.filter(owner_id=gone.uuid).exists()


def test_the_last_day_of_the_period_still_belongs_to_it():
    item(person(1), ["newsletter"], NEW)
    one = rule(live())
    assert commit(one).needs == 0
    assert purge(one, as_of=date(2026, 11, 23), commit=True, now=NOW).needs == 1


def test_evidence_holds_the_counts_of_the_work():
    letters = live()
    for number in range(5):
        item(person(number), ["newsletter"], OLD)
    report = commit(rule(letters), batch=2)
    run = Run.objects.get()
    bodies = [json.loads(entry.body) for entry in Entry.objects.filter(kind="retention.batch").order_by("id")]
    assert [body["data"]["items"] for body in bodies] == [2, 2, 1]
    assert {body["object"] for body in bodies} == {str(run.uuid)}
    assert {(body["data"]["rule"], body["data"]["version"]) for body in bodies} == {("newsletter-collection", 1)}
    assert all(len(body["data"]["items_sha256"]) == 64 for body in bodies)
    assert {str(batch.entry) for batch in Batch.objects.all()} == {body["id"] for body in bodies}
    total = json.loads(Entry.objects.get(kind="retention.run").body)["data"]
    assert (total["batches"], total["items"], total["subjects"]) == (3, 5, 5)
    assert (run.status, str(run.uuid)) == ("finished", report.run)


def test_everything_erased_has_a_tombstone_until_the_last_backup_expires():
    item(person(1), ["newsletter"], OLD, source_record="crm:1")
    commit(rule(live()))
    scopes = Tombstone.objects.values_list("scope", flat=True)
    assert sorted(scopes) == ["identifier", "item", "record", "subject"]
    assert {stone.expires_on for stone in Tombstone.objects.all()} == {date(2026, 12, 27)}


def test_an_item_two_purposes_need_goes_when_both_have_ended():
    letters, surveys = live(), live("surveys")
    both = item(person(1), ["newsletter", "surveys"], OLD)
    report = commit(rule(letters))
    assert (report.needs, report.items, report.keys) == (1, 0, 0)
    assert PersonalDataItem.objects.filter(pk=both.pk).exists()
    report = commit(rule(surveys, period="P6M"))
    assert (report.needs, report.items, report.subjects) == (1, 1, 1)


def test_a_block_holds_and_what_is_held_becomes_restricted():
    letters = live()
    held = item(person(1), ["newsletter"], OLD)
    hold = uuid4()
    blocks.place(person(1), kind="hold", placed_for=hold, now=NOW, actor="test")
    one = rule(letters)
    for _night in range(2):
        report = commit(one)
        assert (report.needs, report.held) == (0, 1)
    restriction = Restriction.objects.get()
    assert (restriction.item, restriction.purpose, restriction.ground) == (held, letters, "hold")
    blocks.release(hold, now=NOW, actor="test")
    assert commit(one).items == 1
    assert not Restriction.objects.exists()


def test_what_is_contested_stays_and_the_rest_goes():
    letters = live()
    contested = item(person(1), ["newsletter"], OLD)
    item(person(1), ["newsletter"], OLD)
    restriction = restrictions.restrict(person(1), ground="accuracy", item=contested, now=NOW, actor="test")
    one = rule(letters)
    report = commit(one)
    assert (report.items, report.held, report.subjects) == (1, 1, 0)
    assert list(PersonalDataItem.objects.all()) == [contested]
    restrictions.lift(restriction, now=NOW, actor="test")
    assert (commit(one).items, DataSubject.objects.count()) == (1, 0)


def test_a_block_for_another_purpose_holds_nothing_here():
    letters, surveys = live(), live("surveys")
    item(person(1), ["newsletter"], OLD)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), purpose=surveys, now=NOW, actor="test")
    report = commit(rule(letters))
    assert (report.needs, report.held, report.subjects) == (1, 0, 0)


def test_a_rule_for_one_category_leaves_the_others():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    phone = item(person(1), ["newsletter"], OLD, category="phone")
    commit(rule(letters, category=category("email")))
    assert list(PersonalDataItem.objects.all()) == [phone]


def test_a_trigger_without_a_date_is_indeterminate():
    hiring = live("recruitment", "b")
    for number, closed in enumerate([OLD, NEW, None]):
        item(person(number), ["recruitment"], OLD)
        dates(person(number), hiring, application_closed_on=closed)
    lost = item(person(4), ["recruitment"], OLD)
    Relationship.objects.filter(subject=lost.subject).delete()
    report = commit(rule(hiring, trigger="application_closed"))
    assert (report.needs, report.subjects, report.indeterminate) == (1, 1, 2)
    assert ItemPurpose.objects.count() == 3


def test_a_due_relationship_without_items_ends_and_the_person_goes():
    hiring = live("recruitment", "b")
    for number, closed in enumerate([OLD, NEW, OLD]):
        item(person(number), ["recruitment"], OLD).delete()
        dates(person(number), hiring, application_closed_on=closed)
    blocks.place(person(2), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    one = rule(hiring, trigger="application_closed")
    assert purge(one, as_of=TODAY, now=NOW).due == 1
    report = commit(one)
    assert (report.due, report.relationships, report.subjects) == (1, 1, 1)
    assert DataSubject.objects.count() == 2


def test_a_newer_date_of_one_relationship_does_not_prolong_another():
    hiring, letters = live("recruitment", "b"), live()
    item(person(1), ["recruitment"], OLD)
    item(person(1), ["newsletter"], TODAY)
    dates(person(1), hiring, last_interaction_on=OLD)
    dates(person(1), letters, last_interaction_on=TODAY)
    report = commit(rule(hiring, trigger="last_interaction"))
    assert (report.items, report.subjects) == (1, 0)


def test_restrict_keeps_but_locks_away():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    item(person(2), ["newsletter"], OLD)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    one = rule(letters, action="restrict")
    report = commit(one, batch=1)
    assert (report.restricted, report.due, report.held, report.items, report.batches) == (2, 2, 0, 0, 2)
    assert commit(one).restricted == 0
    assert PersonalDataItem.objects.count() == 2


def test_review_only_lists():
    item(person(1), ["newsletter"], OLD)
    report = commit(rule(live(), action="review"))
    assert (report.due, report.needs, report.batches) == (1, 0, 0)
    assert PersonalDataItem.objects.exists()


def test_only_a_rule_in_force_is_applied():
    one = rule(live())
    one.status = "retired"
    one.save()
    with pytest.raises(DomainError) as error:
        commit(one)
    assert error.value.code == "rule-not-in-force"


def test_an_open_run_of_an_earlier_day_is_taken_up_first():
    for number, on in enumerate([date(2025, 11, 19), OLD]):
        item(person(number), ["newsletter"], on)
    one = rule(live())
    killed = Run.objects.create(
        rule=one, as_of=date(2026, 11, 20), cutoff=date(2025, 11, 20), started_at=NOW, heartbeat_at=NOW
    )
    report = commit(one)
    killed.refresh_from_db()
    assert (killed.status, killed.batches.get().items) == ("finished", 1)
    assert (report.run, report.items) == (str(Run.objects.exclude(pk=killed.pk).get().uuid), 1)


@pytest.mark.parametrize("trigger", ["collection", "last_interaction"])
def test_rows_of_one_day_are_all_worked(trigger):
    letters = live()
    for number in range(4):
        for kind in ("email", "phone"):
            item(person(number), ["newsletter"], OLD, category=kind)
        dates(person(number), letters, last_interaction_on=OLD)
    report = commit(rule(letters, trigger=trigger), batch=3)
    assert (report.needs, report.subjects) == (8, 4)


def test_a_run_stops_when_its_rule_is_replaced(monkeypatch):
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    one = rule(live())
    leave = evidence.leave

    def leave_then_replace(run, *args, **options):
        leave(run, *args, **options)
        if Batch.objects.count() == 1:
            rule(live(), slug=one.slug, version=2, period="P24M")

    monkeypatch.setattr(evidence, "leave", leave_then_replace)
    report = commit(one, batch=1)
    assert (report.items, PersonalDataItem.objects.count()) == (1, 2)
    stopped = Run.objects.get()
    assert (stopped.status, stopped.stopped) == ("stopped", "rule-replaced")
    signed = certificate.certificate(stopped)
    assert (signed["stopped"], signed["counts"]["items"]) == ("rule-replaced", 1)


def test_who_turns_to_us_while_the_purge_waits_for_them_stays(monkeypatch):
    letters, ada = live(), person(1)
    tie = {"role": "prospect", "started_on": OLD, "last_interaction_on": OLD}
    Relationship.objects.create(subject=ada, purpose=letters, **tie)
    one = rule(letters, trigger="last_interaction")

    def after_they_did(*args, **options):
        relationships.touch(ada, letters, at=NOW, channel="phone", now=NOW, actor="test")
        return lock_people(*args, **options)

    monkeypatch.setattr("retention.purge.lock_people", after_they_did)
    assert commit(one).relationships == 0
    assert Relationship.objects.get().subject == ada


def test_who_was_kept_though_empty_before_it_was_noted_goes_with_the_next_run():
    one = rule(live())
    kept, free, asked = person(1), person(2), person(3)
    for known in (kept, free):
        blocks.place(known, kind="hold", placed_for=known.uuid, now=NOW, actor="test")
    blocks.release(free.uuid, now=NOW, actor="test")
    with connection.cursor() as cursor:
        cursor.execute(import_module("subjects.migrations.0018_people_who_were_kept_though_empty").NOTE)
    assert set(DataSubject.objects.filter(emptied_at__isnull=False)) == {kept, free}
    commit(one)
    assert set(DataSubject.objects.all()) == {kept, asked}


def test_who_is_frozen_once_they_were_found_is_not_taken(monkeypatch):
    one, shell = rule(live()), person(1)
    deletes.note_emptied([shell.pk], now=NOW)
    answers = iter([Q(pk__in=[])])
    everybody = Q(pk__in=DataSubject.objects.values("pk"))
    monkeypatch.setattr(shells, "frozen", lambda now, field: next(answers, everybody))
    commit(one)
    assert list(DataSubject.objects.all()) == [shell]
