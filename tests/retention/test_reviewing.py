"""Rules that want somebody to look: what is due is listed, kept until a day, or let go; and what nobody can judge."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from ledger.models import Entry
from retention import certificate, effect, holds, progress, reviewing, runs, waiting
from retention.models import KeptRow, Run
from retention.purge import purge
from subjects.models import DataSubject, PersonalDataItem
from tests.make_retention import NOW, TODAY, dates, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)
LATER = TODAY + timedelta(days=90)


@pytest.fixture
def one():
    for number in (1, 2):
        item(person(number), ["newsletter"], OLD)
        item(person(number), ["newsletter"], TODAY)
    return rule(live(), action="review")


def keep(one, **changed):
    given = {"until": LATER, "reason": "claim-expected", "by": "user:1", "now": NOW} | changed
    return reviewing.keep(one, person(1), **given)


def test_what_is_kept_comes_back_on_its_day_and_is_not_counted_until_then(one):
    assert [(found.uuid, found.rows, found.kinds) for found in reviewing.people(one, now=NOW)] == [
        (person(number).uuid, 1, ["Your email"]) for number in (1, 2)
    ]
    assert keep(one) == 1
    assert [found.uuid for found in reviewing.people(one, now=NOW)] == [person(2).uuid]
    assert purge(one, as_of=TODAY, now=NOW).due == 1
    assert '"reason":"claim-expected"' in Entry.objects.get(kind="retention.reviewed").body
    then = NOW + timedelta(days=91)
    assert len(reviewing.people(one, now=then)) == 2
    assert (reviewing.forget(now=NOW), reviewing.forget(now=then), KeptRow.objects.count()) == (0, 1, 0)


@pytest.mark.parametrize(("action", "kept"), [("review", 1), ("erase", 0)])
def test_what_is_kept_stays_so_under_the_next_version_that_asks(one, action, kept):
    keep(one)
    then = rule(live(), version=2, action=action, period="P11M")
    assert KeptRow.objects.filter(rule=then).count() == KeptRow.objects.count() == kept
    if kept:
        assert [found.uuid for found in reviewing.people(then, now=NOW)] == [person(2).uuid]


@pytest.mark.parametrize("wrong", [{"until": None}, {"until": TODAY}, {"until": date(2040, 1, 1)}, {"reason": "x"}])
def test_nothing_is_kept_without_a_day_and_a_reason(one, wrong):
    with pytest.raises(Invalid):
        keep(one, **wrong)


def test_what_is_let_go_has_the_evidence_of_a_run_and_a_hold_wins(one):
    run = reviewing.erase(one, person(1), by="user:1", now=NOW)
    assert PersonalDataItem.objects.filter(subject=person(1)).count() == 1
    assert certificate.certificate(run)["counts"]["items"] == 1
    hold = {"matter": "1", "reason": "claim", "review_due": LATER, "actor": "user:1", "now": NOW}
    holds.place([person(2)], **hold)
    with pytest.raises(reviewing.Stopped):
        reviewing.erase(one, person(2), by="user:1", now=NOW)
    assert Run.objects.get() == run


def test_staff_decide_on_the_page_and_find_it_on_the_first(one, admin_client):
    page = reverse("admin:rule-review", args=[one.pk])
    first, second = DataSubject.objects.order_by("pk")
    assert reverse("admin:rule-review", args=[one.pk]) in admin_client.get(reverse("admin:index")).text
    decide = lambda step: reverse("admin:rule-decide", args=[one.pk, step])  # noqa: E731
    assert "Choose a day" in admin_client.post(decide("keep"), {"person": first.uuid, "until": "x"}, follow=True).text
    until = timezone.localdate() + timedelta(days=30)
    given = {"person": first.uuid, "until": until.isoformat(), "reason": "still-needed"}
    shown = admin_client.post(decide("keep"), given, follow=True).text
    assert str(first.uuid) not in shown
    assert str(second.uuid) in shown
    assert "Nothing is due" in admin_client.post(decide("erase"), {"person": second.uuid}, follow=True).text
    assert admin_client.get(page).status_code == 200
    assert not waiting.work(timezone.localdate(), now=timezone.now()).reviews


def test_people_without_a_date_are_listed_to_the_last(admin_client):
    hiring = live("recruitment", "b")
    for number in range(5):
        item(person(number), ["recruitment"], OLD)
    dates(person(0), hiring, application_closed_on=OLD)
    one = rule(hiring, trigger="application_closed")
    first, after = effect.without_date(one, most=3)
    rest, end = effect.without_date(one, after=after, most=3)
    assert (len(first), len(rest), end) == (3, 1, None)
    assert str(person(0).uuid) not in first + rest
    page = reverse("admin:rule-undated", args=[one.pk])
    assert rest[0] in admin_client.get(f"{page}?after={after}").text


@pytest.mark.parametrize("action", ["erase", "restrict"])
def test_how_far_a_run_is_comes_from_its_batches(action, monkeypatch, admin_client):
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    seen = []
    monkeypatch.setattr(
        "retention.runs.go_on", lambda run, *, now: seen.append(progress.worked(Run.objects.get(pk=run.pk)))
    )
    purge(rule(live(), action=action), as_of=TODAY, commit=True, now=NOW, batch=1, expected=3)
    assert seen == [1, 2, 3]
    run = Run.objects.get()
    Run.objects.filter(pk=run.pk).update(status="running")
    address = reverse("admin:forgetting-run", args=[run.uuid])
    shown = admin_client.get(address)
    assert ("3 rows worked by now" in shown.text, shown["Refresh"]) == (True, "5")
    assert "Refresh" not in admin_client.get(f"{address}?still")
    runs.pause(run, actor="user:1", now=NOW)
    paused = admin_client.get(address)
    assert ("Go on" in paused.text, "Refresh" in paused) == (True, False)
