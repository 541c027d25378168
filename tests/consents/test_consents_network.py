"""From where somebody answered: kept only with a reason, shortened, sealed, and never as anybody pleases."""

import ipaddress
import json
import logging

import pytest

from consents import pending
from consents.models import ConsentEvent, PendingConsent
from core import apikeys
from core.models import Owner
from core.network import shortened
from core.vault import key_of
from tests import make_consents as make

pytestmark = pytest.mark.django_db
SITE = "https://www.example.com"
WHY = "to tell people from robots that fill in forms"
PROXY = ipaddress.ip_network("192.0.2.0/24")


def proof():
    event = ConsentEvent.objects.latest("id")
    return json.loads(key_of(Owner.CONSENT, event.consent).open("proof", bytes(event.proof)))


def hosted(client, **more):
    data = {"version": 1, "locale": "en-GB", "email": "ada@example.com", "website": "", "choice-newsletter-email": "y"}
    return client.post("/forms/join/", data, **more)


def browser(client, **fields):
    _row, key = apikeys.create("site", ["consents:write"], kind="publishable", origins=[SITE])
    headers = {"Authorization": f"Api-Key {key}", "Origin": SITE}
    body = make.body(**fields)
    return client.post("/api/v1/consents/", body, content_type="application/json", headers=headers)


def server(client, **source):
    body = make.body(source={"channel": "website", **source})
    return client.post("/api/v1/consents/", body, content_type="application/json", **make.key())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"), ("2001:db8:aa:bb::7", "2001:db8:aa::/48"), ("nonsense", ""), ("", ""),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
    ],
)  # fmt: skip
def test_an_address_is_shortened(address, network):
    assert shortened(address) == network


def test_nothing_is_kept_where_the_form_gives_no_reason(client):
    make.published()
    assert hosted(client, REMOTE_ADDR="203.0.113.77").status_code == 303
    assert "network" not in proof()
    assert server(client, ip="203.0.113.77").status_code == 201
    assert "203.0" not in json.dumps(proof())


def test_with_a_reason_the_network_is_in_the_sealed_proof_and_nowhere_else(client, settings, caplog):
    caplog.set_level(logging.DEBUG)
    settings.TRUSTED_PROXIES = [PROXY]
    version = make.published(network_reason=WHY)
    page = client.get("/forms/join/").content.decode()
    assert WHY in page
    hosted(client, REMOTE_ADDR="203.0.113.77")
    assert proof()["network"] == "203.0.113.0/24"
    # Whoever speaks to us directly can write what they like.
    hosted(client, REMOTE_ADDR="203.0.113.77", headers={"X-Forwarded-For": "198.51.100.9"})
    assert proof()["network"] == "203.0.113.0/24"
    hosted(client, REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.9"})
    assert proof()["network"] == "198.51.100.0/24"
    assert browser(client, version=version.number).status_code == 201
    assert proof()["network"] == "127.0.0.0/24"
    assert server(client, ip="2001:db8:aa:bb::7").status_code == 201
    assert proof()["network"] == "2001:db8:aa::/48"
    assert "aa:bb" not in json.dumps(proof())
    assert not {"203.0.113.77", "198.51.100.9"} & set(caplog.text.split())


def test_a_server_says_an_address_and_a_browser_is_not_asked(client):
    make.published(network_reason=WHY)
    assert server(client, ip="999.1.1.1").json()["errors"][0]["field"] == "source.ip"
    refused = browser(client, source={"channel": "website", "ip": "203.0.113.77"})
    assert refused.json()["errors"][0]["field"] == "source"
    server(client)
    assert "network" not in proof()


def test_what_waits_for_its_confirmation_holds_it_shortened_too(client, mailoutbox):
    version = make.published(network_reason=WHY)
    type(version.form).objects.update(double_opt_in=True)
    server(client, ip="203.0.113.77")
    waiting = PendingConsent.objects.get()
    sealed = key_of(Owner.CONSENT, waiting.uuid).open(pending.FIELD, bytes(waiting.sealed)).decode()
    assert "203.0.113.0/24" in sealed
    assert "203.0.113.77" not in sealed
