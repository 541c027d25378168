"""The officers' pages: drafts are written and approved, evidence is only read."""

from datetime import date

import pytest
from django.urls import reverse

from retention.models import RetentionRule
from retention.purge import purge
from subjects.models import PersonalDataItem
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(admin_client):
    return admin_client


def act(client, action, one):
    url = reverse("admin:retention_retentionrule_changelist")
    return client.post(url, {"action": action, "_selected_action": [one.pk]}, follow=True)


def test_a_draft_is_written_and_put_in_force(officer):
    form = {"slug": "letters", "version": 1, "purpose": live().pk, "category": "", "trigger": "collection"}
    form |= {"period": "P12M", "action": "erase", "legal_reason": "No longer needed."}
    answer = officer.post(reverse("admin:retention_retentionrule_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    one = RetentionRule.objects.get()
    assert "Somebody else must look" in act(officer, "put_in_force", one).text
    RetentionRule.objects.update(drafted_by="user:somebody-else")
    act(officer, "put_in_force", one)
    one.refresh_from_db()
    assert one.status == "active"
    assert one.approved_by.startswith("user:")
    page = officer.get(reverse("admin:retention_retentionrule_change", args=[one.pk]))
    assert page.status_code == 200
    assert 'name="period"' not in page.text


def test_what_cannot_be_put_in_force_says_why(officer):
    one = RetentionRule.objects.create(
        slug="r", purpose=live(), trigger="case_closed", period="P1M", legal_reason="Test."
    )
    assert "Cases are kept for these purposes only" in act(officer, "put_in_force", one).text


def test_counting_changes_nothing(officer):
    item(person(1), ["newsletter"], date(2020, 1, 1))
    assert "1 due, 0 held, 0 without a date" in act(officer, "count_due", rule(live())).text
    assert PersonalDataItem.objects.exists()


def test_runs_and_their_batches_are_only_read(officer):
    item(person(1), ["newsletter"], date(2020, 1, 1))
    report = purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    listing = officer.get(reverse("admin:retention_run_changelist"))
    assert listing.status_code == 200
    run = listing.context["cl"].queryset.get(uuid=report.run)
    page = officer.get(reverse("admin:retention_run_change", args=[run.pk]))
    assert str(run.batches.get().entry) in page.text
    assert officer.post(reverse("admin:retention_run_change", args=[run.pk]), {}).status_code == 404
