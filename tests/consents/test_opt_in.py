"""Double opt-in: nothing counts before the owner of the mailbox presses the button."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from consents import opt_in, pending
from consents.models import ConsentEvent, ConsentForm, ConsentState, PendingConsent, Suppression
from core.models import DataKey, Outbox, Owner
from core.outbox import deliver_due
from ledger.models import Entry
from subjects.models import DataSubject, SubjectIdentifier
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"
CONTROLS = [make.control(), make.control("surveys-email", "surveys", label="Ask me.")]


@pytest.fixture(autouse=True)
def form():
    ConsentForm.objects.create(slug="join", double_opt_in=True)
    return make.published("join", CONTROLS)


def send(client, email=ADA, *, key=None, **more):
    key = key or make.key()
    headers = {**key["headers"], **more.pop("headers", {})}
    body = make.body(email, choices={"newsletter-email": True}, **more)
    return client.post("/api/v1/consents/", body, content_type="application/json", headers=headers)


def link(mailoutbox):
    for row in Outbox.objects.filter(sent_at=None):
        deliver_due(now=row.due_at)
    return re.search(r"/consent/confirm/\S+/", mailoutbox[-1].body)[0]


def now():
    return Entry.objects.latest("id").at


def test_when_the_office_asks_for_it_no_longer_the_next_answer_counts_at_once(client):
    assert send(client).json()["pending"]
    ConsentForm.objects.update(double_opt_in=False)
    told = send(client, "bea@example.com").json()
    assert (told["pending"], bool(told["receipt"])) == (False, True)


def test_before_the_button_there_is_nobody_and_nothing(client, mailoutbox):
    response = send(client)
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["pending"], told["subject"], told["receipt"]) == (True, None, "")
    assert told["states"] == {"newsletter": "requested", "surveys": "refused"}
    assert not DataSubject.objects.exists()
    assert not ConsentEvent.objects.exists()
    assert make.reason(now=now()) == "unknown-person"
    url = link(mailoutbox)
    for _again in range(2):
        page = client.get(url)
        assert page.status_code == 200
        assert "E-mail me." in page.content.decode()
        assert "Ask me." not in page.content.decode()
    assert not ConsentEvent.objects.exists()


def test_the_button_makes_it_count_with_both_times_as_evidence(client, mailoutbox):
    consent = send(client).json()["consent"]
    page = client.post(link(mailoutbox)).content.decode()
    assert "Confirmed" in page
    offered = re.search(r'name="receipt" value="([^"]+)"', page)[1]
    receipt = client.post("/consent/receipt/", {"receipt": offered})
    assert f'filename="receipt-{consent}.txt"' in receipt["Content-Disposition"]
    assert "Given (dpv:ConsentGiven)" in receipt.content.decode()
    assert make.reason(now=now()) == "+consent-given"
    events = ConsentEvent.objects.filter(consent=consent)
    assert {event.status for event in events} == {"given", "refused"}
    proof = opt_in.key_of(Owner.CONSENT, events[0].consent).open("proof", bytes(events[0].proof)).decode()
    assert "requested_at" in proof
    assert "confirmed_at" in proof
    assert SubjectIdentifier.objects.get().verified_how == "double-opt-in"
    assert [entry.kind for entry in Entry.objects.filter(object=consent).order_by("id")][:1] == ["consent.requested"]


def test_the_link_works_once_and_for_two_days(client, mailoutbox):
    send(client)
    url = link(mailoutbox)
    token = url.split("/")[3]
    with pytest.raises(opt_in.LinkOver):
        opt_in.confirm(token, now=now() + timedelta(hours=49))
    assert client.post(url).status_code == 200
    entries = Entry.objects.count()
    assert client.post(url).status_code == 404
    assert client.get(url).status_code == 404
    assert client.get("/consent/confirm/unknown/").status_code == 404
    assert Entry.objects.count() == entries


def test_a_stranger_cannot_lift_somebodys_no(client, mailoutbox):
    send(client)
    client.post(link(mailoutbox))
    client.post(
        "/api/v1/consents/withdraw/",
        {"identity": {"email": ADA}, "purposes": ["newsletter"]},
        content_type="application/json",
        **make.key(),
    )
    assert send(client).json()["pending"]
    assert Suppression.objects.filter(lifted_at=None).exists()
    assert make.reason(now=now()) == "consent-withdrawn"
    client.post(link(mailoutbox))
    assert make.reason(now=now()) == "+consent-given"


def test_a_no_to_everything_needs_no_confirmation(client):
    body = make.body(choices={"newsletter-email": False})
    told = client.post("/api/v1/consents/", body, content_type="application/json", **make.key()).json()
    assert (told["pending"], told["states"]["newsletter"]) == (False, "refused")
    assert not Outbox.objects.filter(kind="mail").exists()


def test_known_and_unknown_are_told_the_same_and_mailed_three_times_a_day(client):
    for _again in range(5):
        for email in (ADA, "nobody@example.com"):
            told = send(client, email).json()
            assert {name: value for name, value in told.items() if name != "consent"} == {
                "subject": None,
                "pending": True,
                "receipt": "",
                "states": {"newsletter": "requested", "surveys": "refused"},
            }
    assert Outbox.objects.filter(kind="mail").count() == 6


def test_a_repeated_call_asks_once(client):
    key = make.key()
    first, again = (send(client, key=key, headers={"Idempotency-Key": "k1"}).json() for _n in range(2))
    assert first == again
    assert PendingConsent.objects.count() == 1


def test_without_an_address_there_is_nobody_to_ask(client):
    body = {**make.body(), "identity": {"phone": "+447700900123"}}
    response = client.post("/api/v1/consents/", body, content_type="application/json", **make.key())
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "identity.email"


def test_a_trial_mails_nobody(client):
    assert send(client, test=True).json()["pending"]
    assert not Outbox.objects.filter(kind="mail").exists()


def test_what_was_never_confirmed_goes_with_its_key(client):
    send(client)
    assert opt_in.forget(now=now() + timedelta(days=29)) == 0
    assert opt_in.forget(now=now() + timedelta(days=31)) == 1
    assert not PendingConsent.objects.exists()
    assert not DataKey.objects.filter(owner=Owner.CONSENT).exists()


def test_an_erasure_takes_what_still_waits_with_it(client, mailoutbox):
    send(client)
    client.post(link(mailoutbox))
    send(client)
    assert pending.forget_people([DataSubject.objects.get().pk]) == 1
    assert not PendingConsent.objects.filter(confirmed_at=None).exists()


def test_the_confirmed_form_may_have_been_replaced_meanwhile(client, mailoutbox):
    send(client)
    url = link(mailoutbox)
    make.published("join", CONTROLS, now=now(), title="Stay closer")
    assert client.post(url).status_code == 200
    assert ConsentState.objects.filter(status="given").count() == 1


def test_the_button_needs_the_pages_own_form(client, mailoutbox):
    send(client)
    assert Client(enforce_csrf_checks=True).post(link(mailoutbox)).status_code == 403


def test_a_collection_waits_too(client):
    key = make.key("subjects:write")
    body = {
        "identity": {"email": ADA},
        "notice": "1",
        "items": [
            {
                "category": "email",
                "purposes": ["newsletter"],
                "content": ADA,
                "source": "website",
                "nature": "provided",
                "collected_at": "2026-03-01T09:00:00Z",
            }
        ],
        "consents": [{name: value for name, value in make.body().items() if name != "identity"}],
    }
    response = client.post("/api/v1/collect/", body, content_type="application/json", **key)
    assert response.status_code == 201, response.content
    assert not ConsentState.objects.exists()
    assert PendingConsent.objects.count() == 1
