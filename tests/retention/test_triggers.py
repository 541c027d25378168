"""The events that are not a date of a relationship: a fixed date, and the closing of a case."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from breaches import expiry as breach_expiry
from breaches import log
from ledger.models import Entry
from processing.models import DataCategory
from requests import answer, expiry
from requests.models import CaseFile
from retention import cases, certificate, effect, evidence, exact, guard, holds, nightly, progress, runs
from retention.models import Approval, Run
from retention.purge import preview, purge
from subjects import blocks, organisations
from subjects.models import ErasureBlock, PersonalDataItem, Relationship
from subjects.people import emails_of
from tests import make_office, make_requests
from tests.make_retention import NOW, TODAY, applied, item, live, person, rule
from tests.waiting import others_wait

pytestmark = pytest.mark.django_db
LONG_AGO = NOW - timedelta(days=900)


@pytest.mark.parametrize(("day", "due"), [(date(2026, 10, 20), 1), (date(2026, 10, 21), 1), (date(2026, 10, 22), 0)])
def test_a_fixed_date_is_over_for_what_was_collected_until_then(day, due):
    """A month from 21 October is over for all of 21 November; what came since is not meant."""
    item(person(1), ["newsletter"], date(2025, 1, 1))
    item(person(2), ["newsletter"], date(2026, 10, 22))
    one = rule(live(), trigger="fixed_date", fixed_on=day, period="P1M")
    assert preview(one, as_of=TODAY, now=NOW).due == (due or 0)
    assert effect.effect(one, today=TODAY, now=NOW).now == due
    assert preview(one, as_of=TODAY, now=NOW).indeterminate == 0
    assert purge(one, as_of=TODAY, commit=True, now=NOW).items == due
    assert PersonalDataItem.objects.count() == 2 - due


def test_an_old_tie_without_anything_goes_with_the_fixed_date():
    for number, started in enumerate([date(2025, 1, 1), date(2026, 11, 1)]):
        Relationship.objects.create(subject=person(number), purpose=live(), role="prospect", started_on=started)
    one = rule(live(), trigger="fixed_date", fixed_on=date(2026, 6, 1), period="P1M")
    assert purge(one, as_of=TODAY, commit=True, now=NOW).relationships == 1


def test_the_end_of_a_contract_that_the_organisation_has_is_the_date_that_counts():
    customers = live("contract-administration", "b")
    item(person(1), [customers.slug], date(2019, 1, 1))
    acme = organisations.represent(person(1), name="Acme", now=NOW, actor="test")
    one = rule(customers, trigger="contract_end", period="P6Y")
    assert preview(one, as_of=TODAY, now=NOW).indeterminate == 1
    organisations.amend(acme, contract_ended_on=date(2020, 11, 22), now=NOW, actor="test")
    assert (preview(one, as_of=TODAY, now=NOW).due, preview(one, as_of=TODAY, now=NOW).indeterminate) == (0, 0)
    organisations.amend(acme, contract_ended_on=date(2020, 11, 21), now=NOW, actor="test")
    assert purge(one, as_of=TODAY, commit=True, now=NOW).items == 1


@pytest.fixture
def closed(mailoutbox):
    make_office.register()
    make_office.person("newsletter")
    case = make_office.confirmed("access", mailbox=mailoutbox)
    answer.release_access(case.requests.get(), actor=make_office.OFFICER, now=make_office.NOW)
    case.refresh_from_db()
    return case


def cases_rule(**fields):
    live("rights-requests", "c")
    return rule(live("rights-requests", "c"), trigger="case_closed", period="P1M", slug="rights-cases", **fields)


def test_the_file_of_a_closed_case_goes_with_its_rule_and_not_under_a_hold(closed):
    one = cases_rule()
    on_last, after = (closed.closed_at + timedelta(days=days) for days in (28, 45))
    files = cases.of("rights-requests")
    hold = holds.place(
        [closed.subject],
        matter="2026-1",
        reason="claim",
        review_due=after.date() + timedelta(days=30),
        actor="user:1",
        now=after,
    )
    assert cases.counted(files, date(2100, 1, 1), now=after).held == 1
    assert applied(one, after).cases == 0
    with pytest.raises(expiry.CaseHeld):
        expiry.expire_case(closed, now=after)
    holds.release(hold, actor="user:1", now=after)
    assert applied(one, on_last).cases == 0
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=after.date(), now=after)
    assert waits.value.planned.rows == 1
    # Not by the term of six years: the rule says when, and somebody has to look first.
    assert expiry.expire_closed(now=after + timedelta(days=9999)) == 0
    assert applied(one, after).cases == 1
    assert CaseFile.objects.get(pk=closed.pk).claim is None


def test_a_file_that_a_hold_keeps_is_counted_and_files_to_come_are_shown(closed, admin_client):
    one, after = cases_rule(), closed.closed_at + timedelta(days=45)
    day = after.date()
    shown = effect.effect(one, today=closed.closed_at.date(), now=closed.closed_at)
    assert (shown.now, sum(month.rows for month in shown.months), shown.later) == (0, 1, 0)
    about = {"matter": "2026-1", "reason": "claim", "review_due": day + timedelta(days=30), "actor": "user:1"}
    holds.place([closed.subject], **about, now=after)
    shown, report = effect.effect(one, today=day, now=after), applied(one, after)
    assert (shown.now, shown.held, report.held, report.cases) == (1, 1, 1, 0)
    made = certificate.certificate(Run.objects.get(rule=one))
    assert {"store": "database", "outcome": "kept-under-hold", "rows": 1} in made["stores"]
    page = admin_client.get(reverse("admin:forgetting-rule", args=[one.pk])).text
    assert "1 open" not in page
    assert "closed and not due yet" in page


def test_the_certificate_and_the_page_of_a_run_over_files_say_what_is_left_in_backups(closed, admin_client):
    one, after = cases_rule(), closed.closed_at + timedelta(days=45)
    assert applied(one, after).cases == 1
    run = Run.objects.get(rule=one)
    made = certificate.certificate(run)
    assert {"store": "case-files", "outcome": "forgotten", "files": 1} in made["stores"]
    assert (made["case_files"], made["changed"]) == (1, 0)
    told = {store["store"]: store["outcome"] for store in made["stores"]}
    assert (told["dumps"], told["physical-backups"]) == ("still-in-until", "still-in-until")
    # Nobody writes a file back, so there is no tombstone of it; a restore has its id.
    assert "tombstones" not in told
    assert told["journal"] in ("ids-kept", "not-yet")
    page = admin_client.get(reverse("admin:forgetting-run", args=[run.uuid])).text
    assert "Files of closed cases, with their keys" in page
    assert "In backups until" in page


def test_dealings_without_anything_held_are_counted_whatever_becomes_of_them(admin_client):
    """Of three, one is held, one goes, and of one nobody said when the contract ended."""
    ended = date(2025, 1, 1)
    for number, last in enumerate([ended, ended, None]):
        tie = {"subject": person(number), "purpose": live(), "role": "customer", "started_on": date(2020, 1, 1)}
        Relationship.objects.create(**tie, contract_ended_on=last)
    blocks.place(person(0), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    one = rule(live(), trigger="contract_end")
    shown, before = effect.effect(one, today=TODAY, now=NOW), preview(one, as_of=TODAY, now=NOW)
    assert (shown.now, shown.held, shown.indeterminate) == (2, 1, 1)
    assert shown.now - shown.held == guard.plan(one, as_of=TODAY, now=NOW).rows == before.due
    assert (before.held, before.indeterminate) == (1, 1)
    assert effect.without_date(one) == ([str(person(2).uuid)], None)
    report = applied(one, NOW)
    assert (report.relationships, report.held, report.indeterminate) == (1, 1, 1)
    # Somebody who has just asked for a copy waits like one who is held.
    make_requests.case("access", email="person0@example.org", now=NOW)
    blocks.release(ErasureBlock.objects.get().placed_for, now=NOW, actor="test")
    assert preview(one, as_of=TODAY, now=NOW).held == 1


def test_a_rule_about_one_category_is_not_about_files(closed):
    one = cases_rule(category=DataCategory.objects.get(slug="email"))
    after = closed.closed_at + timedelta(days=45)
    assert guard.plan(one, as_of=after.date(), now=after).rows == 0
    assert applied(one, after).cases == 0
    # So their own term is the one that holds.
    assert expiry.expire_closed(now=after + timedelta(days=9999)) == 1


def test_files_stay_while_the_run_is_paused_or_a_copy_is_asked_for(closed, monkeypatch):
    one, after = cases_rule(), closed.closed_at + timedelta(days=45)
    item(closed.subject, ["rights-requests"], date(2026, 1, 1))

    def pause(run, *_args, **_options):
        runs.pause(run, actor="user:1", now=after)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "leave", pause)
        assert applied(one, after).cases == 0
    runs.resume(Run.objects.get(rule=one), actor="user:1", now=after)
    fresh = make_requests.case("access", email=emails_of(closed.subject)[0], now=after)
    assert applied(one, after).cases == 0
    with pytest.raises(expiry.CaseHeld):
        expiry.expire_case(closed, now=after)
    fresh.requests.get().move("withdrawn", actor="user:1", now=after)
    assert applied(one, after).cases == 1


def test_files_that_were_approved_go_though_a_worker_dies_at_them(closed, monkeypatch):
    CaseFile.objects.filter(pk=make_requests.request("access", state="withdrawn", now=make_office.NOW).case_id).update(
        closed_at=closed.closed_at
    )
    one, after, files = cases_rule(), closed.closed_at + timedelta(days=45), cases.of("rights-requests")
    taken = []

    def die(rows, now):
        taken.append(rows)
        if len(taken) == 2:
            raise KeyboardInterrupt
        return files.expire(rows, now)

    with monkeypatch.context() as patch:
        patch.setitem(cases._files, "rights-requests", replace(files, expire=die))
        with pytest.raises(KeyboardInterrupt):
            applied(one, after)
    exact.forget(now=after)
    run, later = Run.objects.get(rule=one), after + timedelta(hours=1)
    assert (run.status, nightly.rules_interrupted()) == ("running", [one])
    # With the one that went before.
    assert guard.apply(one, as_of=after.date(), now=later).cases == 2
    run.refresh_from_db()
    assert certificate.certificate(run)["case_files"] == 2
    assert (run.status, CaseFile.objects.get(pk=closed.pk).claim) == ("finished", None)


def test_what_is_held_about_a_person_for_their_requests_counts_from_their_last_case(closed):
    subject = closed.subject
    one = cases_rule()
    kept = item(subject, ["rights-requests"], date(2026, 1, 1))
    item(person(5), ["rights-requests"], date(2020, 1, 1))
    after = closed.closed_at.date() + timedelta(days=45)
    report = preview(one, as_of=after, now=NOW)
    assert (report.due, report.indeterminate) == (1, 1)
    CaseFile.objects.filter(pk=closed.pk).update(closed_at=None)
    assert preview(one, as_of=after, now=NOW).indeterminate == 2
    assert PersonalDataItem.objects.filter(pk=kept.pk).exists()


def test_breaches_have_a_rule_of_their_own_or_six_years():
    live("security-and-legal-claims", "f")
    assert breach_expiry.expire(now=NOW) == 0
    one = rule(live("security-and-legal-claims", "f"), trigger="case_closed", period="P6Y", slug="breach-log")
    item(person(1), ["security-and-legal-claims"], date(2020, 1, 1))
    # People have no breach that is theirs: nothing of them is counted by it, due or not.
    report = preview(one, as_of=TODAY, now=NOW)
    assert (report.due, report.indeterminate) == (0, 0)


def breach_of_before():
    breach = log.log(aware_at=LONG_AGO, texts={"summary": "Lost."}, actor="user:1", now=LONG_AGO)
    log.decide(breach, risk="none", reasoning="Encrypted.", actor="user:1", now=LONG_AGO)
    log.close(breach, lessons="", actor="user:1", now=LONG_AGO)
    return breach


def test_how_far_a_run_is_counts_case_files_and_its_set_is_forgotten_when_it_is_over(settings):
    settings.RETENTION_APPROVE_FIRST_RUN, settings.RETENTION_APPROVE_PERCENT = False, 100
    for _number in range(3):
        breach_of_before()
    one = rule(live("security-and-legal-claims", "f"), trigger="case_closed", period="P1Y", slug="breach-log")
    assert guard.apply(one, as_of=TODAY, now=NOW).cases == 3
    run = Run.objects.get()
    assert progress.worked(run) == run.expected == 3
    asked = []
    for night in range(1, 4):
        later = NOW + timedelta(days=night)
        guard.apply(one, as_of=later.date(), now=later)
        with CaptureQueriesContext(connection) as queries:
            exact.forget(now=later)
        asked.append(len(queries))
        assert not Approval.objects.exists()
    assert len(set(asked)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_counts_the_file_that_went():
    breach, after = breach_of_before(), NOW + timedelta(days=3000)
    rows = breach_expiry.kept_breaches().filter(pk=breach.pk)

    def other():
        try:
            return breach_expiry.expire_these(rows, after)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            assert breach_expiry.expire_these(rows, after) == 1
            second = threads.submit(other)
            others_wait()
        assert second.result(30) == 0
    assert Entry.objects.filter(kind="breach.forgotten").count() == 1
