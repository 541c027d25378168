"""Refusing a whole request; closing what nobody confirmed, with the same letter; and taking it up again on a reply."""

from datetime import date, timedelta

import pytest

from core.outbox import deliver_due
from ledger.models import Entry
from requests import answer, asking, identity_doubt, identity_waiting, intake, letters, package, refusing, two_people
from requests.history import take_over
from requests.models import Asking, CaseFile, Letter, Package
from requests.two_people import TwoPeopleNeeded
from subjects.models import ErasureBlock
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
COLLEAGUE = "user:00000000-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
def register():
    make.register()


@pytest.fixture
def access(mailoutbox):
    make.person("newsletter", token="TOKEN")
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


def after(days):
    return make.NOW + timedelta(days=days)


def prepare(rights_request, reason="unfounded", now=make.NOW, actor=make.OFFICER):
    words = "You offered to take it back for money."
    return refusing.prepare(rights_request, reason=reason, explanation=words, actor=actor, now=now)


def refuse(rights_request, actor=make.OFFICER, now=make.NOW, **given):
    return refusing.refuse(rights_request, actor=actor, now=now, **given)


def test_a_refusal_gives_reasons_and_every_way_to_complain(access):
    prepare(access)
    assert access.case.requests.get().is_open
    refuse(access)
    assert access.state == "refused"
    text = letters.read(Letter.objects.get(kind="refusal"))["text"]
    for words in ("manifestly unfounded", "take it back for money", "164A", "section 165", "court"):
        assert words in text
    assert not ErasureBlock.objects.filter(released_at=None).exists()
    assert not Entry.objects.filter(body__contains="for money").exists()
    moved = Entry.objects.get(kind="request.moved")
    assert '"reason":"unfounded"' in moved.body


def test_two_people_where_two_are_needed(access, settings):
    settings.TWO_PERSON_RELEASE = True
    prepare(access)
    with pytest.raises(TwoPeopleNeeded):
        refuse(access)
    assert not Letter.objects.filter(kind="refusal").exists()
    assert two_people.preparers(access) == {make.OFFICER}
    refuse(access, actor=COLLEAGUE)
    assert access.state == "refused"


def test_nothing_is_sent_that_was_not_prepared(access):
    with pytest.raises(refusing.NothingPrepared):
        refuse(access)
    prepare(access)
    with pytest.raises(asking.AlreadyAsked):
        prepare(access)
    asking.take_back(access, asking.Kind.REFUSAL, actor=make.OFFICER, now=make.NOW)
    with pytest.raises(refusing.NothingPrepared):
        refuse(access)


def test_not_shown_is_a_ground_only_after_asking(access):
    with pytest.raises(refusing.NotAsked):
        prepare(access, reason=intake.NOT_SHOWN)
    given = {"reason": "details-differ", "doubt": "Another signature.", "ways": ["call-back"]}
    identity_doubt.ask(access, **given, actor=make.OFFICER, now=after(1))
    prepare(access, reason=intake.NOT_SHOWN, now=after(40))
    refuse(access, now=after(40))
    assert access.state == "refused"
    # A reply: the request goes on, and its clock starts on the day of the reply.
    case = CaseFile.objects.get()
    identity_doubt.shown(case, how="called-back", note="Called.", actor=make.OFFICER, now=after(50))
    access.refresh_from_db()
    assert access.state == "in_progress"
    assert access.due_on == date(2027, 2, 11)
    assert ErasureBlock.objects.filter(released_at=None).count() == 1


def test_a_no_is_not_refused_for_want_of_proof():
    objection = make_requests.case("objection", now=make.NOW).requests.get()
    with pytest.raises(asking.NeverWaits):
        prepare(objection, reason=intake.NOT_SHOWN)


def test_reminded_once_then_closed_with_the_letter_and_nothing_is_lost(mailoutbox):
    make.person("newsletter", token="TOKEN")
    case = make_requests.case("access", "erasure", "objection", now=make.NOW)
    assert identity_waiting.remind_due(now=after(6)) == 0
    assert identity_waiting.remind_due(now=after(8)) == 1
    assert identity_waiting.remind_due(now=after(9)) == 0
    link = make_requests.token_in(mailoutbox, now=after(9))
    assert "confirm your request" in mailoutbox[-1].subject
    assert "Grace" not in mailoutbox[-1].body
    assert identity_waiting.close_due(now=after(20)) == 0
    # Due on 22 December, the 30th day: not a day later.
    assert identity_waiting.close_due(now=after(30)) == 1
    assert identity_waiting.close_due(now=after(31)) == 0
    states = dict(case.requests.values_list("right", "state"))
    assert states == {"access": "refused", "erasure": "refused", "objection": states["objection"]}
    assert states["objection"] != "refused"
    letter = Letter.objects.filter(kind="refusal").first()
    text = letters.read(letter)["text"]
    for words in ("164A", "section 165", "court", "/rights/status/", "mailbox is yours"):
        assert words in text
    assert "Grace" not in text
    assert letter.is_given
    with pytest.raises(intake.LinkUnusable):
        intake.confirm(link, now=after(31))


def test_a_reply_takes_it_up_again_and_the_clock_starts_that_day(mailoutbox):
    make.person("newsletter", token="TOKEN")
    case = make_requests.case("access", now=make.NOW)
    identity_waiting.remind_due(now=after(8))
    identity_waiting.close_due(now=after(30))
    case.refresh_from_db()
    assert case.closed_at
    deliver_due(now=after(30))
    intake.send_new_link(email=make.EMAIL, reference=case.requests.get().reference, now=after(45))
    intake.confirm(make_requests.token_in(mailoutbox, now=after(45)), now=after(45))
    request = case.requests.get()
    assert request.state == "in_progress"
    assert request.due_on == date(2027, 2, 8)  # A month from 6 January is a Saturday.
    case.refresh_from_db()
    assert case.closed_at is None
    assert not Asking.objects.in_force().exists()
    assert Entry.objects.filter(kind="case.reopened", object=case.uuid).count() == 1
    answer.release_access(request, actor=make.OFFICER, now=after(46))
    assert b"TOKEN" in b"".join(package.page_of(Package.objects.get()))


def test_where_two_are_needed_closing_is_prepared_and_a_person_sends_it(settings):
    settings.TWO_PERSON_RELEASE = True
    case = make_requests.case("access", now=make.NOW)
    identity_waiting.remind_due(now=after(8))
    assert identity_waiting.close_due(now=after(30)) == 1
    assert identity_waiting.close_due(now=after(31)) == 0
    request = case.requests.get()
    assert request.is_open
    refuse(request, now=after(31))
    assert request.state == "refused"


def test_who_confirmed_was_taken_over_or_only_tried_is_left_alone(mailoutbox):
    make.confirmed("access", mailbox=mailoutbox)
    make_requests.case("access", email="test@example.com", is_test=True, now=make.NOW)
    make_requests.case("access", email="", channel="letter", now=make.NOW)
    make_requests.case("objection", email="no@example.com", now=make.NOW)
    take_over(
        rights=["access"],
        requester={"name": "Ada", "email": "ada@example.com"},
        details="",
        channel="letter",
        received_on=make.NOW.date(),
        external_reference="OLD-7",
        actor=make.OFFICER,
        now=make.NOW,
    )
    assert identity_waiting.remind_due(now=after(40)) == 0
    assert identity_waiting.close_due(now=after(60)) == 0


def test_the_waits_are_settings(settings):
    settings.UNCONFIRMED_REMINDER_DAYS, settings.UNCONFIRMED_WAIT_DAYS = 2, 10
    make_requests.case("access", now=make.NOW)
    assert identity_waiting.remind_due(now=after(2)) == 1
    assert identity_waiting.close_due(now=after(9)) == 0
    assert identity_waiting.close_due(now=after(10)) == 1
