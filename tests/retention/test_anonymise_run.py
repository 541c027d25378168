"""A rule that anonymises: rows of nobody when they are measured to be that, and otherwise the honest word."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from benchmarks.answers import RECIPE as ANSWERS
from core.models import DataKey, Owner
from ledger.models import Entry
from processing.models import Purpose
from retention import (
    anonymise_people,
    anonymise_rows,
    anonymise_run,
    certificate,
    exact,
    guard,
    holds,
    published,
    rules,
    runs,
)
from retention.models import AnonymousRow, Run, WaitingSet
from retention.nightly import sweep
from retention.purge import purge
from subjects import items
from subjects.corrections import correct_item
from subjects.erasure import end_needs
from subjects.models import DataSubject, ItemPurpose, NameToken, PersonalDataItem
from tests.make_register import category
from tests.make_retention import NOW, TODAY, applied, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)
RECIPE = ANSWERS | {"thresholds": {"k": 3, "l": 2, "t": 0.5}}


@pytest.fixture
def surveys():
    category("feedback")
    return live("surveys", "a", categories=("email", "feedback"))


def answer(number, born, score):
    content = json.dumps({"born": born, "score": score, "words": f"secret {number}"})
    item(person(number), ["surveys"], OLD, category="feedback", content=content)
    item(person(number), ["surveys"], OLD, content=f'"person{number}@example.org"')


def kept_rows():
    """The rows, each as often as it is there."""
    return [values for values, times in AnonymousRow.objects.values_list("values", "times") for _ in range(times)]


def six(surveys):
    for number in range(6):
        answer(number, f"198{number}-02-03", "high" if number % 2 else "low")
    return rule(surveys, action="anonymise", recipe=RECIPE)


def test_rows_that_hide_are_kept_and_what_they_came_from_goes(surveys):
    report = purge(six(surveys), as_of=TODAY, commit=True, now=NOW)
    assert (report.status, report.needs, report.subjects) == ("anonymous", 12, 6)
    values = kept_rows()
    assert len(values) == 6
    assert {tuple(sorted(row)) for row in values} == {("feedback.born", "feedback.score")}
    assert {row["feedback.born"] for row in values} == {"1980s"}
    assert not DataSubject.objects.exists()
    run = Run.objects.get()
    assert (run.measured["k"], run.measured["l"]) == (6, 2)
    assert Entry.objects.filter(kind="retention.measured", body__contains='"anonymous"').exists()


def test_below_the_thresholds_it_is_pseudonymised_and_stays_in_scope(surveys, admin_client):
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
    first, second = Run.objects.order_by("pk")
    made, later = certificate.certificate(first), certificate.certificate(second)
    told = {(store["store"], store["outcome"]): store for store in made["stores"]}
    # Of each of seven, the answer and the address.
    assert made["changed"] == told["database", "values-changed"]["rows"] == 14
    assert told["database", "rows-deleted"]["rows"] == 0
    # What they were is in every backup of before, under the keys of then; nothing was deleted that may come back.
    assert {"dumps", "physical-backups"} <= {store["store"] for store in made["stores"]}
    assert not {"dumps", "tombstones"} & {store["store"] for store in later["stores"]}
    pages = [admin_client.get(reverse("admin:forgetting-run", args=[run.uuid])).text for run in (first, second)]
    assert ["As it was before, with the keys of then" in page for page in pages] == [True, False]
    for number in (7, 8):
        answer(number, "1939-02-03", "high")
    assert purge(one, as_of=TODAY, commit=True, now=NOW).status == "anonymous"
    assert len(kept_rows()) == 9


def test_holds_and_other_purposes_keep_what_is_theirs(surveys):
    one = six(surveys)
    live("newsletter")
    item(person(0), ["surveys", "newsletter"], OLD, content='"kept@example.org"')
    hold = holds.place([person(5)], matter="1", reason="claim", review_due=date(2027, 1, 1), actor="user:1", now=NOW)
    report = purge(one, as_of=TODAY, commit=True, now=NOW)
    assert (report.status, report.held, len(kept_rows())) == ("anonymous", 2, 5)
    [kept] = items.contents(PersonalDataItem.objects.filter(subject=person(0))).values()
    assert kept == '"kept@example.org"'
    assert PersonalDataItem.objects.filter(subject=person(5)).count() == 2
    holds.release(hold, actor="user:1", now=NOW)


def two_decades(surveys):
    for number in range(6):
        answer(number, "1981-02-03" if number < 3 else "1991-02-03", "high" if number % 2 else "low")
    return rule(surveys, action="anonymise", recipe=RECIPE)


def meanwhile(monkeypatch, module, name, act):
    """Do this once, right before the function is called."""
    original, acts = getattr(module, name), [act]

    def first_act(*args, **more):
        while acts:
            acts.pop()()
        return original(*args, **more)

    monkeypatch.setattr(module, name, first_act)


def test_whoever_is_held_after_measuring_leaves_no_classmate_alone(surveys, monkeypatch):
    one = two_decades(surveys)
    due = date(2027, 1, 1)
    hold = lambda: holds.place([person(5)], matter="1", reason="claim", review_due=due, actor="user:1", now=NOW)  # noqa: E731
    meanwhile(monkeypatch, anonymise_run, "_let_go", hold)
    report = purge(one, as_of=TODAY, commit=True, now=NOW)
    assert (report.status, report.needs) == ("anonymous", 10)
    assert [row["feedback.born"] for row in kept_rows()] == ["1980s"] * 3
    measured = Run.objects.get().measured
    assert (measured["rows"], measured["k"], measured["left_out"]) == (3, 3, 2)
    stores = certificate.certificate(Run.objects.get())["stores"]
    assert {"store": "anonymous-rows", "outcome": "anonymous", "rows": 3} in stores


@pytest.mark.parametrize("is_retired", [True, False])
def test_a_run_that_stops_midway_leaves_no_fragment_and_loses_no_row(surveys, monkeypatch, is_retired):
    one = two_decades(surveys)
    leave, left = anonymise_run.evidence.leave, []

    def stop(run, *args, **more):
        leave(run, *args, **more)
        left.append(run)
        if len(left) == 2:
            rules._retire(one, one, now=NOW) if is_retired else runs.pause(run, actor="user:1", now=NOW)

    monkeypatch.setattr(anonymise_run.evidence, "leave", stop)
    purge(one, as_of=TODAY, commit=True, now=NOW, batch=1)
    run = Run.objects.get()
    assert run.status == ("stopped" if is_retired else "running")
    assert not published.sets().exists()
    if is_retired:
        assert not AnonymousRow.objects.exists()
        return
    runs.resume(run, actor="user:1", now=NOW)
    report = purge(one, as_of=TODAY, commit=True, now=NOW)
    assert (report.run, report.status, len(kept_rows())) == (str(run.uuid), "anonymous", 6)
    assert Run.objects.get().measured["left_out"] == 0


@pytest.mark.parametrize(("module", "name", "at"), [(runs, "finish", 1), (anonymise_run.evidence, "leave", 2)])
def test_whoever_takes_a_run_up_says_how_many_were_left_out_before(surveys, monkeypatch, module, name, at):
    answer(9, "1931-02-03", "low")
    recipe = RECIPE | {"leave_out": 0.2}
    six(surveys)
    one = rule(surveys, action="anonymise", recipe=recipe, trigger="collection", slug="with-a-few-left-out")
    original, calls = getattr(module, name), []

    def stopped(*args, **more):
        calls.append(name)
        if len(calls) == at:
            raise ConnectionError
        return original(*args, **more)

    monkeypatch.setattr(module, name, stopped)
    with pytest.raises(ConnectionError):
        purge(one, as_of=TODAY, commit=True, now=NOW, batch=1)
    assert purge(one, as_of=TODAY, commit=True, now=NOW).status == "anonymous"
    measured = Run.objects.get().measured
    assert (measured["rows"], measured["left_out"]) == (6, 1)


def of_seven(surveys):
    """The seventh hides nobody, so values are changed where they stand."""
    one = six(surveys)
    answer(6, "1931-02-03", "low")
    return one


def told(number):
    stored = PersonalDataItem.objects.filter(subject=person(number), category__slug="feedback")
    [content] = items.contents(stored).values()
    return json.loads(content)


@pytest.mark.parametrize("room", [anonymise_people.KEPT, 0])
def test_what_was_opened_to_be_counted_is_opened_no_second_time_if_there_is_room_for_it(surveys, monkeypatch, room):
    opened = []
    monkeypatch.setattr(anonymise_people, "KEPT", room)
    monkeypatch.setattr(
        anonymise_rows, "open_each", lambda *of, original=anonymise_rows.open_each: (opened.append(1), original(*of))[1]
    )
    assert purge(of_seven(surveys), as_of=TODAY, commit=True, now=NOW).status == "pseudonymised"
    assert told(6) == {"pseudonymised": {"born": "1930s", "score": "low"}, "by": "surveys-collection v1"}
    assert len(opened) == (1 if room else 2)


def test_what_is_corrected_after_measuring_is_changed_as_it_is_by_then(surveys, monkeypatch):
    one = of_seven(surveys)
    row = PersonalDataItem.objects.get(subject=person(6), category__slug="feedback")
    correct = lambda: correct_item(row, "born", "1955-02-03", request=uuid4(), now=NOW, actor="user:1")  # noqa: E731
    meanwhile(monkeypatch, anonymise_run, "_pseudonymise", correct)
    purge(one, as_of=TODAY, commit=True, now=NOW)
    assert [told(number)["pseudonymised"]["born"] for number in (5, 6)] == ["1980s", "1950s"]


def test_what_another_purpose_needs_after_measuring_stays_as_it_is(surveys, monkeypatch):
    one = of_seven(surveys)
    live("newsletter")
    row = PersonalDataItem.objects.get(subject=person(6), category__slug="feedback")
    need = ItemPurpose.objects.get(item=row)
    also = lambda: ItemPurpose.objects.create(  # noqa: E731
        item=row,
        subject_id=need.subject_id,
        category_id=need.category_id,
        collected_on=OLD,
        purpose=Purpose.objects.get(slug="newsletter"),
    )
    meanwhile(monkeypatch, anonymise_run, "_pseudonymise", also)
    purge(one, as_of=TODAY, commit=True, now=NOW)
    assert told(6)["born"] == "1931-02-03"
    assert told(5)["pseudonymised"]["born"] == "1980s"


@pytest.mark.parametrize("is_retired", [True, False])
def test_pseudonymising_stops_with_its_run(surveys, monkeypatch, is_retired):
    one = six(surveys)
    answer(6, "1931-02-03", "low")
    stop = lambda: (  # noqa: E731
        rules._retire(one, one, now=NOW) if is_retired else runs.pause(Run.objects.get(), actor="user:1", now=NOW)
    )
    meanwhile(monkeypatch, anonymise_run, "_pseudonymise", stop)
    purge(one, as_of=TODAY, commit=True, now=NOW)
    assert not Entry.objects.filter(kind="retention.pseudonymised").exists()


def test_pseudonymising_leaves_neither_the_old_keys_nor_the_words_of_names():
    category("feedback")
    category("name")
    surveys = live("surveys", "a", categories=("email", "feedback", "name"))
    recipe = RECIPE | {"fields": RECIPE["fields"] | {"name": {"strategy": "suppress"}}}
    answer(0, "1931-02-03", "low")
    named = item(person(0), ["surveys"], OLD, category="name", content='"Grace Hopper"')
    keys = DataKey.objects.filter(owner=Owner.ITEM)
    before = {bytes(key.wrapped) for key in keys}
    assert NameToken.objects.filter(item=named).count() == 2
    made = rule(surveys, action="anonymise", recipe=recipe)
    assert purge(made, as_of=TODAY, commit=True, now=NOW).status == "pseudonymised"
    assert keys.count() == 3
    assert before.isdisjoint(bytes(key.wrapped) for key in keys.all())
    assert not NameToken.objects.exists()


def test_what_the_recipe_does_not_name_stops_it_and_it_waits_for_somebody(surveys):
    one = six(surveys)
    item(person(9), ["surveys"], OLD, category="feedback", content=json.dumps({"shoe": 43}))
    with pytest.raises(guard.ApprovalNeeded):
        guard.apply(one, as_of=TODAY, now=NOW)
    report = applied(one, NOW)
    assert (report.status, report.needs) == ("not-worked", 0)
    assert Run.objects.get().measured["fields"] == ["feedback"]


def test_what_stays_pseudonymised_is_approved_once_and_what_comes_to_it_again(surveys):
    one = of_seven(surveys)
    assert applied(one, NOW).status == "pseudonymised"
    for night in range(1, 4):
        later = NOW + timedelta(days=night)
        exact.forget(now=later)
        assert sweep(one, now=later).status == "pseudonymised"
    assert not WaitingSet.objects.exists()
    assert Entry.objects.filter(kind="retention.approved").count() == 1
    last = PersonalDataItem.objects.latest("pk").pk
    for number in range(7, 11):
        answer(number, f"19{number:02}-02-03", "low")
    planned = guard.plan(one, as_of=TODAY, now=NOW)
    assert (planned.why, planned.rows, planned.fresh) == ("large-part", 22, 8)
    with pytest.raises(guard.ApprovalNeeded):
        sweep(one, now=later)
    # They have gone again, and nothing is asked about the others.
    end_needs(list(ItemPurpose.objects.filter(item__pk__gt=last).values_list("pk", flat=True)), now=later)
    assert sweep(one, now=later).status == "pseudonymised"
    assert guard.plan(of_seven_anew(surveys), as_of=TODAY, now=NOW).fresh == 14


def of_seven_anew(surveys):
    return rule(surveys, action="anonymise", recipe=RECIPE, version=2)


def test_whoever_was_held_while_the_others_were_changed_is_asked_about(surveys, monkeypatch):
    one, put = of_seven(surveys), []
    scope = {"matter": "1", "reason": "claim", "review_due": date(2027, 1, 1), "actor": "user:1", "now": NOW}
    meanwhile(monkeypatch, anonymise_run, "_pseudonymise", lambda: put.append(holds.place([person(6)], **scope)))
    applied(one, NOW)
    assert told(6)["born"] == "1931-02-03"
    holds.release(put[0], actor="user:1", now=NOW)
    assert guard.plan(one, as_of=TODAY, now=NOW).fresh == 2


def test_one_odd_value_stops_nothing(surveys):
    recipe = RECIPE | {"fields": RECIPE["fields"] | {"feedback.born": {"strategy": "bucket", "width": 100}}}
    for number, (born, score) in enumerate([("1", "low"), ("1e9999999", "l\0w"), ("2", "high"), ("3", "low")]):
        answer(number, born, score)
    one = rule(surveys, action="anonymise", recipe=recipe | {"leave_out": 0.5})
    assert purge(one, as_of=TODAY, commit=True, now=NOW).status == "anonymous"
    assert {row["feedback.born"] for row in kept_rows()} == {"0 to under 100"}


def test_samples_are_shown_and_that_is_recorded(surveys, admin_client):
    one = six(surveys)
    page = admin_client.post(reverse("admin:rule-samples", args=[one.pk]))
    assert "secret 1" in page.text
    assert "1980s" in page.text
    assert "Enough: a run would keep rows of nobody" in page.text
    assert Entry.objects.filter(kind="retention.sampled").count() == 1
    assert PersonalDataItem.objects.count() == 12
    assert "No run has measured it yet" in admin_client.get(reverse("admin:forgetting-rule", args=[one.pk])).text
