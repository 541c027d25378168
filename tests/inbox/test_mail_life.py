"""How long mail lives, that nothing of it is readable outside its seal, and what doctor and Today say of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from breaches import expiry as breach_expiry
from core import doctor
from core.models import DataKey
from inbox import examinations, expiry, lists, polling, sealed, tasks, triage
from inbox.account import current
from inbox.models import Location, Mail, Poll
from inbox.personal import PrivacyMail
from ledger.models import Entry
from processing.models import System
from requests import intake
from requests.expiry import CaseHeld, expire_case, kept_cases
from subjects import blocks, organisations
from subjects.identifiers import Claim
from subjects.people import find_or_create
from tests import make_canary, make_inbox, make_office, make_register, make_staff
from tests.make_inbox import ARRIVED, NOW, letter, stored
from tests.make_office import OFFICER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("controller")]
BY = {"actor": OFFICER, "now": NOW}
ADA = {"name": "Ada", "email": "ada@example.com"}


@pytest.fixture
def register(controller):
    return make_office.register()


def later(days):
    return NOW + timedelta(days=days)


def is_gone(mail):
    mail.refresh_from_db()
    return mail.raw is None and mail.digest is None and sealed.read(mail).text == ""


@pytest.mark.parametrize(("kind", "days"), [("spam", 14), ("not-ours", 14), ("query", 365)])
def test_what_became_nothing_goes_after_its_time(kind, days):
    mail = stored(letter("Hello"))
    triage.put_aside(mail, kind, **BY)
    expiry.expire(now=later(days))
    assert not is_gone(mail)
    expiry.expire(now=later(days + 1))
    assert is_gone(mail)
    assert not DataKey.objects.filter(owner="mail").exists()
    assert Entry.objects.filter(kind="mail.forgotten").count() == 1
    # The row stays, so that a copy on the server is not taken in again.
    assert stored(letter("Hello"), uid=2) is None


def test_a_hold_over_the_mailbox_keeps_its_mail_and_the_cases_it_is_in(register):
    mailbox, _made = System.objects.get_or_create(slug="mailbox", defaults={"name": "Mailboxes"})
    query, asked = stored(letter("Hello")), stored(letter("Delete my data."), uid=2)
    triage.put_aside(query, "query", **BY)
    case = triage.open_request(asked, rights=["erasure"], requester=ADA, **BY)
    for state in ("in_progress", "withdrawn"):
        case.requests.get().move(state, **BY)
    case.refresh_from_db()
    hold = blocks.place_rule(placed_for=uuid4(), system=mailbox, **BY)
    expiry.expire(now=later(400))
    assert not is_gone(query)
    with pytest.raises(CaseHeld):
        expire_case(case, now=later(4000))
    blocks.release(hold.placed_for, **BY)
    expire_case(case, now=later(4000))
    expiry.expire(now=later(400))
    assert is_gone(query)
    assert is_gone(asked)


def closed_case(mail, subject=None):
    case = triage.open_request(mail, rights=["erasure"], requester=ADA, **BY)
    for state in ("in_progress", "withdrawn"):
        case.requests.get().move(state, **BY)
    # Received on another day than the one on which the message arrived.
    type(case).objects.filter(pk=case.pk).update(subject=subject, received_on=ARRIVED.date() + timedelta(days=9))
    case.refresh_from_db()
    return case


@pytest.mark.parametrize(("days", "is_held"), [(0, True), (1, False), (9, False)])
def test_a_hold_over_the_mail_of_some_days_goes_by_the_day_of_the_message(register, days, is_held):
    """It arrived at half past ten in the evening, which is the same day here."""
    case, day = closed_case(stored(letter("Delete my data."))), ARRIVED.date() + timedelta(days=days)
    mailbox, _made = System.objects.get_or_create(slug="mailbox", defaults={"name": "Mailboxes"})
    blocks.place_rule(placed_for=uuid4(), system=mailbox, collected_from=day, collected_to=day, **BY)
    assert kept_cases().get(pk=case.pk).is_held is is_held


@pytest.mark.parametrize("company", ["Acme", "Other"])
def test_a_hold_over_a_companys_mail_is_over_the_cases_of_its_people(register, company):
    somebody = find_or_create([Claim("email", "ada@example.com")], **BY)
    organisations.represent(somebody, name="Acme", **BY)
    case = closed_case(stored(letter("Delete my data.")), somebody)
    mailbox, _made = System.objects.get_or_create(slug="mailbox", defaults={"name": "Mailboxes"})
    blocks.place_rule(placed_for=uuid4(), system=mailbox, organisation=organisations.named(name=company), **BY)
    assert kept_cases().get(pk=case.pk).is_held is (company == "Acme")


@pytest.mark.parametrize("purpose", ["", "rights-requests", "security-and-legal-claims", "newsletter"])
def test_a_hold_over_the_mailbox_is_over_the_breaches_it_is_in(purpose):
    mail = stored(letter("We had an incident."))
    breach = triage.log_breach(mail, aware_at=mail.arrived_at, summary="x", processor="", **BY)
    type(breach).objects.update(is_notifiable=False, risk="none", decided_at=NOW, closed_at=NOW)
    mailbox, _made = System.objects.get_or_create(slug="mailbox", defaults={"name": "Mailboxes"})
    chosen = make_register.purpose(purpose, "c") if purpose else None
    hold = blocks.place_rule(placed_for=uuid4(), system=mailbox, purpose=chosen, **BY)
    is_held = purpose != "newsletter"
    assert breach_expiry.expire(now=later(365 * 6 + 3)) == (0 if is_held else 1)
    blocks.release(hold.placed_for, **BY)
    assert breach_expiry.expire(now=later(365 * 6 + 3)) == (1 if is_held else 0)


def test_what_nobody_has_looked_at_is_never_forgotten():
    new, tray = stored(letter("Hello")), stored(letter("Away", Auto_Submitted="auto-replied"), uid=2)
    expiry.expire(now=later(4000))
    assert not is_gone(new)
    assert not is_gone(tray)
    assert Mail.objects.count() == 2


def test_what_became_a_case_goes_with_it_at_once(register):
    mail = stored(letter("Delete my data."))
    case = triage.open_request(mail, rights=["erasure"], requester=ADA, **BY)
    mail.refresh_from_db()
    assert (mail.holder, mail.holder_id) == ("case", case.uuid)
    expiry.expire(now=later(4000))
    assert not is_gone(mail)
    rights_request = case.requests.get()
    rights_request.move("in_progress", **BY)
    rights_request.move("withdrawn", **BY)
    case.refresh_from_db()
    expire_case(case, now=NOW)
    assert sealed.read(mail).text == ""
    expiry.expire(now=NOW)
    assert is_gone(mail)


def test_what_became_a_breach_goes_with_it():
    mail = stored(letter("We had an incident."))
    breach = triage.log_breach(mail, aware_at=mail.arrived_at, summary="x", processor="", **BY)
    type(breach).objects.update(is_notifiable=False, risk="none", decided_at=NOW, closed_at=NOW)
    breach_expiry.expire(now=later(365 * 6 + 3))
    assert sealed.read(Mail.objects.get()).text == ""
    expiry.expire(now=later(365 * 6 + 3))
    assert not Mail.objects.exists()


def test_an_empty_row_goes_in_the_end():
    mail = stored(letter("Hello"))
    triage.put_aside(mail, "spam", **BY)
    expiry.expire(now=later(20))
    expiry.expire(now=later(731))
    assert not Mail.objects.exists()
    assert not Location.objects.exists()


def test_the_database_keeps_what_is_open():
    mail = stored(letter("Hello"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(raw=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(state="done", kind="spam")


def words_of_the_canary():
    return {name: f"cnry{uuid4().hex[:16]}" for name in ("name", "address", "subject", "text", "file", "header", "id")}


def canary(words):
    message = letter(
        f"Delete my data. {words['text']}",
        subject=f"About {words['subject']}",
        sender=f"{words['name']} <{words['address']}@example.com>",
        message_id=f"<{words['id']}@example.com>",
        X_Note=words["header"],
    )
    message.add_attachment(b"x", maintype="image", subtype="png", filename=f"{words['file']}.png")
    return message


def readable(search):
    """Where a word stands without any key."""
    return {
        f"{table}.{column}"
        for table, column, kind in make_canary.columns()
        for value in make_canary.values(table, column, kind)
        if search.names_in(bytes(value) if kind == "bytea" else str(value).encode())
    }


def test_nothing_is_readable_outside_its_seal(server, register, client, caplog):
    caplog.set_level("DEBUG")
    words = words_of_the_canary()
    search = make_canary.Search(words, {})
    mail = make_inbox.take_in(server, canary(words))
    assert readable(search) == set()
    assert set(search.database()) == {"inbox_mail.raw", "inbox_mail.digest"}

    client.force_login(make_staff.account("dee", "dpo"))
    for page in ("/admin/mailbox/", f"/admin/mailbox/{mail.uuid}/", "/admin/"):
        assert search.names_in(client.get(page).content) == set()
    client.post(f"/admin/mailbox/{mail.uuid}/show/")
    data = {"request-rights": "erasure", "request-email": f"{words['address']}@example.com"}
    assert client.post(f"/admin/mailbox/{mail.uuid}/sort/request/", data).status_code == 302
    assert readable(search) == set()
    assert search.names_in(caplog.text.encode()) == set()
    assert {"inbox_mail.raw", "inbox_mail.digest", "requests_casefile.claim"} <= set(search.database())

    case = Mail.objects.get().case
    case.requests.get().move("in_progress", **BY)
    case.requests.get().move("withdrawn", **BY)
    case.refresh_from_db()
    expire_case(case, now=NOW)
    assert search.database() == {}


def test_the_person_gets_what_they_wrote(register, mailoutbox):
    subject = make_office.person("newsletter", email="ada@example.com")
    mail = stored(letter("Delete my data."))
    case = triage.open_request(mail, rights=["erasure"], requester=ADA, **BY)
    case.subject = subject
    case.save(update_fields=["subject"])
    (found,) = PrivacyMail().export(subject)
    assert (found["text"], found["subject"]) == ("Delete my data.", "Hello")
    assert PrivacyMail().erase(subject) == 0
    assert intake.claim_of(case)["email"] == "ada@example.com"


def doctor_says():
    (found,) = examinations.mailbox(NOW)
    return found.status, found.sentence


def test_doctor_says_whether_a_mailbox_is_polled(server, settings):
    assert "mailbox" in dict(doctor.examine(now=NOW))
    assert doctor_says() == (doctor.FAIL, "The privacy mailbox was never polled to the end.")
    make_inbox.poll()
    assert doctor_says() == (doctor.OK, "The privacy mailbox is polled.")
    Poll.objects.update(done_at=NOW - timedelta(hours=2), error="TimeoutError")
    assert doctor_says() == (doctor.FAIL, "The privacy mailbox was last polled 120 min ago (TimeoutError).")
    settings.MAILBOX_URL = ""
    assert doctor_says() == (doctor.OK, "The privacy mailbox is not read: MAILBOX_URL is not set (docs/mailbox.md).")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("pop3://u:s3cret@host/", "begin with imaps"),
        ("imap://u:s3cret@mail.example.com/", "only name this machine"),
        ("imaps://host/", "must name user"),
        ("imaps://u:s3cret@host/?jnuk=Junk", "knows no jnuk"),
        ("imaps://u:s3cret@host:many/", "no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_without_its_secret(settings, url, why):
    settings.MAILBOX_URL = url
    status, sentence = doctor_says()
    assert status == doctor.FAIL
    assert why in sentence
    assert "s3cret" not in sentence


def test_the_account_hides_its_password(settings):
    settings.MAILBOX_URL = "imaps://privacy%40kraken.im:s3cret%2F@mail.example.com/?junk=Spam&done=Processed"
    account = current()
    assert "s3cret" not in repr(account)
    assert (account.user, account.password, account.port) == ("privacy@kraken.im", "s3cret/", 993)
    assert account.folders == {"inbox": "INBOX", "junk": "Spam", "done": "Processed"}


def test_the_worker_has_its_doors(server, monkeypatch):
    server.put(letter("Hello"))
    tasks.poll()
    assert Mail.objects.count() == 1
    tasks.expire()
    assert polling.poll(now=NOW) is not None


def test_today_shows_what_waits_with_arrival_and_due_day(client):
    stored(letter("Send me a copy of my data"))
    client.force_login(make_staff.account("dee", "dpo"))
    page = client.get("/admin/").text
    assert "18 November 2026 at 22:30" in page
    assert "18 December 2026" in page
    client.force_login(make_staff.account("rita", "registrar"))
    assert "18 November 2026 at 22:30" not in client.get("/admin/").text


def test_mail_of_a_colleagues_case_is_not_there_for_a_caseworker(client, register):
    mail = stored(letter("Delete my data."))
    case = triage.open_request(mail, rights=["erasure"], requester=ADA, **BY)
    case.owner = make_staff.account("lee", "caseworker")
    case.save(update_fields=["owner"])
    client.force_login(make_staff.account("sam", "caseworker"))
    assert client.get(f"/admin/mailbox/{mail.uuid}/").status_code == 404
    assert client.post(f"/admin/mailbox/{mail.uuid}/show/").status_code == 404
    assert str(mail.uuid) not in client.get("/admin/mailbox/?list=done").text
    client.force_login(case.owner)
    assert client.get(f"/admin/mailbox/{mail.uuid}/").status_code == 200


def test_the_tray_is_there_when_there_is_time(client):
    stored(letter("Away", Auto_Submitted="auto-replied"))
    client.force_login(make_staff.account("dee", "dpo"))
    page = client.get("/admin/").text
    assert "/admin/mailbox/?list=tray" in page
    assert "/admin/mailbox/?list=junk" not in page


def test_a_list_goes_on_by_key(client, monkeypatch):
    monkeypatch.setattr(lists, "SIZE", 2)
    made = [stored(letter(f"Number {number}"), uid=number) for number in range(1, 6)]
    client.force_login(make_staff.account("dee", "dpo"))
    first = client.get("/admin/mailbox/").text
    assert str(made[1].uuid) in first
    assert str(made[2].uuid) not in first
    assert str(made[2].uuid) in client.get(f"/admin/mailbox/?after={made[1].pk}").text
    assert client.get("/admin/mailbox/?list=none").status_code == 404
