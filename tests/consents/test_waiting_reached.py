"""An answer that waits goes with its person, and into their copy, by whatever names them in it."""

import json
import re
from uuid import uuid4

import pytest
from django.utils import timezone

from consents import opt_in, pending
from consents.models import ConsentForm, PendingConsent
from consents.personal import Waiting
from core.models import DataKey, Owner
from ledger import signing
from processing.models import Purpose
from retention import erasure
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests.make_unproven import ADA, CONTROLS, asked_by_a_system, by_browser, by_page, children, key, mailed, no

pytestmark = pytest.mark.django_db
PHONE, PARENT = "+447700900123", "parent@example.net"


@pytest.fixture(autouse=True)
def form():
    return make.published()


def waiting(type, value):
    return Waiting().export(people.find([Claim(type, value)]))


def test_a_child_known_by_a_number_is_erased_and_the_parents_button_brings_nobody_back(client, mailoutbox):
    site = key()
    by_browser(site, identity={"phone": PHONE}, choices={"newsletter-email": False})
    by_browser(site, **children(identity={"phone": PHONE}))
    (link,) = mailed(mailoutbox)
    assert len(waiting("phone", PHONE)) == 1
    person = DataSubject.objects.get()
    erasure.erase(
        subject=person, purposes=list(Purpose.objects.all()), request=uuid4(), now=timezone.now(), actor="u:1"
    )
    assert not PendingConsent.objects.exists()
    assert not DataKey.objects.filter(owner=Owner.CONSENT).exists()
    assert client.post(link).status_code == 404
    assert not DataSubject.objects.exists()


def test_the_parents_own_copy_and_erasure_do_not_reach_it(mailoutbox):
    make.captured(PARENT)
    by_browser(key(), **children())
    assert waiting("email", PARENT) == []
    assert pending.forget_people([DataSubject.objects.get().pk]) == 0
    assert PendingConsent.objects.exists()


@pytest.mark.parametrize(("type", "value"), [("email", ADA), ("phone", PHONE), ("customer_number", "C1")])
def test_each_that_names_them_reaches_it(client, mailoutbox, type, value):
    make.captured(identity={type: value}, choices={"newsletter-email": False})
    ConsentForm.objects.update(double_opt_in=True)
    asked_by_a_system(client, {"email": ADA, "phone": PHONE, "customer_number": "C1"})
    (row,) = waiting(type, value)
    assert row["asked"] == {"newsletter": "requested"}
    assert pending.forget_people([people.find([Claim(type, value)]).pk]) == 1
    assert client.post(mailed(mailoutbox)[0]).status_code == 404


def test_whoever_has_nothing_but_a_shared_mailbox_is_told_of_what_waits_there_and_not_of_what_names_another(client):
    subscriber = DataSubject.objects.get(uuid=make.captured().subject)
    make.captured(identity={"customer_number": "C2"})
    people.verify_identifier(
        people.find([Claim("customer_number", "C2")]), Claim("email", ADA), how="link", now=timezone.now(), actor="u:1"
    )
    ConsentForm.objects.update(double_opt_in=True)
    asked_by_a_system(client, {"email": ADA, "customer_number": "C2"})
    assert Waiting().export(subscriber) == []
    asked_by_a_system(client, {"email": ADA})
    assert len(Waiting().export(subscriber)) == 1


def test_what_was_confirmed_is_found_by_nothing_any_more(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    asked_by_a_system(client, {"email": ADA})
    client.post(mailed(mailoutbox)[0])
    assert PendingConsent.objects.get().blinds == []


def erase(email):
    person = people.find([Claim("email", email)])
    purposes = list(Purpose.objects.all())
    erasure.erase(subject=person, purposes=purposes, request=uuid4(), now=timezone.now(), actor="u:1")


def told(site, client, email, page):
    """What whoever sent an answer is told of it afterwards: by the same call, its whole receipt, the page, the file."""
    ids = r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{10}|[\w-]+\.[\w-]+\.[\w-]{80,}"
    # The file has the minute in words, and the two answers may lie on both sides of one.
    ids += r"|\d{1,2} [A-Z]\w+ \d{4} at \d\d:\d\d"
    again = by_browser(site, email, once=email, form="both", choices=CHOICES)
    whole = by_browser(site, email, once=email, form="both", choices=CHOICES, path="?receipt=full").json()["receipt"]
    shown = client.get(page)
    token = re.search(r'name="receipt" value="([^"]+)"', shown.content.decode())[1]
    file = client.post("/consent/receipt/", {"receipt": token})
    hidden = re.sub(r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"', "", shown.content.decode())
    texts = [json.dumps(again.json()), signing.verify(whole).decode(), hidden, file.content.decode()]
    return again.status_code, shown.status_code, file.status_code, [re.sub(ids, "", text) for text in texts]


CHOICES = {"newsletter-email": True, "surveys-email": False}


def test_whoever_sent_it_learns_of_no_no_when_the_person_is_erased(client, mailoutbox):
    make.published("both", CONTROLS)
    site, pages, bob = key(), {}, "bob@example.com"
    for email in (ADA, bob):
        make.captured(email)
    no("withdrawn", ADA)
    for email in (ADA, bob):
        by_browser(site, email, once=email, form="both", choices=CHOICES)
        pages[email] = by_page(site, email, slug="both")["Location"]
    for email in (ADA, bob):
        erase(email)
    links = mailed(mailoutbox)
    assert not DataSubject.objects.exists()
    of_ada, of_bob = (told(site, client, email, pages[email]) for email in (ADA, bob))
    assert of_ada == of_bob
    assert of_ada[:3] == (201, 200, 200)
    # What is left names nobody, opens nothing, and goes with the others.
    assert not DataKey.objects.filter(owner=Owner.CONSENT).exists()
    assert {(row.sealed, tuple(row.blinds)) for row in PendingConsent.objects.all()} == {(None, ())}
    assert links == []
    assert opt_in.forget(now=timezone.now() + opt_in.KEPT) == 2
