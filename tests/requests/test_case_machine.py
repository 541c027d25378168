"""Cases driven through random facts and steps: no illegal state, no closed case with silence, no lost letter.

Every step is tried whether or not it is allowed just then: what the domain refuses changes nothing.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.errors import DomainError
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import System
from requests import (
    answer,
    asking_where,
    clarification,
    complaints,
    deadlines,
    decisions,
    entering,
    erasing,
    expiry,
    extension,
    identity,
    intake,
    letter_lists,
    messages,
    moves,
    posting,
    reminders,
    replying,
    silence,
    systems,
    triage,
    ways,
)
from requests.facts import Facts
from requests.freeze import COPIED
from requests.models import CaseFile, Complaint, Letter, Right, RightsRequest, Task
from requests.workflow import CLAIMS_DONE, CLOSED, NEXT, State
from subjects import blocks
from subjects.models import ErasureBlock
from tests import make_office as make
from tests import make_staff

pytestmark = pytest.mark.django_db
RIGHTS = st.lists(st.sampled_from(Right.values), min_size=1, max_size=3, unique=True)
PICK = st.integers(0, 20)
WORDING = {"findings": "We wrote by mistake.", "changes": "The list is corrected."}


class Cases(RuleBasedStateMachine):
    """One case file, with the person known to us or not."""

    def __init__(self):
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now, self.officer = make.NOW, make_staff.account("officer", "dpo")
        self.by = self.officer.actor
        make.register(manual=True)

    def teardown(self):
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(rights=RIGHTS, has_email=st.booleans(), is_known=st.booleans(), complains=st.booleans())
    def a_letter_arrives(self, rights, has_email, is_known, complains):
        if is_known:
            make.person("newsletter", "statutory-accounts", "direct-sales")
        requester = {"name": "Grace Hopper", "email": make.EMAIL if has_email else "", "address": "1 Sea Street"}
        given = {"details": "Please.", "channel": "letter", "received_on": self.now.date()}
        complaint = "You did not answer." if complains else ""
        entry = entering.Entry(rights=rights, requester=requester, complaint=complaint, **given)
        self.case = entering.enter(entry, actor=self.by, now=self.now)

    def request(self, pick):
        found = list(self.case.requests.select_related("case__rule_set", "case__subject").order_by("pk"))
        return found[pick % len(found)]

    def who(self):
        return {"actor": self.by, "now": self.now}

    @rule(days=st.sampled_from([0, 1, 7, 20, 31, 60]))
    def time_passes(self, days):
        self.now += timedelta(days=days, minutes=1)
        reminders.sweep(now=self.now)

    @rule()
    def the_person_confirms(self):
        case = CaseFile.objects.get(pk=self.case.pk)
        if case.claim is None or case.claim_blind is None:
            return
        token = intake.fresh_link(case, now=self.now)
        case.save(update_fields=["confirm_hash", "confirm_expires_at"])
        with suppress(DomainError):
            intake.confirm(token, now=self.now)

    @rule(tie=st.booleans(), mailbox=st.booleans())
    def they_show_who_they_are(self, tie, mailbox):
        case = CaseFile.objects.get(pk=self.case.pk)
        with suppress(DomainError):
            identity.accept(case, how="letter", note="A code came back.", is_their_mailbox=mailbox, **self.who())
        if tie:
            with suppress(DomainError):
                identity.tie(case, identity.person_of("email", make.EMAIL), **self.who())

    @rule(pick=PICK, outcome=st.sampled_from(Task.Outcome.values), reason=st.sampled_from(["", *systems.GAPS]))
    def a_system_answers(self, pick, outcome, reason):
        asked = self.request(pick).tasks.exclude(system__connector=System.Connector.BUILTIN).first()
        if asked:
            with suppress(DomainError):
                systems.answer(asked, outcome=outcome, reason=reason, searched=make.SEARCH, **self.who())

    @rule(pick=PICK, to=st.sampled_from(State.values))
    def somebody_presses_a_button(self, pick, to):
        with suppress(DomainError):
            moves.step(self.request(pick), to, **self.who())

    @rule(pick=PICK)
    def every_proposal_is_confirmed(self, pick):
        with suppress(DomainError):
            decisions.confirm_all(self.request(pick), **self.who())

    @rule(pick=PICK)
    def the_copy_is_made(self, pick):
        with suppress(DomainError):
            answer.prepare_access(self.request(pick), **self.who())

    @rule(pick=PICK)
    def the_answer_is_released(self, pick):
        with suppress(DomainError):
            ways.release(self.request(pick), **self.who())

    @rule(pick=PICK, is_complete=st.booleans())
    def it_is_asked_where_else_to_look(self, pick, is_complete):
        with suppress(DomainError):
            ask = asking_where.complete if is_complete else asking_where.ask
            ask(self.request(pick), **self.who())

    @rule()
    def the_mail_goes_and_the_journal_acknowledges(self):
        deliver_due(now=self.now)
        erasing.finish_waiting(now=self.now)

    @rule(pick=PICK, right=st.sampled_from(triage.FOUND))
    def a_right_is_found_in_the_words(self, pick, right):
        with suppress(DomainError):
            triage.name_right(self.request(pick), right, **self.who())

    @rule(pick=PICK)
    def more_time_is_taken(self, pick):
        reason = next(iter(extension.REASONS))
        with suppress(DomainError):
            extension.extend(self.request(pick), reason=reason, explanation="Many records.", **self.who())

    @rule(pick=PICK)
    def it_is_asked_what_is_meant(self, pick):
        reason = next(iter(clarification.REASONS))
        with suppress(DomainError):
            clarification.ask(self.request(pick), reason=reason, unclear="Which account?", **self.who())

    @rule(pick=PICK)
    def they_say_what_is_meant(self, pick):
        with suppress(DomainError):
            day = self.now.date()
            clarification.answered(self.request(pick), day=day, answer="The first.", **self.who())

    @rule(again=st.booleans(), is_answered=st.booleans())
    def both_sides_write(self, again, is_answered):
        with suppress(DomainError):
            messages.write(CaseFile.objects.get(pk=self.case.pk), "More.", asks_again=again, now=self.now)
        if is_answered:
            with suppress(DomainError):
                replying.reply(self.case, "We look.", **self.who())

    @rule(pick=PICK, is_back=st.booleans())
    def a_letter_comes_back_or_is_posted(self, pick, is_back):
        letters = list(Letter.objects.select_related("case", "request", "complaint").order_by("pk"))
        if not letters:
            return
        letter = letters[pick % len(letters)]
        with suppress(DomainError):
            if is_back:
                posting.bounced(letter, **self.who())
            else:
                posting.mark_posted(letter, day=self.now.date(), **self.who())

    @rule(outcome=st.sampled_from(complaints.Outcome.values))
    def a_complaint_gets_its_outcome(self, outcome):
        for complaint in self.case.complaints.all():
            with suppress(DomainError):
                complaints.close(complaint, outcome, **WORDING, **self.who())

    @rule()
    def somebody_complains(self):
        if self.case.complaints.count() < 2:
            complaints.add_to(CaseFile.objects.get(pk=self.case.pk), received_on=self.now.date(), **self.who())

    @invariant()
    def every_state_was_reached_step_by_step(self):
        for request in RightsRequest.objects.prefetch_related("events"):
            states = [event.new for event in sorted(request.events.all(), key=lambda event: event.pk)]
            assert states[0] == State.RECEIVED
            assert states[-1] == request.state
            assert all(State(new) in NEXT[State(old)] for old, new in pairwise(states))
            assert (request.answered_at is not None) == (request.state in CLOSED)
            moved = Entry.objects.filter(kind="request.moved", object=request.uuid)
            assert moved.count() == len(states) - 1

    @invariant()
    def nothing_is_closed_in_silence(self):
        for request in RightsRequest.objects.all():
            if request.state in CLAIMS_DONE:
                assert not request.tasks.filter(outcome=Task.Outcome.PENDING).exists()
            if request.state in silence.ANSWERED:
                assert silence.is_told(request)
        for complaint in Complaint.objects.exclude(outcome=""):
            outcome = complaint.letters.filter(kind="complaint_outcome")
            assert outcome.exists()
            assert complaint.acknowledged_at or outcome.owed().exists()

    @invariant()
    def every_letter_is_accounted_for(self):
        owed = set(letter_lists.owed(self.officer))
        for letter in Letter.objects.all():
            assert letter.is_given or letter in owed or letter.is_at_once
            if letter.given_by == Letter.Way.EMAIL:
                assert letter.outbox
            # The evidence of what went by itself is that of what came in.
            if letter.is_given and not letter.is_at_once:
                about = letter.complaint or letter.request or letter.case
                told = Entry.objects.filter(kind__in=["letter.sent", "letter.posted"], object=about.uuid)
                assert any(str(letter.uuid) in body for body in told.values_list("body", flat=True))

    @invariant()
    def a_case_is_closed_when_all_of_it_is(self):
        for case in CaseFile.objects.all():
            still_open = case.requests.open().exists() or case.complaints.open().exists()
            assert (case.closed_at is None) == still_open
            if still_open:
                with pytest.raises(expiry.CaseOpen):
                    expiry.expire_case(case, now=self.now)

    @invariant()
    def the_date_is_what_the_facts_say(self):
        for request in RightsRequest.objects.open().select_related("case__rule_set"):
            clock = deadlines.clock_of(Facts.from_json(request.facts), request.case.rule_set)
            assert request.due_on == clock.due
            assert (clock.due is None) == (clock.status != "running")

    @invariant()
    def what_is_asked_for_is_held_until_it_is_given(self):
        for request in RightsRequest.objects.exclude(case__subject=None).select_related("case__subject"):
            held = blocks.active(request.case.subject).filter(kind=ErasureBlock.Kind.ACCESS, placed_for=request.uuid)
            if request.state in CLOSED:
                assert not held.exists()
            elif request.right in COPIED and not request.events.filter(new=State.PARTLY_ANSWERED).exists():
                assert held.exists()


@pytest.mark.usefixtures("db")
def test_no_case_ends_in_silence():
    examples = max(4, settings().max_examples // 7)
    size = settings(max_examples=examples, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Cases, settings=size)
