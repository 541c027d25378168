"""What was asked and never answered: asked once more, closed with a letter in time, and taken up again on an answer."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from core.outbox import deliver_due
from inbox import triage
from ledger.models import Entry
from requests import asking, asking_again, clarification, fee, identity_doubt, letters, messages, moves, refusing
from requests.models import Asking, CaseFile, Letter, RightsRequest
from subjects.models import ErasureBlock
from tests import make_inbox
from tests import make_office as make

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER}
FEE = {"explanation": "Weekly, for a year.", "amount": "12.50", "basis": "Time.", "reason": "excessive"}


@pytest.fixture
def case(mailoutbox):
    make.register()
    make.person("newsletter")
    return make.confirmed("access", "erasure", "objection", mailbox=mailoutbox)


def after(days):
    return make.NOW + timedelta(days=days)


def of(case, right):
    return case.requests.get(right=right)


def clarify(case, right="access"):
    words = "Which project do you mean?"
    return clarification.ask(of(case, right), reason="which-data", unclear=words, now=make.NOW, **BY)


def doubt(case):
    given = {"reason": "details-differ", "doubt": "Another name.", "ways": ["call-back"]}
    return identity_doubt.ask(of(case, "access"), **given, now=make.NOW, **BY)


def swept(day):
    return asking_again.remind_due(now=after(day)), asking_again.close_due(now=after(day))


def states(case):
    return dict(case.requests.values_list("right", "state"))


def test_a_question_is_asked_once_more_closed_a_month_later_and_taken_up_again(case, client):
    clarify(case)
    assert [swept(day) for day in (13, 14, 15, 43)] == [(0, 0), (1, 0), (0, 0), (0, 0)]
    text = letters.read(Letter.objects.get(kind="asked_again"))["text"]
    for words in ("Which project do you mean?", "take it up again", "5 January 2027"):
        assert words in text
    assert [swept(day) for day in (44, 45)] == [(0, 1), (0, 0)]
    assert states(case) == {"access": "refused", "erasure": "received", "objection": "received"}
    closing = letters.read(Letter.objects.get(kind="refusal"))["text"]
    for words in ("You have not answered", "164A", "section 165", "court", "deleted nothing"):
        assert words in closing
    assert not Entry.objects.filter(body__contains="project").exists()
    client.force_login(make.staff())
    page = client.get(reverse("admin:rights-request", args=[of(case, "access").uuid])).content.decode()
    assert "Their answer takes it up again" in page
    clarification.answered(of(case, "access"), day=after(60).date(), answer="Apollo.", now=after(60), **BY)
    assert of(case, "access").state == "in_progress"
    # 61 days, from the asking to the answer, do not count.
    assert of(case, "access").due_on == date(2027, 2, 22)
    assert ErasureBlock.objects.filter(released_at=None).count() == 1


def test_a_doubt_closes_everything_that_waited_for_it_and_proof_starts_the_clock(case):
    doubt(case)
    assert [swept(day) for day in (14, 44)] == [(1, 0), (0, 1)]
    assert "Another name." in letters.read(Letter.objects.get(kind="asked_again"))["text"]
    assert states(case) == {"access": "refused", "erasure": "refused", "objection": "received"}
    identity_doubt.shown(CaseFile.objects.get(), how="called-back", note="Called.", now=after(50), **BY)
    assert states(case)["erasure"] == "in_progress"
    assert of(case, "access").due_on == date(2027, 2, 11)
    assert not Asking.objects.in_force().exists()


def test_an_answer_an_unread_message_or_a_question_that_stops_no_clock_close_nothing(case):
    asked = clarify(case, "erasure")
    assert [swept(day) for day in (14, 44)] == [(1, 0), (0, 0)]
    text = letters.read(Letter.objects.get(kind="asked_again"))["text"]
    assert "The time for our answer goes on" in text
    asking.take_back(asked.request, asking.Kind.CLARIFICATION, now=after(44), **BY)
    clarify(case)
    messages.note(case, "I mean Apollo.", is_proven=True, actor="x", now=after(3))
    assert swept(60) == (0, 0)
    clarification.answered(of(case, "access"), day=after(3).date(), answer="Apollo.", now=after(60), **BY)
    case.messages.update(handled_at=after(60), handled_by="x")
    assert swept(61) == (0, 0)


def test_a_reminder_that_was_not_given_closes_nothing(case):
    clarify(case)
    swept(14)
    deliver_due(now=after(14))
    Letter.objects.get(kind="asked_again").come_back(now=after(15))
    assert swept(60) == (0, 0)


def test_where_two_are_needed_it_is_prepared(case, settings):
    settings.TWO_PERSON_RELEASE = True
    clarify(case)
    swept(14)
    assert [swept(day) for day in (44, 45)] == [(0, 1), (0, 0)]
    assert of(case, "access").is_open
    assert refusing.refuse(of(case, "access"), now=after(45), **BY).state == "refused"


def test_nobody_is_refused_for_an_answer_that_was_never_asked_for(case):
    with pytest.raises(refusing.NotQuestioned):
        refusing.prepare(of(case, "access"), reason="not-answered", explanation="x", now=make.NOW, **BY)


def test_a_fee_is_asked_for_once_more_and_closed_without_it_until_it_is_paid(case, client):
    fee.charge(of(case, "access"), **FEE, now=make.NOW, **BY)
    assert [swept(day) for day in (13, 14, 43)] == [(0, 0), (1, 0), (0, 0)]
    text = letters.read(Letter.objects.get(kind="asked_again"))["text"]
    for words in ("£12.50", "Weekly, for a year.", "How to pay", "5 January 2027"):
        assert words in text
    with transaction.atomic():
        # Somebody who says that the fee is wrong is read by a person first.
        messages.note(case, "I do not think I should pay.", is_proven=True, actor="x", now=after(43))
        assert swept(44) == (0, 0)
        transaction.set_rollback(True)
    assert [swept(day) for day in (44, 45)] == [(0, 1), (0, 0)]
    assert states(case) == {"access": "refused", "erasure": "received", "objection": "received"}
    closing = letters.read(Letter.objects.get(kind="refusal"))["text"]
    for words in ("has not been paid", "12A(2)(c)", "164A", "section 165", "court", "deleted nothing"):
        assert words in closing
    client.force_login(make.staff())
    page = client.get(reverse("admin:rights-request", args=[of(case, "access").uuid])).content.decode()
    assert "Paying it takes it up again" in page
    fee.paid(of(case, "access"), day=after(60).date(), now=after(60), **BY)
    # Paid on 21 January 2027, a Thursday; 21 February is a Sunday.
    assert (of(case, "access").state, of(case, "access").due_on) == ("in_progress", date(2027, 2, 22))


def test_taken_up_again_by_hand_it_is_not_closed_for_the_old_fee(case):
    fee.charge(of(case, "access"), **FEE, now=make.NOW, **BY)
    assert [swept(day) for day in (14, 44)] == [(1, 0), (0, 1)]
    moves.step(of(case, "access"), "in_progress", now=after(44), **BY)
    assert swept(45) == (0, 0)
    assert (of(case, "access").state, of(case, "access").due_on) == ("in_progress", date(2026, 12, 22))


def test_whoever_asks_how_to_pay_has_the_time_again_from_the_answer(case):
    fee.charge(of(case, "access"), **FEE, now=make.NOW, **BY)
    swept(14)
    asked = messages.note(case, "How do I pay?", is_proven=True, actor="x", now=after(43))
    messages.handle(asked, now=after(43), **BY)
    assert [swept(day) for day in (44, 72, 73)] == [(0, 0), (0, 0), (0, 1)]


def test_where_the_time_runs_on_nobody_is_reminded_and_refused_on_one_day(case):
    asked = fee.charge(of(case, "access"), **FEE, now=make.NOW, **BY)
    RightsRequest.objects.filter(pk=asked.request_id).update(due_on=after(10).date())
    assert [swept(day) for day in (14, 15)] == [(1, 0), (0, 1)]
    assert "7 December 2026" in letters.read(Letter.objects.get(kind="asked_again"))["text"]


def test_a_mail_that_nobody_has_read_closes_nothing(case):
    clarify(case)
    swept(14)
    mail = make_inbox.stored(make_inbox.letter("I mean Apollo.", subject=of(case, "access").reference))
    assert (mail.case, swept(44)) == (case, (0, 0))
    triage.finish(mail, now=after(45), **BY)
    assert swept(45) == (0, 1)


def test_no_fee_no_refusal_for_want_of_it(case):
    with pytest.raises(refusing.NotCharged):
        refusing.prepare(of(case, "access"), reason=refusing.NOT_PAID, explanation="x", now=make.NOW, **BY)


def test_a_fee_that_was_paid_meanwhile_is_not_refused_as_unpaid(case, settings):
    settings.TWO_PERSON_RELEASE = True
    fee.charge(of(case, "access"), **FEE, now=make.NOW, **BY)
    assert [swept(day) for day in (14, 44)] == [(1, 0), (0, 1)]
    fee.paid(of(case, "access"), day=after(44).date(), now=after(44), **BY)
    with pytest.raises(refusing.Overtaken):
        refusing.refuse(of(case, "access"), now=after(45), **BY)
    assert of(case, "access").is_open
