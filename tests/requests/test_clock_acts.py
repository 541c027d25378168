"""What staff do that moves a due date: reason, letter, fact, clock and evidence in one step, or none of it."""

from datetime import date, datetime

import pytest

from core.errors import Invalid
from ledger.models import Entry
from requests import asking, clarification, extension, fee, happened, letters, posting
from requests.history import take_over
from requests.models import Asking
from requests.models_identity import Ended, Kind
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
COLLEAGUE = "user:00000000-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
def register():
    make.register()


@pytest.fixture
def access(mailoutbox):
    """Received on Sunday 22 November 2026: due on 22 December."""
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


def on(day, month=11, year=2026):
    return make.NOW.replace(year=year, month=month, day=day)


def due(rights_request):
    rights_request.refresh_from_db()
    return rights_request.due_on


def ask(rights_request, now=make.NOW, **given):
    given = {"reason": "which-data", "unclear": "Which of your two accounts do you mean?", **given}
    return clarification.ask(rights_request, actor=make.OFFICER, now=now, **given)


def answered(rights_request, now, day=None):
    clarification.answered(rights_request, day=day or now.date(), answer="The second.", actor=make.OFFICER, now=now)


def extend(rights_request, now=make.NOW):
    words = "Your data lies in nine archives that must be read by hand."
    return extension.extend(rights_request, reason="complexity", explanation=words, actor=make.OFFICER, now=now)


def charge(rights_request, now=make.NOW, **given):
    given = {"reason": "further-copy", "explanation": "You had a copy.", "amount": "12.5", "basis": "Post.", **given}
    return fee.charge(rights_request, actor=make.OFFICER, now=now, **given)


def kinds(rights_request):
    return list(Entry.objects.filter(object=rights_request.uuid).order_by("id").values_list("kind", flat=True))


def test_a_question_pauses_access_until_it_is_answered(access):
    asked = ask(access, now=on(24))
    assert asked.given_on == date(2026, 11, 24)
    assert due(access) is None
    assert "paused" in letters.read(asked.letter)["text"]
    assert "two accounts" in letters.read(asked.letter)["text"]
    answered(access, now=on(3, 12))
    # From 24 November to 3 December, ten days: 1 January is a holiday, then a weekend.
    assert due(access) == date(2027, 1, 4)
    assert asking.answer_of(Asking.objects.get()) == {"answer": "The second."}
    wanted = ["clarification.asked", "letter.sent", "request.clock-set", "clarification.answered", "request.clock-set"]
    assert [kind for kind in kinds(access) if kind in wanted] == wanted
    assert not Entry.objects.filter(body__contains="two accounts").exists()
    shown = [line.what for line in happened.timeline(access)]
    assert not [what for what in shown if "." in what]


def test_a_question_about_anything_else_does_not_pause(mailoutbox):
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    asked = ask(erasure, now=on(24))
    assert due(erasure) == date(2026, 12, 22)
    text = letters.read(asked.letter)["text"]
    assert "is paused from" not in text
    assert "is not paused" in text


def test_only_one_question_is_open_at_a_time(access):
    ask(access)
    with pytest.raises(asking.AlreadyAsked):
        ask(access)
    answered(access, now=on(25))
    ask(access, now=on(26))
    with pytest.raises(asking.NothingAsked):
        fee.paid(access, day=date(2026, 11, 26), actor=make.OFFICER, now=on(26))


def test_a_question_taken_back_never_paused(access):
    ask(access, now=on(24))
    asking.take_back(access, Kind.CLARIFICATION, actor=make.OFFICER, now=on(30))
    assert due(access) == date(2026, 12, 22)


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 12, 4)])
def test_an_answer_comes_after_the_question_and_not_tomorrow(access, day):
    ask(access, now=on(24))
    with pytest.raises(Invalid) as refusal:
        answered(access, now=on(3, 12), day=day)
    assert list(refusal.value.fields) == ["day"]
    assert due(access) is None


def test_two_more_months_with_reasons(access):
    made = extend(access, now=on(22, 12))
    assert due(access) == date(2027, 2, 22)
    text = letters.read(made.letter)["text"]
    assert "Monday 22 February 2027" in text
    assert "nine archives" in text
    assert "complex" in text
    with pytest.raises((asking.AlreadyAsked, Invalid)):
        extend(access, now=on(22, 12))


def test_after_the_last_day_there_is_no_extension(access):
    with pytest.raises(extension.TooLate):
        extend(access, now=on(23, 12))
    assert due(access) == date(2026, 12, 22)
    assert not Asking.objects.exists()
    assert not make_requests.written().exists()


def test_a_clock_that_does_not_run_is_not_extended(access):
    ask(access)
    with pytest.raises(extension.NotRunning):
        extend(access)


def test_a_notice_that_came_back_was_not_given(access):
    made = extend(access, now=on(20, 12))
    posting.bounced(made.letter, actor="system:requests", now=on(21, 12))
    assert due(access) == date(2026, 12, 22)
    # Posted in time after all: from that day it counts again.
    posting.mark_posted(made.letter, day=date(2026, 12, 22), actor=make.OFFICER, now=on(22, 12))
    assert due(access) == date(2027, 2, 22)


def test_a_notice_that_was_given_again_too_late_does_not_count(access):
    made = extend(access, now=on(20, 12))
    posting.bounced(made.letter, actor="system:requests", now=on(21, 12))
    posting.mark_posted(made.letter, day=date(2026, 12, 24), actor=make.OFFICER, now=on(24, 12))
    assert due(access) == date(2026, 12, 22)
    made.refresh_from_db()
    assert made.ended == Ended.NOT_GIVEN


def test_by_post_it_counts_from_the_day_it_is_posted():
    request = make_requests.case("access", email="", channel="letter", now=make.NOW).requests.get()
    asked = ask(request, now=on(24))
    assert asked.given_on is None
    assert due(request) == date(2026, 12, 22)
    with pytest.raises(asking.NotGivenYet):
        answered(request, now=on(26))
    posting.mark_posted(asked.letter, day=date(2026, 11, 25), actor=make.OFFICER, now=on(26))
    assert due(request) is None
    answered(request, now=on(26))
    assert due(request) == date(2026, 12, 24)


def test_the_clock_starts_when_the_fee_is_paid(access):
    made = charge(access, now=on(24))
    assert due(access) is None
    text = letters.read(made.letter)["text"]
    assert "£12.50" in text
    assert "You had a copy." in text
    fee.paid(access, day=date(2026, 11, 30), actor=make.OFFICER, now=on(1, 12))
    assert due(access) == date(2026, 12, 30)


def test_a_fee_taken_back_was_never_charged(access):
    charge(access)
    asking.take_back(access, Kind.FEE, actor=make.OFFICER, now=on(30))
    assert due(access) == date(2026, 12, 22)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"reason": "greed"}, "reason"),
        ({"basis": " "}, "basis"),
        ({"explanation": "x" * 4001}, "explanation"),
        ({"explanation": "\x00"}, "explanation"),
    ],
)
def test_a_fee_is_reasoned(access, given, field):
    with pytest.raises(Invalid) as refusal:
        charge(access, **given)
    assert list(refusal.value.fields) == [field]
    assert due(access) == date(2026, 12, 22)


def test_a_no_is_never_made_to_pay():
    for request in make_requests.case("objection", now=make.NOW).requests.all():
        with pytest.raises(asking.NeverWaits):
            charge(request, reason="excessive")


def test_a_further_copy_is_a_matter_of_access(mailoutbox):
    request = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    with pytest.raises(Invalid):
        charge(request)


def test_nothing_moves_when_the_letter_cannot_be_written(access, monkeypatch):
    monkeypatch.setattr(letters, "render_to_string", lambda *given: "<p>Hello.</p>")
    for act in (ask, extend, charge):
        with pytest.raises(letters.LetterIncomplete):
            act(access)
    assert due(access) == date(2026, 12, 22)
    assert not Asking.objects.exists()
    assert "clarification.asked" not in kinds(access)


def test_what_was_taken_over_with_its_extension_keeps_it():
    case = take_over(
        rights=["access"],
        requester={"name": "Grace", "email": make.EMAIL},
        details="",
        channel="letter",
        received_on=date(2026, 11, 2),
        extended_on=date(2026, 11, 20),
        actor=make.OFFICER,
        now=make.NOW,
    )
    request = case.requests.get()
    assert request.due_on == date(2027, 2, 2)
    ask(request, now=on(24))
    answered(request, now=on(25))
    assert due(request) == date(2027, 2, 4)


def test_nothing_is_asked_about_a_closed_request(access):
    access.move("withdrawn", actor=make.OFFICER, now=make.NOW)
    for act in (ask, extend, charge):
        with pytest.raises(asking.RequestClosed):
            act(access)


def test_now_is_what_the_clock_on_the_wall_says(access):
    """Half past eleven at night in UTC is tomorrow already in a London summer."""
    late = datetime(2027, 6, 30, 23, 30, tzinfo=make.NOW.tzinfo)
    assert asking.today(late) == date(2027, 7, 1)
