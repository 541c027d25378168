"""A rule that anonymises: rows of nobody when they are measured to be that, and otherwise the honest word."""

import json
from datetime import date

import pytest
from django.urls import reverse

from ledger.models import Entry
from retention import guard, holds
from retention.models import AnonymousRow, Run
from retention.purge import purge
from subjects import items
from subjects.models import DataSubject, PersonalDataItem
from tests.make_register import category
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)
RECIPE = {
    "fields": {
        "email": {"strategy": "suppress"},
        "feedback.born": {"strategy": "date", "to": "decade"},
        "feedback.score": {"strategy": "keep"},
        "feedback.words": {"strategy": "free-text"},
    },
    "quasi": ["feedback.born"],
    "sensitive": ["feedback.score"],
    "thresholds": {"k": 3, "l": 2, "t": 0.5},
}


@pytest.fixture
def surveys():
    category("feedback")
    return live("surveys", "a", categories=("email", "feedback"))


def answer(number, born, score):
    content = json.dumps({"born": born, "score": score, "words": f"secret {number}"})
    item(person(number), ["surveys"], OLD, category="feedback", content=content)
    item(person(number), ["surveys"], OLD, content=f'"person{number}@example.org"')


def six(surveys):
    for number in range(6):
        answer(number, f"198{number}-02-03", "high" if number % 2 else "low")
    return rule(surveys, action="anonymise", recipe=RECIPE)


def test_rows_that_hide_are_kept_and_what_they_came_from_goes(surveys):
    report = purge(six(surveys), as_of=TODAY, commit=True, now=NOW)
    assert (report.status, report.needs, report.subjects) == ("anonymous", 12, 6)
    values = list(AnonymousRow.objects.values_list("values", flat=True))
    assert len(values) == 6
    assert {tuple(sorted(row)) for row in values} == {("feedback.born", "feedback.score")}
    assert {row["feedback.born"] for row in values} == {"1980s"}
    assert not DataSubject.objects.exists()
    run = Run.objects.get()
    assert (run.measured["k"], run.measured["l"]) == (6, 2)
    assert Entry.objects.filter(kind="retention.measured", body__contains='"anonymous"').exists()


def test_below_the_thresholds_it_is_pseudonymised_and_stays_in_scope(surveys):
    one = six(surveys)
    answer(6, "1931-02-03", "low")
    for _night in range(2):
        report = purge(one, as_of=TODAY, commit=True, now=NOW)
        assert (report.status, report.needs) == ("pseudonymised", 0)
    assert not AnonymousRow.objects.exists()
    stored = PersonalDataItem.objects.filter(subject=person(6), category__slug="feedback")
    [content] = items.contents(stored).values()
    assert json.loads(content) == {
        "pseudonymised": {"born": "1930s", "score": "low"},
        "by": "surveys-collection v1",
    }
    # Changed once, though two runs came by.
    assert Entry.objects.filter(kind="retention.pseudonymised").count() == 1
    for number in (7, 8):
        answer(number, "1939-02-03", "high")
    assert purge(one, as_of=TODAY, commit=True, now=NOW).status == "anonymous"
    assert AnonymousRow.objects.count() == 9


def test_holds_and_other_purposes_keep_what_is_theirs(surveys):
    one = six(surveys)
    live("newsletter")
    item(person(0), ["surveys", "newsletter"], OLD, content='"kept@example.org"')
    hold = holds.place([person(5)], matter="1", reason="claim", review_due=date(2027, 1, 1), actor="user:1", now=NOW)
    report = purge(one, as_of=TODAY, commit=True, now=NOW)
    assert (report.status, report.held, AnonymousRow.objects.count()) == ("anonymous", 2, 5)
    [kept] = items.contents(PersonalDataItem.objects.filter(subject=person(0))).values()
    assert kept == '"kept@example.org"'
    assert PersonalDataItem.objects.filter(subject=person(5)).count() == 2
    holds.release(hold, actor="user:1", now=NOW)


def test_what_the_recipe_does_not_name_stops_it_and_it_waits_for_somebody(surveys):
    one = six(surveys)
    item(person(9), ["surveys"], OLD, category="feedback", content=json.dumps({"shoe": 43}))
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW)
    report = guard.apply(one, as_of=TODAY, now=NOW, typed=True)
    assert (report.status, report.needs) == ("not-worked", 0)
    assert Run.objects.get().measured["fields"] == ["feedback"]


def test_samples_are_shown_and_that_is_recorded(surveys, admin_client):
    one = six(surveys)
    page = admin_client.post(reverse("admin:rule-samples", args=[one.pk]))
    assert "secret 1" in page.text
    assert "1980s" in page.text
    assert "Enough: a run would keep rows of nobody" in page.text
    assert Entry.objects.filter(kind="retention.sampled").count() == 1
    assert PersonalDataItem.objects.count() == 12
    assert "No run has measured it yet" in admin_client.get(reverse("admin:forgetting-rule", args=[one.pk])).text
