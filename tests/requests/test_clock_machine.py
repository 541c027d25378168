"""Random acts on one clock, in random order over random days: what is stored is always what the law counts."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from core.models import BankHoliday
from ledger.models import Entry
from requests import asking, clarification, extension, fee, identity_doubt, posting, refusing
from requests.clock import add_months
from requests.deadlines import clock_of
from requests.facts import Facts
from requests.models import Asking, Evidence, RightsRequest
from requests.models_identity import Kind
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
COLLEAGUE = "user:00000000-0000-4000-8000-000000000002"
DOUBT = {"doubt": "Another signature.", "ways": ["call-back"]}
ACTS = {
    "doubt": lambda one, now: identity_doubt.ask(one, reason="details-differ", **DOUBT, actor=make.OFFICER, now=now),
    "approve": lambda one, now: identity_doubt.approve(one, actor=COLLEAGUE, now=now),
    "arrived": lambda one, now: identity_doubt.arrived(
        one, day=now.date(), kind="call-back", words="Called.", actor=make.OFFICER, now=now
    ),
    "not-enough": lambda one, now: identity_doubt.not_enough(one, **DOUBT, actor=make.OFFICER, now=now),
    "withdraw": lambda one, now: identity_doubt.withdraw(one, actor=make.OFFICER, now=now),
    "clarify": lambda one, now: clarification.ask(
        one, reason="which-data", unclear="Which?", actor=make.OFFICER, now=now
    ),
    "clarified": lambda one, now: clarification.answered(
        one, day=now.date(), answer="This.", actor=make.OFFICER, now=now
    ),
    "extend": lambda one, now: extension.extend(one, reason="number", explanation="Nine.", actor=make.OFFICER, now=now),
    "charge": lambda one, now: fee.charge(
        one, reason="excessive", explanation="Nine.", amount="5", basis="Paper.", actor=make.OFFICER, now=now
    ),
    "paid": lambda one, now: fee.paid(one, day=now.date(), actor=make.OFFICER, now=now),
    "take-back": lambda one, now: [
        asking.take_back(one, kind, actor=make.OFFICER, now=now)
        for kind in (Kind.CLARIFICATION, Kind.EXTENSION, Kind.FEE)
        if asking.in_force(one, kind)
    ],
    "bounce": lambda one, now: bounce(one, now),
    "post": lambda one, now: post(one, now),
}


def bounce(one, now):
    letter = one.letters.order_by("-pk").first()
    if letter:
        posting.bounced(letter, actor="system:requests", now=now)


def post(one, now):
    letter = one.letters.owed().order_by("-pk").first()
    if letter:
        posting.mark_posted(letter, day=now.date(), actor=make.OFFICER, now=now)


class Undo(Exception):
    pass


def holds(one):
    """What must be true after every act, done or refused."""
    one = RightsRequest.objects.select_related("case__rule_set").get(pk=one.pk)
    facts = asking.facts_of(one)
    stored = Facts.from_json(one.facts)
    assert facts == stored
    clock = clock_of(stored, one.case.rule_set)
    assert (one.due_on, one.extension_notice_by) == (clock.due, clock.extension_notice_by)
    assert clock.start is None or clock.start >= one.case.received_on
    if one.due_on:
        assert one.due_on >= add_months(one.case.received_on, 1)
        assert one.due_on.weekday() < 5
        assert not BankHoliday.objects.filter(division=stored.division, date=one.due_on).exists()
    if one.right in asking.NEVER_WAIT:
        assert stored.id_asked is stored.fee_charged is None
    for row in Asking.objects.in_force().filter(request=one, letter__isnull=False).select_related("letter"):
        counts = row.letter.given_on if row.letter.is_given else None
        assert row.given_on == counts or row.arrived_on
        assert not row.is_late or row.approved_by not in ("", row.proposed_by)
    if not Asking.objects.in_force().filter(case=one.case, kind=Kind.IDENTITY).exists():
        assert not Evidence.objects.filter(case=one.case, destroyed_at=None).exists()


steps = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 12)), min_size=1, max_size=10)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(right=st.sampled_from(["access", "access", "erasure", "objection"]), steps=steps, ends=st.booleans())
def test_what_is_stored_is_what_the_law_counts(right, steps, ends):
    try:
        with transaction.atomic():
            make.controller()
            now = make.NOW
            one = make_requests.case(right, now=now).requests.get()
            for act, days in steps:
                now += timedelta(days=days)
                before = Entry.objects.count()
                try:
                    with transaction.atomic():
                        ACTS[act](one, now)
                except DomainError:
                    # Refused whole: nothing of it stands.
                    assert Entry.objects.count() == before
                one = RightsRequest.objects.get(pk=one.pk)
                holds(one)
            if ends:
                given = {"reason": "unfounded", "explanation": "For money."}
                refusing.prepare(one, **given, actor=make.OFFICER, now=now)
                refusing.refuse(one, actor=make.OFFICER, now=now)
                assert not Evidence.objects.filter(destroyed_at=None).exists()
                assert one.letters.filter(kind="refusal").count() == 1
            raise Undo
    except Undo:
        pass
