"""Every change is told, signed, at least once, to public addresses only; secrets rotate without losing a message."""

import json
import re
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from ipaddress import ip_network
from threading import Thread

import pytest
import standardwebhooks
from django.core.management import CommandError, call_command
from django.utils import timezone

from consents import webhooks
from consents.models import Webhook
from consents.withdraw import withdraw
from cookies import linking
from core import hints, outbox
from core.errors import Invalid
from core.models import Controller, Outbox
from ledger.models import Entry
from subjects import people, relationships
from subjects.identifiers import Claim
from tests import make_consents as make
from tests import make_cookies, make_evidence, make_office, make_staff

# The feed ends below the oldest transaction that still runs, so what is told must have been committed.
pytestmark = pytest.mark.django_db(transaction=True)


class Receiver(HTTPServer):
    """The other side: keeps what it gets, and answers with `status`."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.status = [], 204

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url + "/elsewhere")
        self.end_headers()

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def receiver(settings, monkeypatch):
    monkeypatch.setattr(hints, "_quiet_until", float("inf"))
    settings.OUTGOING_NETWORKS = [ip_network("127.0.0.0/8")]
    server = Receiver()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def add(url, **given):
    make_evidence.let_others_end()
    return webhooks.add("crm", url, now=timezone.now(), actor=make.ACTOR, **given)


def deliver():
    """How many changes were taken by the other side just now."""
    sent = Outbox.objects.filter(kind="webhook", sent_at__isnull=False)
    before = sent.count()
    make_evidence.let_others_end()
    now = timezone.now()
    webhooks.follow(now=now)
    outbox.deliver_due(now=now + timedelta(seconds=1))
    return sent.count() - before


def test_a_change_is_told_once_signed_and_without_anybodys_address(receiver):
    make.published()
    make.captured("before@example.com", now=timezone.now())
    _webhook, secret = add(receiver.url)
    make.captured(now=timezone.now())
    withdraw([Claim("email", "ada@example.com")], purposes=["newsletter"], now=timezone.now(), actor=make.ACTOR)
    assert deliver() == 2
    assert webhooks.follow(now=timezone.now()) == 0
    told = [standardwebhooks.Webhook(secret).verify(body, headers) for headers, body in receiver.got]
    assert {one["type"] for one in told} == {"consent.given", "consent.withdrawn"}
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 2
    assert not any(b"example.com" in body for _headers, body in receiver.got)
    assert next(one for one in told if one["type"] == "consent.withdrawn")["data"]["data"] == {
        "purposes": ["newsletter"]
    }


def test_only_the_kinds_that_were_asked_for(receiver):
    make.published()
    add(receiver.url, kinds=["consent.refused"])
    make.captured(now=timezone.now())
    make.captured("bob@example.com", choices={"newsletter-email": False}, now=timezone.now())
    assert deliver() == 1
    assert json.loads(receiver.got[0][1])["type"] == "consent.refused"


def test_what_may_be_done_is_told_whatever_changed_it(receiver):
    now, ada = timezone.now(), [Claim("email", "ada@example.com")]
    row = make_cookies.chosen(make_cookies.published(), at=now)
    sales, news = make.live("direct-sales", "f"), make.live()
    person = people.find_or_create(ada, now=now, actor=make.ACTOR)
    _webhook, secret = add(receiver.url)
    linking.link(row.consent_id, ada, now=now, actor=make.ACTOR)
    withdraw(ada, purposes=["website-analytics"], now=now, actor=make.ACTOR)
    relationships.touch(person, sales, at=now, channel="email", now=now, actor=make.ACTOR)
    make.assessment(sales, approved=now)
    news.versions.get(status="live").retire(now=now, actor=make.ACTOR)
    deliver()
    told = [standardwebhooks.Webhook(secret).verify(body, headers)["data"] for headers, body in receiver.got]
    wanted = {"cookies.linked", "consent.given", "consent.withdrawn", "relationship.touched", "assessment.approved"}
    assert {one["kind"] for one in told} >= wanted | {"purpose.retired"}
    given = next(one for one in told if one["kind"] == "consent.given")
    assert given["subject"] == str(person.uuid)
    assert given["data"] == {"choices": {"website-analytics:": "given"}, "proof": str(row.entry)}


def test_a_refusal_is_tried_again_with_the_same_id_and_dies_where_it_can_be_seen(receiver):
    make.published()
    add(receiver.url)
    make.captured(now=timezone.now())
    receiver.status = 302
    assert deliver() == 0
    row = Outbox.objects.get(kind="webhook")
    assert (row.attempts, row.error) == (1, "answered 302")
    for _time in range(outbox.ATTEMPTS):
        Outbox.objects.update(due_at=timezone.now())
        outbox.deliver_one(row.pk, now=timezone.now())
    row.refresh_from_db()
    assert row.dead_at
    receiver.status = 200
    outbox.replay(row, now=timezone.now())
    assert outbox.deliver_one(row.pk, now=timezone.now())
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1


def test_while_a_secret_is_rotated_both_sign(receiver):
    make.published()
    webhook, old = add(receiver.url)
    new = webhooks.rotate("crm", now=timezone.now(), actor=make.ACTOR)
    make.captured(now=timezone.now())
    assert deliver() == 1
    headers, body = receiver.got[0]
    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(body, headers)
    webhook.refresh_from_db()
    later = webhooks.signature(webhook, "msg_1", "{}", now=timezone.now() + webhooks.OVERLAP)
    assert " " not in later["webhook-signature"]


def test_who_is_gone_is_told_no_more(receiver):
    make.published()
    add(receiver.url)
    make.captured(now=timezone.now())
    receiver.status = 410
    assert deliver() == 1
    assert Webhook.objects.get().ended_at
    make.captured("bob@example.com", now=timezone.now())
    assert deliver() == 0


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://10.0.0.1/", "https://169.254.169.254/latest/", "http://8.8.8.8/", "ftp://x/"],
)
def test_private_addresses_are_refused(url):
    with pytest.raises(Invalid) as refused:
        add(url)
    assert set(refused.value.fields) == {"url"}


def test_an_address_that_turned_private_is_not_connected_to(receiver, settings):
    make.published()
    add(receiver.url)
    make.captured(now=timezone.now())
    settings.OUTGOING_NETWORKS = []
    assert deliver() == 0
    assert not receiver.got
    assert Outbox.objects.get(kind="webhook").error == "AddressRefused"


def test_the_command(receiver):
    out = StringIO()
    call_command("webhooks", "add", "crm", receiver.url, "--kind", "consent.given", stdout=out)
    call_command("webhooks", "rotate", "crm", stdout=out)
    call_command("webhooks", "list", stdout=out)
    first, second, listed = out.getvalue().splitlines()
    assert first.startswith("whsec_")
    assert first != second
    assert listed == f"crm\t{receiver.url}\tconsent.given"
    with pytest.raises(CommandError):
        call_command("webhooks", "add", "other", receiver.url, "--kind", "nonsense")
    call_command("webhooks", "off", "crm")
    assert Webhook.objects.get().disabled_at
    call_command("webhooks", "on", "crm")
    call_command("webhooks", "end", "crm")
    with pytest.raises(CommandError):
        call_command("webhooks", "end", "crm")


@pytest.fixture
def desk(client):
    make_office.controller()
    client.force_login(make_staff.account("iris", "integrator"))
    return client


def post(client, path, **data):
    return client.post(f"/admin/webhooks/{path}", data, follow=True).content.decode()


def told(client):
    """What the pages of the only webhook say."""
    return client.get(f"/admin/webhooks/{Webhook.objects.get().uuid}/").content.decode()


def secret_in(page):
    return re.search(r"whsec_[^<]+", page)[0]


def test_the_pages_add_test_change_and_rotate(receiver, desk):
    assert "Nobody is told yet" in desk.get("/admin/webhooks/").content.decode()
    refused = post(desk, "new/", name="crm", url="https://10.0.0.1/", kinds=["consent.given"])
    assert "public internet" in refused
    first = secret_in(post(desk, "new/", name="crm", url=receiver.url, kinds=["consent.given"]))
    webhook = Webhook.objects.get()
    assert (webhook.kinds, webhook.name) == (["consent.given"], "crm")
    assert first not in told(desk)
    assert "The test was taken." in post(desk, f"{webhook.uuid}/test/")
    headers, body = receiver.got[-1]
    assert standardwebhooks.Webhook(first).verify(body, headers)["type"] == "webhook.test"
    assert "The last message was taken." in told(desk)
    receiver.status = 500
    assert "answered 500" in post(desk, f"{webhook.uuid}/test/")
    assert "1 try in a row failed." in told(desk)
    assert "https://10" not in post(desk, f"{webhook.uuid}/change/", url="https://8.8.8.8/hook")
    webhook.refresh_from_db()
    assert (webhook.url, webhook.kinds) == ("https://8.8.8.8/hook", [])
    post(desk, f"{webhook.uuid}/change/", url="http://10.1.1.1/")
    webhook.refresh_from_db()
    assert webhook.url == "https://8.8.8.8/hook"
    assert desk.get(f"/admin/webhooks/{webhook.uuid}/rotate/").status_code == 200
    webhook.refresh_from_db()
    assert webhook.former_secret is None
    assert secret_in(post(desk, f"{webhook.uuid}/rotate/")) != first
    assert "the former one signs too until" in told(desk)
    kinds = set(Entry.objects.filter(object=webhook.uuid).values_list("kind", flat=True))
    assert kinds == {"webhook.added", "webhook.tested", "webhook.changed", "webhook.rotated"}


def test_what_is_dead_is_seen_and_sent_again_one_or_all(receiver, desk):
    make.published(controllers=[Controller.current().name])
    webhook, _secret = add(receiver.url)
    receiver.status = 503
    for number in range(3):
        make.captured(f"p{number}@example.com", now=timezone.now())
    assert deliver() == 0
    Outbox.objects.filter(kind="webhook").update(dead_at=timezone.now())
    page = told(desk)
    assert "0 waiting, 3 dead." in page
    assert "answered 503" in page
    assert "consent.given" in page
    receiver.status = 204
    row = Outbox.objects.filter(kind="webhook").earliest("pk")
    assert "It is sent again now." in post(desk, f"{webhook.uuid}/messages/{row.uuid}/replay/")
    assert "not dead any more" in post(desk, f"{webhook.uuid}/messages/{row.uuid}/replay/")
    assert desk.get(f"/admin/webhooks/{webhook.uuid}/replay/").status_code == 200
    assert Outbox.objects.filter(dead_at__isnull=False).count() == 2
    assert "2 messages are sent again now." in post(desk, f"{webhook.uuid}/replay/")
    outbox.deliver_due(now=timezone.now() + timedelta(seconds=1))
    assert len(receiver.got) == 6
    assert "not kept" in told(desk)
    assert Entry.objects.filter(kind="webhook.replayed").count() == 2


def test_switched_off_it_is_told_nothing_and_later_everything(receiver, desk):
    make.published(controllers=[Controller.current().name])
    webhook, _secret = add(receiver.url)
    make.captured("first@example.com", now=timezone.now())
    make_evidence.let_others_end()
    webhooks.follow(now=timezone.now())
    assert desk.get(f"/admin/webhooks/{webhook.uuid}/switch/").status_code == 200
    post(desk, f"{webhook.uuid}/switch/")
    make.captured("second@example.com", now=timezone.now())
    assert deliver() == 0
    assert Outbox.objects.get(kind="webhook").error == "switched off"
    post(desk, f"{webhook.uuid}/switch/")
    assert deliver() == 2
    post(desk, f"{webhook.uuid}/end/")
    assert "Ended" in told(desk)
    assert 'name="url"' not in told(desk)
    assert "There is no webhook of this name." in post(desk, f"{webhook.uuid}/rotate/")
