"""What nobody has looked at does not go by itself; what was looked at goes exactly so."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger.models import Entry
from retention import guard, purge, runs, tasks
from retention.models import Approval, Run
from retention.rules import cutoff
from subjects.models import PersonalDataItem
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)


@pytest.fixture
def one():
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    return rule(live())


def look(one):
    return guard.plan(one, as_of=TODAY, now=NOW)


def test_the_first_run_waits_and_the_second_does_not(one):
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY, now=NOW)
    assert (waits.value.planned.why, waits.value.planned.rows) == ("first-run", 3)
    guard.approve(one, as_of=TODAY, fingerprint=look(one).fingerprint, by="user:1", now=NOW)
    report = guard.apply(one, as_of=TODAY, now=NOW)
    assert (report.items, str(Approval.objects.get().run.uuid)) == (3, report.run)
    assert Run.objects.get().expected == 3
    assert Entry.objects.filter(kind="retention.approved").count() == 1
    item(person(9), ["newsletter"], OLD)
    assert guard.apply(one, as_of=TODAY, now=NOW).items == 1


def test_what_was_approved_is_the_exact_set_for_a_day(one):
    seen = look(one).fingerprint
    guard.approve(one, as_of=TODAY, fingerprint=seen, by="user:1", now=NOW)
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW + guard.LASTS)
    item(person(4), ["newsletter"], OLD)
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW)
    with pytest.raises(guard.SetChanged):
        guard.approve(one, as_of=TODAY, fingerprint=seen, by="user:1", now=NOW)
    assert PersonalDataItem.objects.count() == 4


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"RETENTION_APPROVE_ROWS": 2}, "many-rows"),
        ({"RETENTION_APPROVE_ROWS": 3}, ""),
        ({"RETENTION_APPROVE_PERCENT": 74}, "large-part"),
        ({"RETENTION_APPROVE_PERCENT": 75}, ""),
    ],
)
def test_many_rows_or_a_large_part_wait_also_when_typed(one, settings, monkeypatch, limits, why):
    monkeypatch.setattr(guard, "FEW", 3)
    item(person(5), ["newsletter"], TODAY)
    for name, value in {"RETENTION_APPROVE_PERCENT": 100, **limits}.items():
        setattr(settings, name, value)
    assert guard.plan(one, as_of=TODAY, now=NOW, typed=True).why == why


def test_an_approval_cannot_be_bent(one):
    made = guard.approve(one, as_of=TODAY, fingerprint=look(one).fingerprint, by="user:1", now=NOW)
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Approval.objects.filter(pk=made.pk).update(rows=1)


@pytest.mark.parametrize(
    ("measured", "why"),
    [({"status": "not-worked"}, "first-run"), ({"rows": 0}, "first-run"), ({"rows": 2}, "")],
)
def test_a_run_that_worked_nothing_is_no_first_run(one, measured, why):
    run = runs.join(one, as_of=OLD, cutoff=OLD, now=NOW)
    Run.objects.filter(pk=run.pk).update(status="finished", measured=measured)
    assert look(one).why == why


def test_an_open_run_ends_as_of_its_own_day_and_today_is_looked_at_afresh(one, settings):
    settings.RETENTION_APPROVE_ROWS = 0
    monday = TODAY - timedelta(days=3)
    runs.join(one, as_of=monday, cutoff=cutoff(one, monday), now=NOW)
    since = item(person(8), ["newsletter"], cutoff(one, monday))
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY, now=NOW)
    assert waits.value.planned.rows == 1
    assert list(PersonalDataItem.objects.all()) == [since]
    assert Run.objects.get().status == "finished"


def test_the_command_names_the_set_and_takes_it(one, settings):
    settings.RETENTION_APPROVE_ROWS = 2
    with pytest.raises(CommandError, match="3 rows would go") as refused:
        call_command("purge", "--commit", "--as-of", TODAY.isoformat())
    named = str(refused.value).split()[-1]
    call_command("purge", "--commit", "--as-of", TODAY.isoformat(), "--approve", named, stdout=StringIO())
    assert not PersonalDataItem.objects.exists()


def test_what_waits_is_no_failure_and_what_is_approved_is_taken_up_once(one, caplog):
    tasks.nightly()
    assert "waits for somebody: approval-needed" in caplog.text
    now = timezone.now()
    seen = guard.plan(one, as_of=now.date(), now=now)
    guard.approve(one, as_of=seen.as_of, fingerprint=seen.fingerprint, by="user:1", now=now)
    for _sweep in range(2):
        tasks.resume()
    assert not PersonalDataItem.objects.exists()
    assert Run.objects.count() == 1


def test_a_paused_run_stops_and_goes_on(one, monkeypatch):
    end = purge.evidence.leave

    def leave_then_pause(run, *args, **options):
        end(run, *args, **options)
        if run.batches.count() == 1:
            runs.pause(run, actor="user:1", now=NOW)

    monkeypatch.setattr(purge.evidence, "leave", leave_then_pause)
    assert purge.purge(one, as_of=TODAY, commit=True, now=NOW, batch=1).items == 1
    with pytest.raises(purge.Paused):
        guard.apply(one, as_of=TODAY, now=NOW)
    run = Run.objects.get()
    assert (run.status, PersonalDataItem.objects.count()) == ("running", 2)
    monkeypatch.undo()
    runs.resume(run, actor="user:1", now=NOW)
    tasks.resume()
    run.refresh_from_db()
    assert (run.status, PersonalDataItem.objects.count()) == ("finished", 0)


def test_what_waits_stands_on_the_first_page_and_is_told_once(one, admin_client, admin_user, mailoutbox):
    admin_user.email = "dpo@example.com"
    admin_user.save()
    for _night in range(2):
        tasks.nightly()
    deliver_due(now=timezone.now())
    [mail] = [one for one in mailoutbox if "waits for your approval" in one.subject]
    assert mail.to == ["dpo@example.com"]
    assert "3 rows are past their period" in mail.body
    address = reverse("admin:forgetting-rule", args=[one.pk])
    assert address in mail.body
    page = admin_client.get(reverse("admin:index")).text
    assert "Forgetting waits for somebody" in page
    assert address in page
    assert "3 rows to approve" in admin_client.get(reverse("admin:forgetting")).text
    today = timezone.localdate()
    seen = guard.plan(one, as_of=today, now=timezone.now()).fingerprint
    guard.approve(one, as_of=today, fingerprint=seen, by="user:1", now=timezone.now())
    tasks.resume()
    assert not PersonalDataItem.objects.exists()
    assert "Forgetting waits for somebody" not in admin_client.get(reverse("admin:index")).text
