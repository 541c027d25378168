"""The home: what waits, heads only; and empty states that teach."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from consents import assessments
from core.models import Outbox, User
from kraken_privacy.backup import evidence
from processing.models import Purpose
from requests import answer
from requests.models import CaseFile, RightsRequest
from retention import rules, runs
from retention.models import RetentionRule, Run, WaitingSet
from retention.purge import purge
from tests import make_consents, make_office, make_requests
from tests import make_people as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


def home(client):
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def due(days, **case):
    request = make_requests.case("access", **case).requests.get()
    on = timezone.now().date() + timedelta(days=days)
    RightsRequest.objects.filter(pk=request.pk).update(due_on=on)
    return request


def test_an_empty_installation_teaches(officer):
    page = home(officer)
    assert "First steps" in page
    assert "without one, nothing is ever deleted" in page


def test_nothing_to_do_says_so(officer):
    make_office.register()
    page = home(officer)
    assert "Nothing is due this week." in page
    assert "No rule ran in the last 36 hours, and none had to" in page
    assert "No evidence is sealed yet" in page


def test_that_no_rule_ran_is_a_fault_only_of_rules_that_had_a_night_to_run(officer):
    make_office.register()
    now = timezone.now()
    one = RetentionRule.objects.create(slug="r", purpose=Purpose.objects.first(), trigger="collection", period="P1Y")
    rules.activate(one, approved_by="user:1", now=now - timedelta(hours=35))
    assert "must be up" not in home(officer)
    other = RetentionRule.objects.create(slug="s", purpose=Purpose.objects.first(), trigger="collection", period="P1Y")
    rules.activate(other, approved_by="user:1", now=now - timedelta(hours=37))
    assert "must be up" in home(officer)
    WaitingSet.objects.create(rule=other, as_of=now.date(), rows=1, why="first-run", fingerprint="0", since=now)
    assert "must be up" not in home(officer)


def test_a_run_that_somebody_paused_is_no_fault_and_one_that_nobody_works_at_is(officer):
    make_office.register()
    now = timezone.now()
    one = RetentionRule.objects.create(slug="r", purpose=Purpose.objects.first(), trigger="collection", period="P1Y")
    rules.activate(one, approved_by="user:1", now=now - timedelta(days=9))
    began = now - timedelta(days=3)
    run = Run.objects.create(rule=one, as_of=began.date(), started_at=began, heartbeat_at=began)
    assert "must be up" in home(officer)
    runs.pause(run, actor="user:1", now=began)
    assert "must be up" not in home(officer)
    runs.resume(run, actor="user:1", now=now)
    runs.go_on(run, now=now)
    page = home(officer)
    assert "No rule ran" not in page
    assert run.get_status_display() in page


def test_overdue_week_and_unconfirmed(officer):
    make_office.register()
    late, soon, far = due(-2), due(3, email="b@example.com"), due(25, email="c@example.com")
    page = home(officer)
    order = [page.index(row.reference) for row in (late, soon, far)]
    assert order == sorted(order)
    assert "Overdue" in page
    assert "Waiting for confirmation" in page


def test_what_is_new_or_ready_stands_there_though_something_else_is_due_first(officer, mailoutbox):
    make_office.register()
    make_office.person("newsletter")
    due(3, email="soon@example.com")
    free, ready, taken = (make_office.confirmed("access", mailbox=mailoutbox).requests.get() for _each in range(3))
    answer.prepare_access(ready, actor=make_office.OFFICER, now=timezone.now())
    CaseFile.objects.filter(pk=taken.case_id).update(owner=User.objects.get())
    RightsRequest.objects.filter(pk__in=[free.pk, ready.pk, taken.pk]).update(
        due_on=timezone.now().date() + timedelta(days=25)
    )
    waiting = due(25, email="waits@example.com")
    RightsRequest.objects.filter(pk=waiting.pk).update(due_on=None)
    page = home(officer)
    headings = ["Due within seven days", "Answers ready to send", "New, and nobody has taken it", "Waiting for conf"]
    places = [page.index(word) for word in headings]
    assert places == sorted(places)
    assert places[1] < page.index(ready.reference) < places[2] < page.index(free.reference) < places[3]
    assert places[3] < page.index(waiting.reference)
    assert taken.reference not in page
    assert "Where a date stands, the time is running all the same." in page
    assert "no date: the clock is not running" in page


def test_dead_letters_and_runs(officer):
    purposes = make_office.register()
    now = timezone.now()
    Outbox.objects.create(kind="mail", created_at=now, due_at=now, dead_at=now, error="SMTPException")
    rule = make.rule(purposes["newsletter"])
    purge(rule, as_of=now.date(), commit=True, now=now)
    page = home(officer)
    assert "SMTPException" in page
    assert "newsletter-last-interaction v1" in page


def test_who_sees_nothing(client):
    make_office.register()
    due(-2)
    client.force_login(make_office.staff("plain", group=""))
    page = home(client)
    assert "KP-" not in page
    assert "First steps" not in page


def test_more_requests_cost_no_more_queries(officer):
    make_office.register()
    due(-2)
    home(officer)
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            home(officer)
        counts.append(len(queries))
        for more in range(5):
            due(more - 2, email=f"p{number}{more}@example.com")
    assert counts[0] == counts[1]


def test_an_assessment_to_be_weighed_again(officer):
    purposes = make_office.register()
    make_consents.assessment(purposes["direct-sales"])
    assessments.require_review(purposes["direct-sales"], caused_by=uuid4(), now=timezone.now(), actor="user:b")
    assert "An objection was upheld" in home(officer)
    page = officer.get(reverse("admin:consents_assessmentversion_changelist")).content.decode()
    assert "To be weighed again" in page


def test_what_is_wrong_with_backups_is_shown_to_whoever_looks_after_the_installation(client):
    make_office.register()
    evidence.failed("", now=timezone.now())
    for group, sees in (("dpo", True), ("caseworker", False)):
        client.force_login(make_office.staff(group, group=group))
        assert ("The last attempt at a backup" in home(client)) is sees
