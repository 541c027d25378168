"""An answer that waits goes with its person, and into their copy, by whatever names them in it."""

from uuid import uuid4

import pytest
from django.utils import timezone

from consents import pending
from consents.models import ConsentForm, PendingConsent
from consents.personal import Waiting
from core.models import DataKey, Owner
from processing.models import Purpose
from retention import erasure
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests.make_unproven import ADA, asked_by_a_system, by_browser, children, key, mailed

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


def test_what_was_confirmed_is_found_by_nothing_any_more(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    asked_by_a_system(client, {"email": ADA})
    client.post(mailed(mailoutbox)[0])
    assert PendingConsent.objects.get().blinds == []
