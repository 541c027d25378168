"""An answer that nobody proved speaks for one address: it joins none to it, and tells nobody whose it is."""

import json
import re

import pytest
from django.test import Client

from consents.models import ConsentForm, ConsentState, PendingConsent, Suppression
from core.models import Outbox
from core.outbox import deliver_due
from ledger import signing
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier
from tests import make_consents as make
from tests.make_unproven import (
    ADA,
    CONTROLS,
    NEW,
    asked_by_a_system,
    by_browser,
    by_page,
    children,
    key,
    mailed,
    no,
    reason,
)

pytestmark = pytest.mark.django_db
EVE, PHONE = "eve@example.net", "+447700900123"


@pytest.fixture(autouse=True)
def form():
    return make.published(controls=CONTROLS)


@pytest.fixture
def site():
    return key()


@pytest.mark.parametrize("double_opt_in", [True, False])
@pytest.mark.parametrize("more", [{"phone": PHONE}, {"customer_number": "C1"}])
def test_a_key_for_browsers_joins_no_two_addresses(site, more, double_opt_in):
    ConsentForm.objects.update(double_opt_in=double_opt_in)
    response = by_browser(site, identity={"email": ADA, **more})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["field"], "one address" in error["message"]) == ("identity", True)
    assert [model.objects.count() for model in (DataSubject, Identifier, PendingConsent)] == [0, 0, 0]


def test_the_parent_is_no_second_address(site):
    assert by_browser(site, **children()).status_code == 201
    assert by_browser(site, **children(identity={"phone": PHONE}, slug="kids2")).status_code == 201
    response = by_browser(site, **children(identity={"email": ADA, "phone": PHONE}, slug="kids3"))
    assert response.json()["errors"][0]["field"] == "identity"


def test_whoever_knows_an_address_opens_nobodys_choices(site, mailoutbox):
    """Joined to a number of theirs, and that to a mailbox of theirs, it would be theirs to open."""
    make.captured(ADA, choices={"newsletter-email": True, "surveys-email": True})
    no("withdrawn")
    for email in (ADA, EVE):
        by_browser(site, identity={"email": email, "phone": PHONE}, choices={"surveys-email": True})
    eve = Client()
    where = eve.post("/preferences/", {"email": EVE})["Location"]
    for row in Outbox.objects.filter(sent_at=None):
        deliver_due(now=row.due_at)
    assert [mail.to for mail in mailoutbox] == [[EVE]]
    opened = eve.post(where, {"code": re.search(r"\d{4} \d{4}", mailoutbox[-1].body)[0]})["Location"]
    assert "You agreed on" not in eve.get(opened).content.decode()
    box = "join:newsletter-email"
    eve.post(opened, {"shown": box, "empty": box, box: "on"})
    assert reason() == "consent-withdrawn"


def test_an_objection_is_not_taken_back_by_way_of_another_address(site, mailoutbox):
    make.captured(ADA)
    no("objected")
    by_browser(site, identity={"email": ADA, "phone": PHONE}, choices={"newsletter-email": False})
    by_browser(site, identity={"phone": PHONE})
    assert reason() == "objected"
    assert not Suppression.objects.exclude(lifted_at=None).exists()


def test_yes_and_then_no_tell_nobody_either(site):
    """Also when asked again with the same key: what stands is not told to whoever has shown nothing."""
    make.captured("known@example.com")
    no("objected")
    told = []
    for email in (ADA, "known@example.com", NEW):
        yes = by_browser(site, email, once=email).json()
        refused = by_browser(site, email, choices={"newsletter-email": False}).json()
        again = by_browser(site, email, once=email).json()
        assert again == yes
        told.append([{**one, "consent": "", "receipt": ""} for one in (yes, refused)])
    assert told[0] == told[1] == told[2]


def test_whoever_sent_it_is_told_no_person_and_a_system_that_may_read_is(site, client):
    told = by_browser(site, path="?receipt=full").json()
    person = DataSubject.objects.get().uuid
    record = json.loads(signing.verify(told["receipt"]))
    assert (told["subject"], record["sub"]) == (None, told["consent"])
    assert str(person) not in json.dumps(record)
    page = client.get(by_page(site)["Location"]).content.decode()
    text = client.post("/consent/receipt/", {"receipt": re.search(r'name="receipt" value="([^"]+)"', page)[1]})
    signed = re.search(r"^[\w-]+\.[\w-]+\.[\w-]+$", text.content.decode(), re.MULTILINE)[0]
    assert str(person) not in signing.verify(signed).decode()
    read = client.get(f"/api/v1/consents/{told['consent']}/receipt/", **make.key("consents:read")).json()
    assert json.loads(signing.verify(read["receipt"]))["sub"] == str(person)


def test_once_confirmed_a_browser_is_told_no_person_either(site, client, mailoutbox):
    no("objected")
    by_browser(site, once="1")
    client.post(mailed(mailoutbox)[0])
    assert reason() == "+consent-given"
    told = by_browser(site, once="1").json()
    assert (told["subject"], told["states"]["newsletter"]) == (None, "given")
    assert json.loads(signing.verify(told["receipt"]))["sub"] == told["consent"]


def test_whoever_confirms_speaks_for_their_mailbox_and_for_nobody_elses_number(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
    make.captured(form="other", identity={"email": ADA, "phone": PHONE}, choices={"surveys-email": True})
    no("objected")
    assert asked_by_a_system(client, {"email": EVE, "phone": PHONE})["pending"]
    client.post(mailed(mailoutbox)[0])
    assert (reason(EVE), reason()) == ("+consent-given", "objected")
    assert not Suppression.objects.exclude(lifted_at=None).exists()
    ada, eve = (people.find([Claim("email", email)]) for email in (ADA, EVE))
    assert ConsentState.objects.get(purpose__slug="newsletter", status="given").subject == eve.uuid
    assert people.find([Claim("phone", PHONE)]) == ada


def test_what_is_nobodys_or_theirs_already_comes_along(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    make.captured(identity={"email": ADA, "phone": PHONE}, choices={"newsletter-email": False})
    asked_by_a_system(client, {"email": ADA, "phone": PHONE, "customer_number": "C1"})
    client.post(mailed(mailoutbox)[0])
    assert reason() == "+consent-given"
    names = [Claim("email", ADA), Claim("phone", PHONE), Claim("customer_number", "C1")]
    assert {people.find([name]) for name in names} == {DataSubject.objects.get()}


def test_a_customer_whom_the_system_names_confirms_with_a_new_mailbox(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    make.captured(identity={"customer_number": "C1"}, choices={"newsletter-email": False})
    asked_by_a_system(client, {"email": ADA, "customer_number": "C1"})
    client.post(mailed(mailoutbox)[0])
    assert {people.find([one]) for one in (Claim("email", ADA), Claim("customer_number", "C1"))} == {
        DataSubject.objects.get()
    }
    # But nobody brings a customer to the mailbox of somebody else.
    make.captured(identity={"customer_number": "C2"}, choices={"newsletter-email": False})
    asked_by_a_system(client, {"email": ADA, "customer_number": "C2"})
    assert client.post(mailed(mailoutbox)[-1]).status_code == 200
    assert people.find([Claim("customer_number", "C2")]) != people.find([Claim("email", ADA)])


def test_a_parent_speaks_for_the_childs_mailbox_and_for_nobody_elses_number(client, mailoutbox):
    make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
    make.captured(form="other", identity={"email": ADA, "phone": PHONE}, choices={"surveys-email": True})
    no("objected")
    said = children()
    asked_by_a_system(client, {"email": EVE, "phone": PHONE}, **said)
    client.post(mailed(mailoutbox)[0])
    assert (reason(EVE), reason()) == ("+consent-given", "objected")
    assert not Suppression.objects.exclude(lifted_at=None).exists()
