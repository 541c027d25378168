"""What nobody has looked at does not go by itself; what was looked at goes exactly so."""

from datetime import date, timedelta
from importlib import import_module
from io import StringIO
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger.models import Entry
from retention import exact, guard, holds, purge, runs, tasks
from retention.models import Approval, ApprovedRow, Batch, Run, WaitingSet
from retention.pace import Pace
from retention.rules import cutoff
from subjects import blocks, relationships
from subjects.models import DataSubject, PersonalDataItem, Relationship
from tests.make_retention import NOW, TODAY, applied, dates, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)


@pytest.fixture
def one():
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    return rule(live())


def look(one):
    return guard.plan(one, as_of=TODAY, now=NOW)


def approve(one):
    return guard.approve(one, as_of=TODAY, fingerprint=look(one).fingerprint, by="user:1", now=NOW)


def test_the_first_run_waits_and_the_second_does_not(one, settings):
    settings.RETENTION_APPROVE_PERCENT = 100
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY, now=NOW)
    assert (waits.value.planned.why, waits.value.planned.rows) == ("first-run", 3)
    approve(one)
    assert ApprovedRow.objects.count() == 3
    report = guard.apply(one, as_of=TODAY, now=NOW)
    assert (report.items, str(Approval.objects.get().run.uuid)) == (3, report.run)
    assert Run.objects.get().expected == 3
    assert Entry.objects.filter(kind="retention.approved").count() == 1
    assert not ApprovedRow.objects.exists()
    item(person(9), ["newsletter"], OLD)
    assert guard.apply(one, as_of=TODAY, now=NOW).items == 1


def test_what_changed_since_it_was_approved_is_refused_and_asked_anew(one, mailoutbox):
    approve(one)
    item(person(4), ["newsletter"], OLD)
    blocks.place(person(0), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    blocks.place(person(1), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY, now=NOW)
    assert (waits.value.planned.came, waits.value.planned.left, waits.value.planned.rows) == (1, 2, 2)
    assert PersonalDataItem.objects.count() == 4
    refused = Approval.objects.get()
    assert (refused.refused_at, refused.run) == (NOW, None)
    assert '"came":1' in Entry.objects.get(kind="retention.refused").body
    assert not ApprovedRow.objects.exists()
    waiting = WaitingSet.objects.get()
    assert (waiting.fingerprint, waiting.came, waiting.left) == (look(one).fingerprint, 1, 2)
    deliver_due(now=timezone.now())
    assert "1 came to it and 2 left it" in mailoutbox[0].body
    # Nothing is taken before somebody has looked at the new one, and then it is taken.
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW)
    assert applied(one, NOW).items == 2
    assert not WaitingSet.objects.exists()


def test_what_an_approved_set_became_is_looked_at_in_later_nights_too_however_small(one, settings):
    settings.RETENTION_APPROVE_PERCENT, settings.RETENTION_APPROVE_FIRST_RUN = 100, False
    settings.RETENTION_APPROVE_ROWS = 2
    approve(one)
    blocks.place(person(0), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
    # Two rows are no reason by themselves: not that night, not the next, not when somebody counted and went away.
    for hours in (0, 24, 48):
        with pytest.raises(guard.ApprovalNeeded) as waits:
            guard.apply(one, as_of=TODAY, now=NOW + timedelta(hours=hours))
        assert guard.look(one, as_of=TODAY, now=NOW) == look(one)
    assert (waits.value.planned.rows, look(one).why, WaitingSet.objects.get().left) == (2, "many-rows", 1)
    assert approve(one).why == "many-rows"
    assert guard.apply(one, as_of=TODAY, now=NOW).items == 2
    item(person(9), ["newsletter"], OLD)
    assert guard.apply(one, as_of=TODAY, now=NOW).items == 1


def test_an_approval_ends_after_a_day_and_its_rows_with_it(one):
    seen = approve(one).fingerprint
    late = NOW + guard.LASTS
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=late)
    exact.forget(now=late)
    assert not ApprovedRow.objects.exists()
    item(person(4), ["newsletter"], OLD)
    with pytest.raises(guard.SetChanged):
        guard.approve(one, as_of=TODAY, fingerprint=seen, by="user:1", now=NOW)
    assert WaitingSet.objects.get().fingerprint == look(one).fingerprint != seen


@pytest.mark.parametrize("action", ["erase", "anonymise"])
def test_nothing_goes_that_comes_to_be_due_while_an_approved_run_is_at_work(one, monkeypatch, action):
    """Also after a kill: whoever takes the run up has only its rows before them."""
    if action == "anonymise":
        recipe = {"fields": {name: {"strategy": "keep"} for name in ("email", "phone")}, "quasi": ["email"]}
        recipe |= {"sensitive": ["phone"], "thresholds": {"k": 2, "l": 1, "t": 1}}
        one = rule(live(), slug="marketing", action="anonymise", recipe=recipe)
    approve(one)
    begin = runs.begin

    def begin_and_more(*args, **options):
        run = begin(*args, **options)
        item(person(7), ["newsletter"], OLD)
        Relationship.objects.create(subject=person(8), purpose=live(), role="prospect", started_on=OLD)
        blocks.place(person(0), kind="hold", placed_for=uuid4(), now=NOW, actor="test")
        return run

    def die(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "begin", begin_and_more)
        patch.setattr(guard, "work_on", die)
        with pytest.raises(KeyboardInterrupt):
            guard.apply(one, as_of=TODAY, now=NOW)
    report = guard.apply(one, as_of=TODAY, now=NOW)
    assert (report.items, report.held, report.relationships) == (2, 1, 2)
    assert {found.subject for found in PersonalDataItem.objects.all()} == {person(0), person(7)}
    assert Approval.objects.get().run == Run.objects.get()


def test_what_was_approved_and_is_not_due_any_more_stays(monkeypatch):
    letters = live()
    for number in range(2):
        item(person(number), ["newsletter"], OLD)
        dates(person(number), letters, last_interaction_on=OLD)
    one = rule(letters, trigger="last_interaction")
    approve(one)
    begin = runs.begin

    def begin_and_hear_of_them(*args, **options):
        relationships.touch(person(1), letters, at=NOW, channel="phone", now=NOW, actor="test")
        return begin(*args, **options)

    monkeypatch.setattr(runs, "begin", begin_and_hear_of_them)
    assert guard.apply(one, as_of=TODAY, now=NOW).items == 1
    assert PersonalDataItem.objects.get().subject == person(1)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"RETENTION_APPROVE_ROWS": 2}, "many-rows"),
        ({"RETENTION_APPROVE_ROWS": 3}, ""),
        ({"RETENTION_APPROVE_PERCENT": 74}, "large-part"),
        ({"RETENTION_APPROVE_PERCENT": 75}, ""),
    ],
)
def test_many_rows_or_a_large_part_wait_however_few_there_are(one, settings, limits, why):
    item(person(5), ["newsletter"], TODAY)
    for name, value in {
        "RETENTION_APPROVE_PERCENT": 100,
        "RETENTION_APPROVE_FIRST_RUN": False,
        **limits,
    }.items():
        setattr(settings, name, value)
    assert look(one).why == why


def test_an_approval_of_before_its_rows_were_kept_is_refused_by_the_upgrade(one):
    now = timezone.now()
    whole = guard.approve(one, as_of=TODAY, fingerprint=look(one).fingerprint, by="user:1", now=now)
    same = {"rule": one, "as_of": TODAY, "rows": 3, "why": "first-run", "approved_by": "user:1", "approved_at": now}
    bare = Approval.objects.create(expires_at=now + guard.LASTS, **same)
    over = Approval.objects.create(expires_at=now + timedelta(microseconds=1), **same)
    import_module("retention.migrations.0015_approvals_without_their_rows").refuse(apps, None)
    refused = Approval.objects.filter(refused_at__isnull=False)
    assert (list(refused), set(Approval.objects.filter(refused_at=None))) == ([bare], {whole, over})


def test_an_approval_cannot_be_bent(one):
    made = approve(one)
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Approval.objects.filter(pk=made.pk).update(rows=1)


@pytest.mark.parametrize(
    ("measured", "why"),
    [({"status": "not-worked"}, "first-run"), ({"rows": 0}, "first-run"), ({"rows": 2}, "")],
)
def test_a_run_that_worked_nothing_is_no_first_run(one, settings, measured, why):
    settings.RETENTION_APPROVE_PERCENT = 100
    run = runs.join(one, as_of=OLD, cutoff=OLD, now=NOW)
    Run.objects.filter(pk=run.pk).update(status="finished", measured=measured)
    assert look(one).why == why


def begin_and_die(one, as_of, monkeypatch):
    """A run is begun as it is every night, and its process is killed before it takes anything."""

    def die(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(guard, "work_on", die)
        with pytest.raises(KeyboardInterrupt):
            guard.apply(one, as_of=as_of, now=NOW)
    return Run.objects.get(status="running")


@pytest.fixture
def one_row_is_due(one, settings):
    """Of three, and nobody has to look at so few: a hold over two ends while the run is open."""
    settings.RETENTION_APPROVE_PERCENT, settings.RETENTION_APPROVE_FIRST_RUN = 100, False
    settings.RETENTION_APPROVE_ROWS = 1
    about = {"matter": "M1", "reason": "claim", "review_due": TODAY + timedelta(days=30), "actor": "user:1"}
    return holds.place([person(0), person(1)], **about, now=NOW)


def test_a_run_that_nobody_approved_takes_no_more_than_it_was_let_in_for(one, one_row_is_due, monkeypatch):
    run = begin_and_die(one, TODAY, monkeypatch)
    holds.release(one_row_is_due, actor="user:1", now=NOW)
    item(person(7), ["newsletter"], OLD)
    Relationship.objects.create(subject=person(8), purpose=live(), role="prospect", started_on=OLD)
    assert look(one).why == "many-rows"
    tasks.resume()
    run.refresh_from_db()
    assert (run.status, runs.totals(run).needs, PersonalDataItem.objects.count()) == ("finished", 1, 3)
    assert not ApprovedRow.objects.exists()
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY + timedelta(days=1), now=NOW + timedelta(days=1))
    assert not Entry.objects.filter(kind="retention.approved").exists()


def test_no_run_begins_with_a_set_that_grew_while_it_was_kept(one, one_row_is_due, monkeypatch):
    store = exact.store

    def release_and_store(made, **options):
        holds.release(one_row_is_due, actor="user:1", now=NOW)
        return store(made, **options)

    # The release is undone with the run that could not begin, so the set is the small one again in the end.
    kept = iter([release_and_store, store])
    monkeypatch.setattr(exact, "store", lambda *args, **options: next(kept)(*args, **options))
    assert guard.apply(one, as_of=TODAY, now=NOW).needs == 1
    assert (Run.objects.count(), PersonalDataItem.objects.count()) == (1, 2)


def test_a_run_of_before_its_set_was_kept_ends_and_what_is_left_is_looked_at(one):
    run = runs.join(one, as_of=TODAY, cutoff=cutoff(one, TODAY), now=NOW)
    runs.pause(run, actor="user:1", now=NOW)
    with pytest.raises(purge.Paused):
        guard.apply(one, as_of=TODAY, now=NOW)
    runs.resume(run, actor="user:1", now=NOW)
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW)
    run.refresh_from_db()
    assert (run.status, run.stopped, PersonalDataItem.objects.count()) == ("stopped", "set-not-kept", 3)


def test_the_first_deletion_waits_though_a_run_has_restricted_and_taken_who_was_empty(one, settings):
    settings.RETENTION_APPROVE_PERCENT = 100
    about = {"matter": "M1", "reason": "claim", "review_due": TODAY + timedelta(days=30), "actor": "user:1"}
    hold = holds.place([person(number) for number in range(3)], **about, now=NOW)
    # Nothing is left of this one since another rule took the last.
    emptied = person(9)
    DataSubject.objects.filter(pk=emptied.pk).update(emptied_at=NOW)
    report = guard.apply(one, as_of=TODAY, now=NOW)
    assert (report.restricted, report.subjects, report.needs) == (3, 1, 0)
    holds.release(hold, actor="user:1", now=NOW)
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY + timedelta(days=1), now=NOW + timedelta(days=1))
    assert (waits.value.planned.why, waits.value.planned.rows) == ("first-run", 3)


@pytest.mark.parametrize(
    ("batch", "why"), [({"restricted": 2}, "first-run"), ({"relationships": 1}, ""), ({"needs": 1}, "")]
)
def test_what_ended_by_a_rule_is_a_deletion_whatever_it_was(one, settings, batch, why):
    settings.RETENTION_APPROVE_PERCENT = 100
    run = runs.join(one, as_of=OLD, cutoff=OLD, now=NOW)
    counts = dict.fromkeys(("needs", "items", "keys", "subjects"), 0) | batch
    Batch.objects.create(run=run, at=NOW, entry=uuid4(), **counts)
    Run.objects.filter(pk=run.pk).update(status="finished")
    assert look(one).why == why


def test_an_open_run_ends_as_of_its_own_day_and_today_is_looked_at_afresh(one, settings, monkeypatch):
    settings.RETENTION_APPROVE_PERCENT, settings.RETENTION_APPROVE_FIRST_RUN = 100, False
    monday = TODAY - timedelta(days=3)
    begin_and_die(one, monday, monkeypatch)
    settings.RETENTION_APPROVE_ROWS = 0
    since = item(person(8), ["newsletter"], cutoff(one, monday))
    with pytest.raises(guard.ApprovalNeeded) as waits:
        guard.apply(one, as_of=TODAY, now=NOW)
    assert waits.value.planned.rows == 1
    assert list(PersonalDataItem.objects.all()) == [since]
    assert Run.objects.get().status == "finished"


def test_the_command_alone_takes_nothing_that_has_to_be_looked_at(one):
    rule(live("surveys"))
    now = timezone.now()
    given = ("purge", "--commit", "--as-of", now.date().isoformat())
    with pytest.raises(CommandError, match="3 rows would go") as refused:
        call_command(*given, stdout=StringIO())
    assert f"/admin/forgetting/rules/{one.pk}/" in str(refused.value)
    assert "--approve" not in str(refused.value)
    # The other rule was applied, and staff have before them what waits.
    assert Run.objects.get().rule.slug == "surveys-collection"
    named = WaitingSet.objects.get().fingerprint
    with pytest.raises(CommandError, match="Nobody approves at the command line"):
        call_command(*given, "--approve", named, stdout=StringIO())
    assert (PersonalDataItem.objects.count(), Approval.objects.filter(rule=one).count()) == (3, 0)
    guard.approve(one, as_of=now.date(), fingerprint=named, by="user:1", now=now)
    call_command(*given, stdout=StringIO())
    assert not PersonalDataItem.objects.exists()


def test_the_only_officer_approves_the_exact_set_at_the_command_line(one, settings):
    settings.SOLE_OFFICER = True
    given = ("purge", "--commit", "--as-of", TODAY.isoformat())
    with pytest.raises(CommandError, match="As the only officer") as refused:
        call_command(*given, stdout=StringIO())
    named = str(refused.value).split()[-1]
    with pytest.raises(CommandError, match="has changed since you looked"):
        call_command(*given, "--approve", "0" * 64, stdout=StringIO())
    call_command(*given, "--approve", named, stdout=StringIO())
    assert not PersonalDataItem.objects.exists()
    assert '"exception":"sole-officer"' in Entry.objects.get(kind="retention.approved").body


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
    monkeypatch.setattr(purge, "Pace", lambda _batch, whose: Pace(1, whose))
    assert applied(one, NOW).items == 1
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
    waiting = WaitingSet.objects.get()
    assert waiting.fingerprint in admin_client.get(address).text
    let_go = reverse("admin:forgetting-approve", args=[one.pk])
    approved = admin_client.post(let_go, {"fingerprint": waiting.fingerprint}, follow=True).text
    assert "Approved, and about to begin" in approved
    assert "Waits for approval" not in approved
    assert let_go not in approved
    tasks.resume()
    assert not PersonalDataItem.objects.exists()
    page = admin_client.get(reverse("admin:forgetting-run", args=[Run.objects.get().uuid])).text
    assert f"<dd>{admin_user.get_username()}, " in page
    assert "Forgetting waits for somebody" not in admin_client.get(reverse("admin:index")).text


def test_the_page_of_a_rule_reads_no_ids_until_somebody_asks_it_to(one, admin_client, monkeypatch):
    address = reverse("admin:forgetting-rule", args=[one.pk])
    with monkeypatch.context() as patch:
        patch.setattr(exact, "_digest", lambda *_given: 1 / 0)
        assert "See whether its next run needs approval" in admin_client.get(address).text
    page = admin_client.post(reverse("admin:forgetting-look", args=[one.pk]), follow=True).text
    assert "3 rows would go" in page
    assert WaitingSet.objects.get().fingerprint in page
