"""legal-rules: UK GDPR Art 12A, Reg 1182/71 Art 3, DPA 2018 s.164A. Vectors with real public holidays."""

from datetime import UTC, date, datetime, timedelta

import holidays as library
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import Invalid
from requests.clock import acknowledge_by, add_months, compute, notify_by, pauses_of
from requests.facts import Facts

HOLIDAYS = set(library.country_holidays("GB", subdiv="ENG", years=range(2018, 2036)))


def clock(received, right="access", **facts):
    return compute(Facts.from_json({"right": right, "received": received, **facts}), params={}, holidays=HOLIDAYS)


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        ({"received": "2026-11-04"}, "2026-12-04"),
        ({"received": "2026-09-03"}, "2026-10-05"),
        ({"received": "2027-01-31"}, "2027-03-01"),
        ({"received": "2028-01-31"}, "2028-02-29"),
        ({"received": "2026-08-31"}, "2026-09-30"),
        ({"received": "2026-11-22"}, "2026-12-22"),
        ({"received": "2026-11-25"}, "2026-12-29"),
        ({"received": "2026-11-26"}, "2026-12-29"),
        ({"received": "2026-12-01"}, "2027-01-04"),
        ({"received": "2026-11-02", "id_asked": "2026-11-03", "id_received": "2026-11-20"}, "2026-12-21"),
        ({"received": "2026-11-02", "clarifications": [["2026-11-09", "2026-11-18"]]}, "2026-12-14"),
        ({"received": "2026-11-02", "clarifications": [["2026-11-02", "2026-11-05"]]}, "2026-12-07"),
        (
            {"received": "2026-11-02", "right": "erasure", "clarifications": [["2026-11-09", "2026-11-18"]]},
            "2026-12-02",
        ),
        ({"received": "2026-11-30", "extended_on": "2026-12-30"}, "2027-03-01"),
        ({"received": "2026-11-04", "clarifications": [["2026-12-10", None]]}, "2026-12-04"),
        # Overlapping questions are one pause; adjoining ones are not counted twice.
        (
            {"received": "2026-11-02", "clarifications": [["2026-11-12", "2026-11-18"], ["2026-11-09", "2026-11-14"]]},
            "2026-12-14",
        ),
        ({"received": "2026-11-04", "fee_charged": "2026-11-05", "fee_paid": "2026-11-10"}, "2026-12-10"),
        # The EU text starts at receipt and knows no pause (legal-rules §1.5, the cautious reading).
        (
            {
                "received": "2026-11-04",
                "regime": "EU",
                "id_asked": "2026-11-05",
                "clarifications": [["2026-11-06", None]],
            },
            "2026-12-04",
        ),
    ],
)
def test_due_dates(facts, due):
    assert clock(**facts).due == date.fromisoformat(due)
    assert clock(**facts).status == "running"


def test_identity_outstanding_has_not_started():
    waiting = clock("2026-11-02", id_asked="2026-11-03")
    assert (waiting.status, waiting.start, waiting.due) == ("not_started", None, None)
    assert any("3 November 2026" in sentence for sentence in waiting.explanation)


def test_fee_outstanding_has_not_started():
    assert clock("2026-11-02", fee_charged="2026-11-03").status == "not_started"


def test_open_clarification_pauses():
    paused = clock("2026-11-04", clarifications=[["2026-11-10", None]])
    assert (paused.status, paused.due, paused.extension_notice_by) == ("paused", None, None)
    assert paused.start == date(2026, 11, 4)


def test_notice_of_extension_is_worked_to_the_date_before_rolling():
    assert clock("2026-11-30").extension_notice_by == date(2026, 12, 30)
    assert clock("2026-09-03").extension_notice_by == date(2026, 10, 3)  # a Saturday


def test_pause_moves_the_notice_too():
    paused = clock("2026-11-02", clarifications=[["2026-11-09", "2026-11-18"]])
    assert paused.extension_notice_by == date(2026, 12, 12)


def test_extension_after_the_notice_date_does_not_count():
    with pytest.raises(Invalid) as error:
        clock("2026-11-30", extended_on="2026-12-31")
    assert "30 December 2026" in str(error.value.fields["extended_on"])


def test_target_is_four_weeks_and_the_paused_days():
    assert clock("2026-11-04").target == date(2026, 12, 2)
    assert clock("2026-11-02", clarifications=[["2026-11-09", "2026-11-18"]]).target == date(2026, 12, 10)


def test_scotland_has_its_own_holidays():
    scottish = set(library.country_holidays("GB", subdiv="SCT", years=range(2026, 2028)))
    facts = Facts.from_json({"right": "access", "received": "2026-12-02", "division": "scotland"})
    assert compute(facts, params={}, holidays=scottish).due == date(2027, 1, 5)  # 4 January 2027 is a holiday there


@pytest.mark.parametrize(("received", "due"), [("2026-06-19", "2026-07-20"), ("2026-11-22", "2026-12-22")])
def test_complaints_are_acknowledged_within_30_days(received, due):
    by = acknowledge_by(date.fromisoformat(received), params={}, holidays=HOLIDAYS)
    assert by == date.fromisoformat(due)


def test_breach_counts_hours_over_christmas():
    aware = datetime(2026, 12, 24, 17, 30, tzinfo=UTC)
    assert notify_by(aware, params={}) == datetime(2026, 12, 27, 17, 30, tzinfo=UTC)


def test_facts_survive_storage():
    facts = Facts.from_json(
        {
            "right": "access",
            "received": "2026-11-02",
            "clarifications": [["2026-11-09", None]],
            "id_asked": "2026-11-03",
        }
    )
    assert Facts.from_json(facts.to_json()) == facts


days = st.dates(date(2018, 5, 25), date(2034, 12, 31))


@given(days, st.sampled_from(["access", "erasure", "objection"]))
def test_due_is_a_working_day_after_the_month_and_target_is_not_later(received, right):
    running = clock(received.isoformat(), right)
    assert running.due.weekday() < 5
    assert running.due not in HOLIDAYS
    assert running.due >= running.extension_notice_by == add_months(received, 1)
    assert running.target <= running.due


@given(days, st.integers(0, 400))
def test_later_receipt_is_never_due_earlier(received, later):
    assume(received + timedelta(days=later) <= date(2034, 12, 31))
    assert clock(received.isoformat()).due <= clock((received + timedelta(days=later)).isoformat()).due


@st.composite
def clarified(draw):
    received = draw(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    pairs = []
    for _ in range(draw(st.integers(1, 4))):
        asked = received + timedelta(days=draw(st.integers(0, 60)))
        pairs.append((asked, asked + timedelta(days=draw(st.integers(0, 40)))))
    return Facts(right="access", received=received, clarifications=tuple(pairs))


@given(clarified())
def test_pauses_only_delay_and_are_counted_day_by_day(facts):
    """Against a slow reading of the rule: walk day by day and count what is not paused."""
    needed = (add_months(facts.received, 1) - facts.received).days
    day = facts.received
    while needed:
        day += timedelta(days=1)
        needed -= not any(asked <= day <= answered for asked, answered in facts.clarifications)
    paused = compute(facts, params={}, holidays=HOLIDAYS)
    assert paused.extension_notice_by == day
    assert paused.due >= clock(facts.received.isoformat()).due
    assert all(first[1] < second[0] for first, second in zip(pauses_of(facts), pauses_of(facts)[1:], strict=False))
