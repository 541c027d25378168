"""Replies, bounces and machines: tied to what we sent, and never answered."""

from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from django.utils import timezone

from consents import suppression, unsubscribe
from consents.models import Suppression
from core import outbox
from core.models import Outbox
from inbox import sealed, triage
from inbox.models import Mail
from processing.models import Purpose
from requests import letters, messages, moves, posting
from requests.models import Letter
from subjects.identifiers import Claim
from tests import make_inbox, make_office, make_requests, make_staff
from tests.make_inbox import NOW, letter, stored
from tests.make_office import OFFICER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("controller")]
HOST = "testserver"


@pytest.fixture
def officer(client):
    client.force_login(make_staff.account("dee", "dpo"))
    return client


@pytest.fixture
def case(controller):
    make_office.register()
    return make_requests.case("access", now=NOW)


def report(original, *, action="failed", status="5.1.1", sender="mailer-daemon@example.com"):
    """As servers write it (RFC 3464)."""
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"], whole["To"], whole["Subject"] = sender, make_inbox.USER, "Delivery Status Notification"
    whole["Message-ID"], whole["Auto-Submitted"] = "<b1@example.com>", "auto-replied"
    whole.attach(MIMEText("It did not work."))
    status_part = Message()
    status_part["Content-Type"] = "message/delivery-status"
    status_part.set_payload(
        [
            _block("Reporting-MTA: dns; mx.example.com"),
            _block(f"Final-Recipient: rfc822; grace@example.com\nAction: {action}\nStatus: {status}"),
        ]
    )
    whole.attach(status_part)
    headers = Message()
    headers["Content-Type"] = "text/rfc822-headers"
    headers.set_payload(f"Message-ID: <{original}@{HOST}>\nSubject: Your request\n")
    whole.attach(headers)
    return whole


def _block(text):
    made = Message()
    for line in text.split("\n"):
        name, _colon, value = line.partition(": ")
        made[name] = value
    return made


def test_a_reply_goes_to_its_case_and_waits_to_be_read(server, case, officer):
    reference = case.requests.get().reference
    mail = make_inbox.take_in(server, letter("I moved in 2019.", subject=f"Re: your request {reference}"))
    assert (mail.case, mail.state, mail.kind, mail.holder) == (case, "waiting", "reply", "case")
    assert sealed.read(mail).text == "I moved in 2019."
    page = officer.get(f"/admin/rights/{case.requests.get().uuid}/").text
    assert "Mail in this case" in page
    assert "About a case we have" in officer.get("/admin/").text
    assert case.requests.get().state == "received"
    officer.post(f"/admin/mailbox/{mail.uuid}/settle/", {"as": "read"})
    mail.refresh_from_db()
    assert (mail.state, mail.kind, mail.settled_by[:5]) == ("done", "reply", "user:")


def test_a_reply_reopens_nothing_by_itself(case):
    rights_request = case.requests.get()
    rights_request.move("in_progress", actor=OFFICER, now=NOW)
    rights_request.move("withdrawn", actor=OFFICER, now=NOW)
    mail = stored(letter("You missed something.", subject=rights_request.reference))
    rights_request.refresh_from_db()
    assert (rights_request.state, mail.state, mail.case) == ("withdrawn", "waiting", case)
    messages.note(case, "You missed something.", asks_again=True, actor="x", now=NOW)
    messages.note(case, "And good morning.", actor="x", now=NOW)
    moves.step(rights_request, "in_progress", actor=OFFICER, now=NOW)
    mail.refresh_from_db()
    assert (mail.state, mail.kind, mail.settled_by) == ("done", "reply", OFFICER)
    assert [one.asks_again for one in case.messages.waiting()] == [False]


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_a_reply_is_known_by_the_message_it_answers(case, header):
    ours = Outbox.objects.filter(about=case.uuid).latest("pk")
    mail = stored(letter("Yes.", subject="Re:", **{header: f"<x@example.com> <{ours.uuid}@{HOST}>"}))
    assert mail.case == case


def test_a_letter_is_known_by_its_message_when_the_outbox_has_forgotten_it(case):
    made = letters.write("general", case.requests.get(), {"message": "Here."}, now=NOW)
    assert posting.send(made, actor=OFFICER, now=NOW)
    Outbox.objects.all().delete()
    assert stored(letter("Thanks", In_Reply_To=f"<{made.outbox}@{HOST}>")).case == case


def test_a_reference_of_nobody_ties_nothing(case):
    assert stored(letter("See KP-2222-2222")).case is None


def test_a_reply_that_asks_for_more_becomes_a_case_of_its_own(server, case, officer):
    reference = case.requests.get().reference
    mail = make_inbox.take_in(server, letter(f"About {reference}: thanks. Now delete my data."))
    assert (mail.state, mail.rights) == ("waiting", ["erasure"])
    data = {"request-rights": "erasure", "request-name": "Grace", "request-email": make_requests.EMAIL}
    found = officer.post(f"/admin/mailbox/{mail.uuid}/sort/request/", data)
    assert found.status_code == 302
    mail.refresh_from_db()
    assert (mail.case, mail.state) == (case, "done")
    assert type(case).objects.count() == 2


def test_a_bounce_is_tied_to_its_letter(server, case, officer):
    made = letters.write("general", case.requests.get(), {"message": "Here."}, now=NOW)
    assert posting.send(made, actor=OFFICER, now=NOW)
    mail = make_inbox.take_in(server, report(made.outbox))
    assert (mail.kind, mail.state, mail.case, mail.bounced) == ("bounce", "waiting", case, made.outbox)
    assert Letter.objects.get(pk=made.pk).bounced_at
    assert "Could not be delivered" in officer.get("/admin/").text


def test_a_bounce_of_an_acknowledgement_is_shown_too(case):
    ours = Outbox.objects.filter(about=case.uuid).latest("pk")
    mail = stored(report(ours.uuid))
    assert (mail.kind, mail.case, mail.state) == ("bounce", case, "waiting")


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0")])
def test_a_delay_is_no_bounce(case, action, status):
    made = letters.write("general", case.requests.get(), {"message": "Here."}, now=NOW)
    posting.send(made, actor=OFFICER, now=NOW)
    mail = stored(report(made.outbox, action=action, status=status))
    assert (mail.state, mail.kind, mail.case) == ("tray", "bounce", None)
    assert Letter.objects.get(pk=made.pk).bounced_at is None


def test_a_plain_bounce_is_known_by_what_it_quotes(case):
    ours = Outbox.objects.filter(about=case.uuid).latest("pk")
    words = f"Your message could not be delivered.\n\nMessage-ID: <{ours.uuid}@{HOST}>\nTo: grace@example.com"
    plain = letter(words, subject="Undelivered Mail Returned to Sender", sender="MAILER-DAEMON@mx.example.com")
    assert stored(plain).bounced == ours.uuid


def test_a_report_about_nothing_of_ours_lies_in_the_tray(db):
    mail = stored(report("00000000-0000-4000-8000-00000000dead"))
    assert (mail.state, mail.kind) == ("tray", "bounce")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (monitoring)"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Precedence": "bulk"},
        {"subject": "Automatic reply: Your request"},
        {"subject": "Out of Office: Re: Your request"},
    ],
)
def test_machines_go_to_the_tray_and_are_not_answered(case, officer, headers):
    before = Outbox.objects.count()
    mail = stored(letter(f"I am away. {case.requests.get().reference}", **headers))
    assert (mail.state, mail.case) == ("tray", None)
    assert Outbox.objects.count() == before
    assert str(mail.uuid) in officer.get("/admin/mailbox/?list=tray").text
    officer.post("/admin/mailbox/clear/", {"mail": [str(mail.uuid)]})
    mail.refresh_from_db()
    assert (mail.state, mail.kind) == ("done", "automatic")


@pytest.mark.parametrize("headers", [{"Precedence": "list"}, {"List_Id": "<privacy.example.com>"}])
def test_a_group_mailbox_is_no_machine(db, headers):
    mail = stored(letter("Delete my data", **headers))
    assert (mail.state, mail.automatic, mail.suggested) == ("new", "", "rights")


def test_a_form_of_another_site_may_send_a_request_but_is_never_answered(case, officer):
    mail = stored(letter("Please delete my data. grace@example.com", Auto_Submitted="auto-generated"))
    assert (mail.state, mail.suggested, mail.automatic) == ("new", "rights", "generated")
    given = {"rights": ["erasure"], "actor": OFFICER, "now": NOW}
    with pytest.raises(triage.Invalid) as refused:
        triage.open_request(mail, requester={"email": "ada@example.com"}, **given)
    assert "email" in refused.value.fields
    triage.open_request(mail, requester={"email": "grace@example.com"}, **given)
    assert Mail.objects.get().state == "done"


def test_a_machines_no_counts_and_is_not_answered(case):
    mail = stored(letter("Unsubscribe", Auto_Submitted="auto-generated"))
    before = Outbox.objects.filter(kind="mail").count()
    triage.stop_marketing(mail, email="ada@example.com", purposes=["all-marketing"], actor=OFFICER, now=NOW)
    assert Outbox.objects.filter(kind="mail").count() == before
    mail.refresh_from_db()
    assert (mail.state, mail.kind) == ("done", "withdrawal")


def test_our_own_notes_in_our_own_mailbox_lie_in_the_tray(case, mailoutbox):
    """The privacy mailbox is told what waits on a page. Polling it must not make a case of that."""
    outbox.deliver_due(now=timezone.now())
    ours = mailoutbox[-1].message()
    mail = stored(ours)
    assert (mail.automatic, mail.state, mail.kind) == ("own", "tray", "own")


def test_who_writes_to_us_as_ourselves_is_no_person(db, settings):
    settings.DEFAULT_FROM_EMAIL = "Privacy <privacy@kraken.im>"
    mail = stored(letter("Note", sender="privacy@kraken.im", Auto_Submitted="auto-generated"))
    assert mail.automatic == "own"


def test_an_outgoing_message_says_that_a_machine_sent_it(case, mailoutbox):
    outbox.deliver_due(now=timezone.now())
    assert isinstance(mailoutbox[-1].message(), EmailMessage | Message)
    assert mailoutbox[-1].message()["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("box", ["inbox", "junk"])
def test_the_subject_that_unsubscribes_ends_that_list_at_once(case, box):
    token = unsubscribe.seal(unsubscribe.Recipient("ada@example.com", "newsletter"))
    mail = stored(letter("", subject=f"unsub-{token}", Auto_Submitted="auto-generated"), box=box)
    assert (mail.state, mail.kind, mail.settled_by) == ("done", "withdrawal", "system:inbox")
    newsletter = Purpose.objects.get(slug="newsletter")
    assert suppression.is_suppressed([Claim("email", "ada@example.com")], newsletter, marketing=False)
    assert Suppression.objects.count() == 1


def test_a_subject_that_we_did_not_make_ends_nothing(case):
    assert stored(letter("x", subject="unsub-t1.AAAA")).state == "new"
    gone = unsubscribe.seal(unsubscribe.Recipient("ada@example.com", "no-such-list"))
    mail = stored(letter("x", subject=f"unsub-{gone}"), uid=2)
    assert (mail.state, mail.suggested) == ("new", "withdrawal")
    assert not Suppression.objects.exists()


def test_an_answer_that_quotes_us_is_not_taken_for_mail_passed_on(case):
    reference = case.requests.get().reference
    quoted = (
        f"-----Original Message-----\nFrom: Privacy <privacy@kraken.im>\nSubject: Your request {reference}\n\nWords"
    )
    mail = stored(letter(f"Yes, that is me.\n\n{quoted}", subject=f"RE: Your request {reference}"))
    assert (mail.is_forwarded, mail.case, mail.kind) == (False, case, "reply")
