"""Exam marks may wait for the results (DPA 2018 Sch 2 paragraph 25): the dates, and how staff record the day."""

from dataclasses import replace
from datetime import date, timedelta

import holidays as library
import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.models import Entry
from requests import asking, exam_marks, status
from requests.clock import add_months, compute, roll_forward
from requests.facts import DIVISIONS, Facts
from requests.models import Asking, RightsRequest
from requests.models_identity import Kind
from tests import make_office as make
from tests import make_requests

HOLIDAYS = set(library.country_holidays("GB", subdiv="ENG", years=range(2018, 2038)))
RECEIVED = date(2026, 11, 4)
WORDS = {"why": "GCSE Latin: the board's calendar."}


def clock(received="2026-11-04", right="access", **facts):
    return compute(Facts.from_json({"right": right, "received": received, **facts}), params={}, holidays=HOLIDAYS)


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        # 40 days from Thursday 3 December are Tuesday 12 January; five months would be 4 April.
        ({"exam_results": "2026-12-03"}, "2027-01-12"),
        # The day after it came: still longer than the month.
        ({"exam_results": "2026-11-05"}, "2026-12-15"),
        # Results so late that five months are the end: 4 April 2027 is a Sunday.
        ({"exam_results": "2027-08-19"}, "2027-04-05"),
        # Announced on the day it came, or before: the ordinary month.
        ({"exam_results": "2026-11-04"}, "2026-12-04"),
        ({"exam_results": "2026-08-20"}, "2026-12-04"),
        # Five months from the relevant time, which is when the proof came.
        ({"exam_results": "2027-08-19", "id_asked": "2026-11-05", "id_received": "2026-12-01"}, "2027-05-04"),
        # The proof came long after the results: the ordinary month from then is later, and counts.
        ({"exam_results": "2026-11-20", "id_asked": "2026-11-05", "id_received": "2027-01-05"}, "2027-02-05"),
        # A question does not lengthen it.
        ({"exam_results": "2026-12-03", "clarifications": [["2026-11-09", "2026-11-18"]]}, "2027-01-12"),
        # Two more months are counted from the start, and end later here.
        ({"exam_results": "2026-11-20", "extended_on": "2026-11-10"}, "2027-02-04"),
    ],
)
def test_due_dates(facts, due):
    # Easter Monday 2027 is on 29 March, and May Day on 3 May.
    assert clock(**facts).due == roll_forward(date.fromisoformat(due), HOLIDAYS)
    assert clock(**facts).status == "running"


def test_it_says_how():
    said = " ".join(clock(exam_results="2026-12-03").explanation)
    for words in (
        "came before the day of the results, Thursday 3 December 2026",
        "paragraph 25",
        "From the start, 5 months end on Sunday 4 April 2027.",
        "From the results, 40 days end on Tuesday 12 January 2027.",
        "The answer is due by Tuesday 12 January 2027.",
    ):
        assert words in said
    assert "the ordinary time counts" in " ".join(clock(exam_results="2026-10-01").explanation)
    late = clock(exam_results="2026-11-20", id_asked="2026-11-05", id_received="2027-01-05")
    assert "The ordinary time ends later, on Friday 5 February 2027, and counts." in late.explanation


def test_the_last_day_for_an_extension_and_the_target_do_not_move():
    assert replace(clock(exam_results="2027-01-08"), due=None, explanation=[]) == replace(
        clock(), due=None, explanation=[]
    )


def test_what_is_not_answered_stands_still_with_it_too():
    assert clock(exam_results="2026-12-03", id_asked="2026-11-05").status == "not_started"
    assert clock(exam_results="2026-12-03", clarifications=[["2026-11-09", None]]).status == "paused"


@pytest.mark.parametrize(
    "given",
    [{"right": "erasure"}, {"regime": "EU"}, {"exam_results": "soon"}, {"exam_results": True}],
)
def test_impossible_facts_are_named(given):
    with pytest.raises(Invalid) as refusal:
        clock(**{"exam_results": "2026-12-03", **given})
    assert set(refusal.value.fields) == {"exam_results"}


@st.composite
def facts(draw):
    received = draw(st.dates(date(2019, 1, 1), date(2030, 12, 31)))
    given = {"received": received, "right": "access", "division": draw(st.sampled_from(DIVISIONS))}
    given["exam_results"] = received + timedelta(days=draw(st.integers(-200, 300)))
    if draw(st.booleans()):
        given["id_asked"] = received + timedelta(days=draw(st.integers(0, 20)))
        given["id_received"] = given["id_asked"] + timedelta(days=draw(st.integers(0, 200)))
    if draw(st.booleans()):
        asked = received + timedelta(days=draw(st.integers(0, 60)))
        given["clarifications"] = ((asked, asked + timedelta(days=draw(st.integers(0, 60)))),)
    return Facts(**given)


def of(given):
    return compute(given, params={}, holidays=HOLIDAYS)


@given(facts())
def test_never_before_the_ordinary_time_and_never_long_after_the_law_s_own(given):
    found, ordinary = of(given), of(replace(given, exam_results=None))
    ends = min(add_months(found.start, 5), given.exam_results + timedelta(days=40))
    assert found.due >= ordinary.due
    assert found.due.weekday() < 5
    assert found.due not in HOLIDAYS
    if given.received >= given.exam_results:
        assert found.due == ordinary.due
    else:
        assert found.due == max(ordinary.due, roll_forward(ends, HOLIDAYS))
    assert (found.start, found.extension_notice_by) == (ordinary.start, ordinary.extension_notice_by)
    assert Facts.from_json(given.to_json()) == given


@given(facts(), st.integers(1, 120))
def test_later_results_are_never_due_earlier(given, days):
    """Once the request came before them: that they were announced already is another rule."""
    if given.received < given.exam_results:
        later = replace(given, exam_results=given.exam_results + timedelta(days=days))
        assert of(given).due <= of(later).due


@pytest.fixture
def asked(db):
    make.register()
    return make_requests.case("access").requests.get()


@pytest.fixture
def officer(client, db):
    client.force_login(make.staff())
    return client


def fresh(found):
    return RightsRequest.objects.get(pk=found.pk)


def act(officer, found, name, **given):
    return officer.post(reverse(f"admin:rights-{name}", args=[found.uuid]), given, follow=True).text


def test_staff_record_it_change_the_day_and_take_it_back(asked, officer):
    before = asked.due_on
    page = act(officer, asked, "exam", reason="expected", day="2026-12-03", **WORDS)
    assert "Recorded, and the date computed anew." in page
    assert "The day of the results: Thursday 3 December 2026." in page
    assert "From the results, 40 days end on Tuesday 12 January 2027." in page
    assert "Due would move from Tuesday 12 January 2027 to Friday 4 December 2026." in page
    assert fresh(asked).due_on == date(2027, 1, 12)
    assert "exam marks" in " ".join(status.lines(asked.case, now=make_requests.NOW)[0].why)
    act(officer, asked, "exam", reason="announced", day="2026-12-01", **WORDS)
    assert fresh(asked).due_on == date(2027, 1, 11)
    assert Asking.objects.in_force().get(kind=Kind.EXAM).reason == "announced"
    assert "Taken back" in act(officer, asked, "take-back", kind="exam")
    assert (fresh(asked).due_on, "exam_results" in fresh(asked).facts) == (before, False)
    kinds = list(Entry.objects.filter(kind__startswith="exam.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["exam.recorded", "exam.recorded", "exam.taken-back"]
    assert not Entry.objects.filter(body__contains="Latin").exists()
    assert b"Latin" not in bytes(Asking.objects.first().sealed)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"day": ""}, "required"),
        ({"day": "2099-01-01"}, "2034"),
        ({"reason": "guessed"}, "Choose a reason"),
        ({"why": " "}, "Say which exam it is"),
    ],
)
def test_what_is_missing_is_said_and_nothing_moves(asked, officer, given, words):
    page = act(officer, asked, "exam", **{"reason": "expected", "day": "2026-12-03", **WORDS, **given})
    assert words in page
    assert fresh(asked).due_on == asked.due_on
    assert not Asking.objects.exists()


def test_another_right_has_no_such_time(officer, db):
    make.register()
    found = make_requests.case("erasure").requests.get()
    assert reverse("admin:rights-exam", args=[found.uuid]) not in officer.get(f"/admin/rights/{found.uuid}/").text
    with pytest.raises(exam_marks.NoExamTime):
        exam_marks.record(
            found, reason="expected", day=date(2026, 12, 3), **WORDS, actor=make.OFFICER, now=make_requests.NOW
        )


def test_the_rows_are_what_the_stored_facts_say(asked):
    by = {"actor": make.OFFICER, "now": make_requests.NOW}
    exam_marks.record(asked, reason="expected", day=date(2026, 12, 3), **WORDS, **by)
    assert asking.facts_of(fresh(asked)) == Facts.from_json(fresh(asked).facts)
