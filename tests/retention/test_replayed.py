"""What a restore does again, from a backup to a new cluster: each of these acts came after the backup."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from breaches import expiry as breach_expiry
from breaches import log
from breaches.models import Breach
from core.models import DataKey
from kraken_privacy import gate
from kraken_privacy.backup import restoring
from ledger.models import Entry
from office import merging
from requests import answer, decisions, expiry
from requests.models import CaseFile, Package
from retention import (
    anonymity_record,
    guard,
    journal,
    nightly,
    published,
    replay,
    retiring,
    rules,
    runs,
    statistics,
    tasks,
)
from retention.models import RetentionRule, Run
from retention.models_safety import EpsilonSpent
from retention.purge import purge
from subjects import again, blocks, erasure, items
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem, Relationship
from tests import make_consents, make_office
from tests.make_backup import LATER, backed_up, deliver, places, restored
from tests.make_retention import NOW, TODAY, anonymous_rows, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
OFFICER = make_office.OFFICER
OLD_DAY = NOW - timedelta(days=30)
OLD, RECENT = date(2024, 1, 1), TODAY - timedelta(days=30)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


def verdict():
    return make_consents.reason("person1@example.org", now=LATER)


def test_an_erasure_of_a_dealing_of_somebody_who_stays_and_whose_copy_was_open_at_the_backup():
    make_consents.published(now=NOW - timedelta(days=30))
    item(person(1), ["surveys"], RECENT)
    make_consents.captured("person1@example.org", now=NOW)
    assert verdict() == "+consent-given"
    asked = uuid4()
    blocks.place(person(1), kind="access_request", placed_for=asked, now=NOW, actor="test")
    before = backed_up()
    blocks.release(asked, now=LATER, actor="test")
    newsletter = live("newsletter")
    done = erasure.erase(subject=person(1), purposes=[newsletter], request=uuid4(), actor="user:1", now=LATER)
    assert done.blocked == []
    with restored(before) as found:
        assert (found.lines, found.empty) == (1, 0)
        assert not Relationship.objects.filter(purpose__slug="newsletter").exists()
        assert not verdict().startswith("+")
        assert ItemPurpose.objects.get().purpose.slug == "surveys"
        # What was sent is not in the backup, and the rest is what the copy is made from.
        assert blocks.active(person(1)).get().placed_for == asked


def test_a_copy_that_is_asked_for_still_after_a_restore_is_made_from_what_is_left(mailoutbox):
    """Its answer, and the deletion of one purpose, came after the backup: nothing of the rest goes on schedule."""
    make_office.register()
    make_office.consent(make_office.person("newsletter", "contract-administration"))
    case = make_office.confirmed("access", "erasure", mailbox=mailoutbox)
    deliver(make_office.NOW)
    before, by = backed_up(), {"actor": OFFICER, "now": LATER}
    access, erased = (case.requests.get(right=right) for right in ("access", "erasure"))
    answer.release_access(access, **by)
    decisions.confirm_all(erased, **by)
    answer.execute_erasure(erased, **by)
    kept = rule(live("contract-administration"), period="P1D")
    with restored(before):
        again = case.requests.get(right="access")
        assert (again.state, Package.objects.count()) == ("received", 0)
        assert purge(kept, as_of=LATER.date(), commit=True, now=LATER).items == 0
        answer.release_access(again, **by)
        assert again.result["rows"] > 0
        assert purge(kept, as_of=LATER.date(), commit=True, now=LATER).items == 1


def test_an_erasure_of_somebody_of_whom_the_backup_has_two_records():
    """They were made one since. What each held for the purpose, and its dealing, is gone."""
    for number in (1, 2):
        item(person(number), ["newsletter", "surveys"], RECENT)
    live_one, since = person(1), {"started_on": OLD}
    Relationship.objects.create(subject=person(2), purpose=live("events"), role="prospect", **since)
    before = backed_up()
    merging.merge(live_one, person(2), now=LATER, actor=OFFICER)
    given = {"purposes": [live(), live("events")], "request": uuid4(), "actor": OFFICER, "now": LATER}
    assert erasure.erase(subject=live_one, **given).blocked == []
    with restored(before) as done:
        assert (done.by_action, done.empty) == ({"erase": 1}, 0)
        assert DataSubject.objects.count() == 2
        assert {need.purpose.slug for need in ItemPurpose.objects.all()} == {"surveys"}
        assert {tie.purpose.slug for tie in Relationship.objects.all()} == {"surveys"}


def test_what_is_left_of_an_erasure_is_seen_and_what_was_spared_is_not_left():
    spared = item(person(1), ["newsletter", "surveys"], RECENT)
    item(person(1), ["newsletter"], RECENT)
    blocks.place_rule(placed_for=uuid4(), purpose=live(), now=NOW, actor="test")
    then = again.Then(persons=[person(1).uuid], purposes=["newsletter"], spared=[spared.uuid])
    assert again.is_left(then)
    again.erase_again(then, at=LATER, now=LATER)
    assert not again.is_left(then)
    assert {need.item.uuid for need in ItemPurpose.objects.all()} == {spared.uuid}
    assert again.is_left(again.Then(items=[spared.uuid]))
    assert again.is_left(again.Then(gone=[person(1).uuid]))


def test_what_a_rule_ended_where_the_record_or_the_person_stays():
    """Also where the rule was made after the backup, and where a hold of that day had ended since."""
    live("newsletter", systems=("kraken-privacy",))
    both = item(person(1), ["newsletter", "surveys"], OLD, source_record="crm:1")
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    item(person(2), ["surveys"], RECENT)
    since = {"started_on": OLD, "last_interaction_on": OLD}
    Relationship.objects.create(subject=person(2), purpose=live(), role="prospect", **since)
    before = backed_up()
    for block in person(1).erasure_blocks.all():
        blocks.release(block.placed_for, now=LATER, actor="test")
    ended = purge(rule(live()), as_of=TODAY, commit=True, now=LATER)
    assert (ended.needs, ended.items, ended.relationships) == (1, 0, 1)
    dealings = purge(rule(live(), trigger="last_interaction"), as_of=TODAY, commit=True, now=LATER)
    assert (dealings.relationships, dealings.subjects) == (1, 0)
    with restored(before) as done:
        assert (done.by_action, done.empty) == ({"retention.activated": 2, "purge": 2}, 0)
        assert {need.purpose.slug for need in ItemPurpose.objects.filter(item__uuid=both.uuid)} == {"surveys"}
        assert not Relationship.objects.filter(purpose__slug="newsletter").exists()
        assert Relationship.objects.filter(purpose__slug="surveys").count() == 2
        with pytest.raises(items.WrittenBack):
            item(person(1), ["newsletter"], OLD, source_record="crm:1")
        assert restoring.bring_up_to_date(is_journal_lost=False, now=LATER).lines == 0


def test_a_line_of_before_rules_named_what_they_ended_is_replayed_still():
    one = item(person(1), ["newsletter"], OLD)
    data = {"run": str(uuid4()), "items": [str(one.uuid)], "people": [str(one.subject.uuid)]}
    journal.append("purge", data, entry=uuid4(), at=NOW)
    assert replay.replay(now=LATER).by_action == {"purge": 1}
    assert not PersonalDataItem.objects.exists()


def test_the_file_of_a_case_and_what_was_written_about_a_breach(mailoutbox):
    make_office.register()
    make_office.person("newsletter")
    case = make_office.confirmed("access", mailbox=mailoutbox)
    answer.release_access(case.requests.get(), actor=make_office.OFFICER, now=make_office.NOW)
    case.refresh_from_db()
    breach = log.log(aware_at=OLD_DAY, texts={"summary": "Lost."}, actor="user:1", now=OLD_DAY)
    log.decide(breach, risk="none", reasoning="Encrypted.", actor="user:1", now=OLD_DAY)
    log.close(breach, lessons="", actor="user:1", now=OLD_DAY)
    deliver()
    # Of the day of the backup; nothing about it comes into the journal.
    blocks.place(case.subject, kind="access", placed_for=uuid4(), now=NOW, actor="test")
    before, after = backed_up(), case.closed_at + timedelta(days=2400)
    for block in case.subject.erasure_blocks.all():
        blocks.release(block.placed_for, now=LATER, actor="test")
    assert (expiry.expire_closed(now=after), breach_expiry.expire(now=after)) == (1, 1)
    with restored(before, now=after) as done:
        assert done.by_action == {"case.expired": 2}
        assert CaseFile.objects.get(pk=case.pk).claim is None
        assert not DataKey.objects.filter(owner__in=["case", "breach"]).exists()
        assert Breach.objects.get(pk=breach.pk).sealed is None


def test_what_was_published_and_spent_counts_still(settings):
    """The rows were anonymous before the backup, and the figures of them went out after it."""
    settings.EPSILON_PER_YEAR = 1
    run = anonymous_rows(("1970s", "good", 30), ("1970s", "bad", 12), ("1980s", "good", 44), ("1980s", "bad", 14))
    record = {"attacker": "A neighbour.", "tried": "The web.", "decision": "remote", "actor": OFFICER, "now": NOW}
    anonymity_record.review(run, review_due=TODAY + timedelta(days=90), **record)
    before, fields = backed_up(), ["feedback.born", "feedback.score"]
    published.publish(run, fields, actor=OFFICER, now=LATER)
    statistics.spend(Decimal("0.75"), name="scores", actor=OFFICER, now=LATER)
    with restored(before) as done:
        assert (done.by_action, done.empty) == ({"statistics.published": 1, "statistics.released": 1}, 0)
        again = Run.objects.get(uuid=run.uuid)
        assert [(table["by"], table["at"]) for table in published.published(again)] == [(fields, LATER)]
        with pytest.raises(published.PublishedBefore):
            published.publish(again, fields, actor=OFFICER, now=LATER)
        with pytest.raises(statistics.Overspent):
            statistics.spend(Decimal("0.75"), name="scores", actor=OFFICER, now=LATER)
        assert [(one.epsilon, one.at) for one in EpsilonSpent.objects.all()] == [(Decimal("0.75"), LATER)]
        assert restoring.bring_up_to_date(is_journal_lost=False, now=LATER).lines == 0


@pytest.mark.parametrize("began", ["before the backup", "after the backup"])
def test_a_rule_whose_run_somebody_paused(settings, began):
    settings.RETENTION_APPROVE_PERCENT, settings.RETENTION_APPROVE_FIRST_RUN = 100, False
    item(person(1), ["newsletter"], date(2024, 1, 1))
    one = rule(live())
    before = backed_up() if began == "after the backup" else ""
    run = guard._begin(guard.plan(one, as_of=TODAY, now=NOW), None, now=NOW)
    before = before or backed_up()
    runs.pause(run, actor="user:1", now=NOW)
    with restored(before) as done:
        assert done.by_action == {"retention.paused": 1}
        paused = Run.objects.get(rule=one)
        assert (paused.paused_at, paused.as_of) == (NOW, TODAY)
        assert Entry.objects.filter(kind="retention.paused", object=paused.uuid).count() == 1
        tasks.resume()
        tasks.nightly()
        assert PersonalDataItem.objects.count() == 1
        assert restoring.bring_up_to_date(is_journal_lost=False, now=LATER).lines == 0
        runs.resume(paused, actor="user:1", now=LATER)
        tasks.resume()
        assert gate.closed_because() == ""


def in_force():
    rows = nightly.rules_in_force()
    return [(one.slug, one.version, one.period, one.action, one.legal_reason, one.approved_by) for one in rows]


def test_the_rules_that_are_in_force(settings):
    """One keeps for longer than before, one ended, one is new and one is for a purpose of which nothing is known."""
    settings.SOLE_OFFICER = True
    old = item(person(1), ["newsletter", "surveys"], OLD)
    rule(live(), slug="letters")
    ended = rule(live("surveys"), slug="opinions")
    since = rules.draft(
        RetentionRule(slug="letters", purpose=live(), period="P6Y", trigger="collection", legal_reason="A claim."),
        by=OFFICER,
        now=NOW,
    )
    before, recipe = backed_up(), {"fields": {}, "quasi": [], "sensitive": []}
    RetentionRule.objects.filter(pk=since.pk).update(recipe=recipe, review_due=TODAY)
    rules.activate(since, approved_by="user:lead", now=LATER)
    retiring.ask(ended, because="No more.", by=OFFICER, now=LATER)
    retiring.retire(ended, by=OFFICER, now=LATER)
    rule(live("surveys"), slug="surveys", trigger="fixed_date", fixed_on=OLD, period="P3Y", category=old.category)
    rule(live("events"), slug="events", period="P9Y")
    expected = in_force()
    assert [one[:3] for one in expected] == [("events", 1, "P9Y"), ("letters", 2, "P6Y"), ("surveys", 1, "P3Y")]
    with restored(before) as done:
        assert done.by_action == {"retention.activated": 3, "retention.retired": 1}
        assert done.empty == 1
        assert in_force() == expected[1:]
        letters = RetentionRule.objects.get(slug="letters", status="active")
        assert (letters.recipe, letters.review_due, letters.approved_at) == (recipe, TODAY, LATER)
        assert RetentionRule.objects.get(slug="surveys").category == old.category
        assert RetentionRule.objects.get(slug="opinions").retired_at == LATER
        for one in nightly.rules_in_force():
            assert purge(one, as_of=TODAY, now=LATER).due == 0
        assert restoring.bring_up_to_date(is_journal_lost=False, now=LATER).lines == 0
