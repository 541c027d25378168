"""What holds for every clock, whatever the facts: found by trying, with the real holidays of all three divisions."""

from dataclasses import replace
from datetime import date, timedelta

import holidays as library
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from requests.clock import add_months, compute
from requests.facts import DIVISIONS, Facts

CODES = {"england-and-wales": "ENG", "scotland": "SCT", "northern-ireland": "NIR"}
HOLIDAYS = {
    place: set(library.country_holidays("GB", subdiv=code, years=range(2018, 2038))) for place, code in CODES.items()
}
RIGHTS = ("access", "rectification", "erasure", "restriction", "portability", "objection")


def clock(facts):
    return compute(facts, params={}, holidays=HOLIDAYS[facts.division])


def after(start, longest):
    return st.integers(0, longest).map(lambda days: start + timedelta(days=days))


@st.composite
def facts(draw, right=None, extended=None):
    """Facts whose clock runs: whatever was asked has been answered."""
    received = draw(st.dates(date(2018, 6, 1), date(2030, 12, 31)))
    given = {"received": received, "right": right or draw(st.sampled_from(RIGHTS))}
    given["division"], given["regime"] = draw(st.sampled_from(DIVISIONS)), draw(st.sampled_from(["UK", "UK", "EU"]))
    if draw(st.booleans()):
        given["id_asked"] = draw(after(received, 20))
        given["id_received"] = draw(after(given["id_asked"], 60))
    if draw(st.booleans()):
        given["fee_charged"] = draw(after(received, 20))
        given["fee_paid"] = draw(after(given["fee_charged"], 60))
    pairs = []
    for _ in range(draw(st.integers(0, 4))):
        asked = draw(after(received, 90))
        pairs.append((asked, draw(after(asked, 40))))
    made = Facts(**given, clarifications=tuple(pairs))
    if extended if extended is not None else draw(st.booleans()):
        notice_by = clock(made).extension_notice_by
        made = replace(made, extended_on=draw(st.dates(received, notice_by)))
    return made


@given(facts())
def test_due_is_a_working_day_and_everything_before_it_is_in_order(given):
    running = clock(given)
    assert running.status == "running"
    assert running.due.weekday() < 5
    assert running.due not in HOLIDAYS[given.division]
    assert given.received <= running.start <= running.extension_notice_by <= running.due
    assert running.start < running.target <= running.due
    assert any(str(running.due.year) in sentence for sentence in running.explanation)


@given(facts())
def test_never_before_the_date_without_pauses(given):
    # Without the pauses the last day for an extension notice is earlier too.
    notice = given.extended_on and given.received
    assert clock(given).due >= clock(replace(given, clarifications=(), extended_on=notice)).due


@given(facts(extended=False), st.integers(0, 40))
def test_a_longer_pause_is_never_due_earlier(given, longer):
    if not given.clarifications:
        given = replace(given, clarifications=((given.received, given.received + timedelta(days=3)),))
    *before, (asked, answered) = given.clarifications
    later = replace(given, clarifications=(*before, (asked, answered + timedelta(days=longer))))
    assert clock(later).due >= clock(given).due


@given(facts(extended=False), st.integers(1, 400))
def test_monotonic_in_the_day_of_receipt(given, days):
    """Received later, everything else having happened on the same days as far as it then can."""
    plain = replace(given, clarifications=(), id_asked=None, id_received=None, fee_charged=None, fee_paid=None)
    later = replace(plain, received=plain.received + timedelta(days=days))
    assert clock(plain).due <= clock(later).due
    assert clock(plain).extension_notice_by <= clock(later).extension_notice_by


@given(facts(extended=False), st.integers(1, 60))
def test_monotonic_in_what_starts_the_clock(given, days):
    first = replace(given, clarifications=(), id_asked=given.received, id_received=given.id_received or given.received)
    later = replace(first, id_received=first.id_received + timedelta(days=days))
    assert clock(first).due <= clock(later).due


@given(facts(extended=True))
def test_an_extension_is_never_due_earlier_and_is_three_months_from_the_start(given):
    extended, plain = clock(given), clock(replace(given, extended_on=None))
    assert extended.due >= plain.due
    assert extended.extension_notice_by == plain.extension_notice_by
    if not given.clarifications:
        rolled = add_months(extended.start, 3)
        while rolled.weekday() >= 5 or rolled in HOLIDAYS[given.division]:
            rolled += timedelta(days=1)
        assert extended.due == rolled


@given(facts(extended=False), st.integers(1, 90))
def test_after_the_last_day_no_extension_is_taken(given, late):
    last = clock(given).extension_notice_by
    with pytest.raises(Invalid) as refusal:
        clock(replace(given, extended_on=last + timedelta(days=late)))
    assert set(refusal.value.fields) == {"extended_on"}


@given(facts())
def test_taking_the_doubt_back_restores_the_receipt(given):
    again = replace(given, id_asked=None, id_received=None, fee_charged=None, fee_paid=None, extended_on=None)
    assert clock(again).start == given.received


@given(facts())
def test_only_access_in_the_uk_is_paused(given):
    if given.right != "access" or given.regime != "UK":
        assert clock(given).due == clock(replace(given, clarifications=())).due


@given(facts())
def test_facts_survive_storage(given):
    assert Facts.from_json(given.to_json()) == given
