"""From a message on the server to a case, over HTTP: reasons, the true day of arrival, one function for each kind."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from breaches.models import Breach
from consents.models import Suppression
from core import outbox
from inbox import sealed
from inbox.models import Mail
from ledger.models import Entry
from requests import representing
from requests.intake import claim_of
from requests.models import CaseFile, Complaint, RightsRequest
from tests import make_inbox, make_office, make_staff
from tests.make_inbox import ARRIVED, letter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("controller")]
ADA = {"name": "Ada Lovelace", "email": "ada@example.com"}


@pytest.fixture
def officer(client):
    client.force_login(make_staff.account("dee", "dpo"))
    return client


@pytest.fixture
def register(controller):
    return make_office.register()


def sort(client, mail, step, **given):
    data = {f"{step}-{name}": value for name, value in given.items()}
    return client.post(f"/admin/mailbox/{mail.uuid}/sort/{step}/", data)


def settle(client, mail, what):
    found = client.post(f"/admin/mailbox/{mail.uuid}/settle/", {"as": what})
    mail.refresh_from_db()
    return found


def sent():
    """Deliver what is due."""
    while outbox.deliver_due(now=timezone.now()):
        pass


def test_from_the_message_to_a_case_due_from_its_arrival(server, officer, register, mailoutbox):
    mail = make_inbox.take_in(server, letter("Please send me a copy of my personal data."))
    page = officer.get("/admin/mailbox/").text
    assert "18 November 2026 at 22:30" in page
    assert "Asks for a copy, or for what we hold" in page
    assert "18 December 2026" in page
    assert "ada" not in page.lower()

    assert "ada@example.com" not in officer.get(f"/admin/mailbox/{mail.uuid}/").text
    page = officer.post(f"/admin/mailbox/{mail.uuid}/show/").text
    assert "ada@example.com" in page
    assert 'value="access"' in page
    assert Entry.objects.filter(kind="mail.viewed", object=mail.uuid).count() == 1

    found = sort(officer, mail, "request", rights="access", **ADA)
    made = RightsRequest.objects.get()
    assert found.url == f"/admin/rights/{made.uuid}/"
    assert (made.case.channel, made.case.received_at, made.case.received_on) == ("email", ARRIVED, date(2026, 11, 18))
    assert made.due_on == date(2026, 12, 18)
    assert claim_of(made.case)["details"].endswith("Please send me a copy of my personal data.")
    mail.refresh_from_db()
    assert (mail.state, mail.kind, mail.case) == ("done", "rights", made.case)
    sent()
    assert mailoutbox[-1].to == ["ada@example.com"]
    assert made.reference in mailoutbox[-1].body
    assert "Mail in this case" in officer.get(found.url).text


def test_late_on_a_sunday_is_still_that_sunday(server, officer, register):
    mail = make_inbox.take_in(server, letter(), at=datetime(2026, 11, 15, 23, 59, tzinfo=UTC))
    sort(officer, mail, "request", rights="erasure", **ADA)
    assert CaseFile.objects.get().received_on == date(2026, 11, 15)


def test_a_letter_that_asks_two_things_is_one_case(server, officer, register):
    words = "Send me a copy of my data, then delete my data. I complain about how you treated me."
    mail = make_inbox.take_in(server, letter(words))
    assert mail.rights == ["access", "erasure"]
    assert "words-complaint" in mail.reasons
    sort(officer, mail, "request", rights=["access", "erasure"], is_complaint="on", **ADA)
    case = CaseFile.objects.get()
    assert set(case.requests.values_list("right", flat=True)) == {"access", "erasure"}
    assert case.complaints.get().received_on == date(2026, 11, 18)


def test_only_a_complaint(server, officer, mailoutbox):
    mail = make_inbox.take_in(server, letter("I want to complain about how you shared my address."))
    assert mail.suggested == "complaint"
    sort(officer, mail, "request", is_complaint="on", **ADA)
    complaint = Complaint.objects.get()
    assert complaint.acknowledge_by == date(2026, 12, 18)
    mail.refresh_from_db()
    assert (mail.kind, mail.complaint, mail.case) == ("complaint", complaint, complaint.case)
    sent()
    assert [one.to for one in mailoutbox if one.to == ["ada@example.com"]]


def test_nobody_answered_is_a_complaint_of_who_waits(server, officer, register, mailoutbox):
    before = make_inbox.take_in(server, letter("Nobody answered."))
    assert before.suggested == "query"
    sort(officer, make_inbox.take_in(server, letter("Delete my data")), "request", rights="erasure", **ADA)
    case = CaseFile.objects.get()
    named = letter(f"Nobody answered {case.requests.get().reference}")
    after, reply = make_inbox.take_in(server, letter("Nobody answered me!"), named)
    assert (after.suggested, after.state) == ("complaint", "new")
    assert (reply.case, reply.kind, "words-unanswered" in reply.reasons) == (case, "reply", True)
    page = officer.post(f"/admin/mailbox/{reply.uuid}/show/").text
    assert "Says that we did not answer" in page
    assert 'name="request-is_complaint" id="id_request-is_complaint" checked' in page.replace(" class", "  class")
    sort(officer, reply, "request", is_complaint="on", **ADA)
    assert Complaint.objects.get().case == case


def test_the_same_again_is_linked_to_what_is_open(server, officer, register):
    first, second = make_inbox.take_in(server, letter("Delete my data"), letter("Delete my data, I said!"))
    sort(officer, first, "request", rights="erasure", **ADA)
    assert "Open from the same address" in officer.post(f"/admin/mailbox/{second.uuid}/show/").text
    sort(officer, second, "request", rights="erasure", **ADA)
    assert CaseFile.objects.count() == 1
    second.refresh_from_db()
    assert (second.case, second.state, second.kind) == (CaseFile.objects.get(), "done", "reply")


def test_the_same_again_opens_a_case_when_staff_say_so(server, officer, register):
    first, second = make_inbox.take_in(server, letter("Delete my data"), letter("Delete my data, I said!"))
    sort(officer, first, "request", rights="erasure", **ADA)
    sort(officer, second, "request", rights="erasure", is_new="on", **ADA)
    assert CaseFile.objects.count() == 2


def test_what_is_sorted_cannot_be_sorted_again(server, officer, register):
    mail = make_inbox.take_in(server, letter("Delete my data"))
    sort(officer, mail, "request", rights="erasure", **ADA)
    found = sort(officer, mail, "request", rights="erasure", **ADA)
    assert "Somebody has dealt with this message already." in officer.get(found.url).text
    assert CaseFile.objects.count() == 1


FORWARDED = """FYI, what do we do with this?

---------- Forwarded message ---------
From: Grace Hopper <grace@example.com>
Date: Tue, 3 Nov 2026 at 09:12
Subject: my data
To: sales@kraken.im

Please delete my account and all my data.
"""


def test_forwarded_by_a_colleague_the_sender_is_not_the_person(server, officer, register, mailoutbox):
    mail = make_inbox.take_in(server, letter(FORWARDED, subject="Fwd: my data", sender="Sam <sam@kraken.im>"))
    assert mail.is_forwarded
    assert mail.rights == ["erasure"]
    digest = sealed.read(mail)
    assert (digest.original_name, digest.original_address) == ("Grace Hopper", "grace@example.com")
    assert digest.original_on == date(2026, 11, 3)
    # Due from the day that it names, which is earlier.
    assert "Thursday 3 December 2026" in officer.get("/admin/mailbox/").text
    page = officer.post(f"/admin/mailbox/{mail.uuid}/show/").text
    assert 'value="2026-11-03"' in page
    assert 'value="sam@kraken.im"' not in page

    found = sort(officer, mail, "request", rights="erasure", name="Sam", email="sam@kraken.im")
    assert "This is an address of ours." in found.text
    assert "say when it first reached us" in found.text
    found = sort(officer, mail, "request", rights="erasure", name="Grace", received_on="2026-11-19")
    assert "this is after it came" in found.text
    sent()
    assert mailoutbox == []
    assert not CaseFile.objects.exists()

    given = {"name": "Grace Hopper", "email": "grace@example.com", "received_on": "2026-11-03"}
    sort(officer, mail, "request", rights="erasure", **given)
    made = RightsRequest.objects.get()
    assert (made.case.received_on, made.due_on) == (date(2026, 11, 3), date(2026, 12, 3))
    sent()
    assert {address for one in mailoutbox for address in one.to} == {"grace@example.com"}


def test_a_solicitor_writes_for_somebody_and_must_show_that_they_may(server, officer, register, mailoutbox):
    words = "I act on behalf of Mrs Ada Lovelace and ask for a copy of her personal data."
    mail = make_inbox.take_in(server, letter(words, sender="Sue Lawyer <sue@law.example>"))
    assert "for-another" in mail.reasons
    page = officer.post(f"/admin/mailbox/{mail.uuid}/show/").text
    assert 'name="request-representative" value="Sue Lawyer, sue@law.example"' in page
    assert 'value="sue@law.example"' not in page
    given = {"rights": "access", "name": "Ada Lovelace", "representative": "Sue Lawyer"}
    assert "Say in which capacity they act." in sort(officer, mail, "request", **given).text
    found = sort(officer, mail, "request", capacity="solicitor", email="sue@law.example", **given)
    assert "This is the address of whoever asks for them." in found.text
    assert not CaseFile.objects.exists()
    sort(officer, mail, "request", capacity="solicitor", email="ada@example.com", is_child="on", **given)
    case = CaseFile.objects.get()
    assert (case.representation.capacity, case.representation.competence) == ("solicitor", "unknown")
    assert representing.is_missing(case)
    sent()
    assert {address for one in mailoutbox for address in one.to} == {"ada@example.com"}


def test_no_more_marketing_is_one_click_and_takes_effect_at_once(server, officer, register, mailoutbox):
    mail = make_inbox.take_in(server, letter("Unsubscribe me from everything", subject="STOP"))
    assert mail.suggested == "withdrawal"
    assert "No more marketing to the sender" in officer.post(f"/admin/mailbox/{mail.uuid}/show/").text
    settle(officer, mail, "stop-all")
    assert (mail.state, mail.kind) == ("done", "withdrawal")
    assert Suppression.objects.filter(purpose=None).exists()
    # No case is left open, and the proof goes out.
    assert not RightsRequest.objects.open().exists()
    sent()
    assert {address for one in mailoutbox for address in one.to} == {"ada@example.com"}


def test_a_named_consent_is_withdrawn(server, officer, register):
    subject = make_office.person("newsletter", email="ada@example.com")
    make_office.consent(subject)
    mail = make_inbox.take_in(server, letter("I withdraw my consent"))
    assert mail.suggested == "withdrawal"
    sort(officer, mail, "stop", email="ada@example.com", purposes="newsletter")
    assert Entry.objects.filter(kind="consent.withdrawn", subject=subject.uuid).exists()


def test_a_processors_notice_starts_the_72_hours_when_it_came(server, officer):
    words = "We notify you of a personal data incident: an unauthorised party accessed our systems."
    sender = "Security <security@host.example>"
    mail = make_inbox.take_in(server, letter(words, sender=sender, subject="Personal data breach notification"))
    assert mail.suggested == "breach"
    page = officer.get("/admin/mailbox/").text
    assert "21 November 2026 at 22:30" in page
    given = {"summary": "Intrusion at the host", "processor": "Host Ltd"}
    found = sort(officer, mail, "breach", aware_at="2026-11-18T23:45", **given)
    assert "this is after it came" in found.text
    found = sort(officer, mail, "breach", aware_at="2026-11-18T22:30", **given)
    breach = Breach.objects.get()
    assert found.url == f"/admin/breaches/{breach.uuid}/"
    assert (breach.aware_at, breach.notify_by) == (ARRIVED, ARRIVED + timedelta(hours=72))
    assert breach.texts["facts"] == words
    mail.refresh_from_db()
    assert (mail.breach, mail.holder) == (breach, "breach")
    assert words in sealed.read(mail).text


def test_only_the_processor_passes_it_on_and_tells_the_person(server, officer, mailoutbox):
    mail = make_inbox.take_in(server, letter("Delete my records please, you hold them for the Gym."))
    sort(officer, mail, "pass-on", controller="The Gym", email="privacy@gym.example")
    sent()
    first, second = mailoutbox
    assert first.to == ["privacy@gym.example"]
    assert "you hold them for the Gym" in first.body
    assert second.to == ["ada@example.com"]
    assert "The Gym" in second.body
    mail.refresh_from_db()
    assert (mail.state, mail.kind) == ("done", "processor")


def test_the_regulator_stays_in_sight_until_dealt_with(server, officer):
    mail = make_inbox.take_in(server, letter("Case IC-1", sender="Casework <casework@ico.org.uk>"))
    assert mail.suggested == "authority"
    settle(officer, mail, "authority")
    assert mail.state == "waiting"
    assert "Regulator, police or solicitor" in officer.get("/admin/").text
    settle(officer, mail, "read")
    assert (mail.state, mail.kind) == ("done", "authority")


def test_a_question_may_become_a_case_that_somebody_answers(server, officer, register):
    mail = make_inbox.take_in(server, letter("Where are your servers?"))
    assert (mail.suggested, mail.reasons) == ("query", ["no-rule"])
    sort(officer, mail, "request", rights="general", **ADA)
    assert RightsRequest.objects.get().right == "general"


@pytest.mark.parametrize("kind", ["spam", "not-ours", "query"])
def test_what_needs_nothing_is_put_away(server, officer, kind):
    mail = make_inbox.take_in(server, letter("Hello"))
    settle(officer, mail, kind)
    assert (mail.state, mail.kind, mail.case) == ("done", kind, None)


def test_junk_is_cleared_together_but_not_what_sounds_like_a_request(server, officer):
    one, two, three = make_inbox.take_in(
        server, letter("Prize!"), letter("Pills!"), letter("delete my data"), folder="Junk"
    )
    page = officer.get("/admin/mailbox/?list=junk").text
    ticked = re.findall(r'name="mail" value="([^"]+)"', page)
    assert set(ticked) == {str(one.uuid), str(two.uuid)}
    officer.post("/admin/mailbox/clear/", {"mail": [*ticked, str(three.uuid)]})
    assert set(Mail.objects.filter(state="done", kind="spam")) == {one, two}
    assert str(three.uuid) in officer.get("/admin/mailbox/").text


def test_a_message_without_a_sender_can_still_become_a_case(server, officer, register):
    mail = make_inbox.take_in(server, b"Subject: my data\r\n\r\nDelete my data. Ada Lovelace, 1 High Street")
    assert sealed.read(mail).address == ""
    found = sort(officer, mail, "request", rights="erasure")
    assert "Say who is asking" in found.text
    sort(officer, mail, "request", rights="erasure", name="Ada Lovelace")
    assert CaseFile.objects.count() == 1
