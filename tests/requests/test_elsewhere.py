"""How a request stands, in the words of other systems."""

from dataclasses import replace
from datetime import date

import pytest

from requests.elsewhere import WORDS, stands
from requests.facts import Facts
from requests.workflow import State

DAY = date(2026, 11, 23)
PLAIN = Facts(right="access", received=DAY)


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_in_every_vocabulary(state):
    told = stands(state, PLAIN, "running")
    assert told["dpv"].startswith("dpv:")
    assert told["opendsr"] in ("pending", "in_progress", "completed", "cancelled")
    assert told["drp"]["status"] in ("open", "in_progress", "fulfilled", "revoked", "denied", "expired")


@pytest.mark.parametrize(
    ("facts", "clock", "state", "dpv"),
    [
        ({}, "running", "received", "dpv:RequestAcknowledged"),
        ({"id_asked": DAY}, "not_started", "in_progress", "dpv:RequestRequiresAction"),
        ({"id_asked": DAY, "id_received": DAY}, "running", "in_progress", "dpv:RequestAccepted"),
        ({}, "paused", "in_progress", "dpv:RequestRequiresAction"),
        ({"extended_on": DAY}, "running", "in_progress", "dpv:RequestActionDelayed"),
        ({"extended_on": DAY, "id_asked": DAY}, "paused", "refused", "dpv:RequestRejected"),
    ],
)
def test_what_waits_for_the_person_goes_first(facts, clock, state, dpv):
    assert stands(state, replace(PLAIN, **facts), clock)["dpv"] == dpv


def test_only_who_somebody_is_asks_for_verification():
    reasons = {place for place, words in WORDS.items() if words[3] == "need_user_verification"}
    assert reasons == {"identity"}
