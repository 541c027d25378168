"""The example as somebody would copy it: a page in a real browser and a sender that asks, against a live server."""

import functools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from joserfc import jws
from joserfc.jwk import KeySet

from consents import withdraw
from consents.models import ConsentEvent
from core import apikeys
from ledger import signing
from subjects.identifiers import Claim
from tests import make_consents
from tests.waiting import PATIENCE, wait_until

FOLDER = Path(settings.BASE_DIR) / "examples/marketing-site"
ADDRESS = "ada@example.com"
pytestmark = pytest.mark.django_db(transaction=True)


DEMO = ("http://127.0.0.1:8000", "http://127.0.0.1:8080", "kp_demosite_publishable-key-of-the-demo-which-is-no-secret")


class Quiet(SimpleHTTPRequestHandler):
    """The site's files with what somebody would have edited, under a policy as strict as can be."""

    edited, kraken = (), ""

    def do_GET(self):
        file = FOLDER / (self.path.partition("?")[0].strip("/") or "index.html")
        if file.suffix != ".html" or not file.exists():
            super().do_GET()
            return
        text = file.read_text()
        for before, after in zip(DEMO, self.edited, strict=True):
            text = text.replace(before, after)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        ours = f"script-src {self.kraken}; connect-src {self.kraken}; form-action {self.kraken} 'self'"
        self.send_header("Content-Security-Policy", f"default-src 'none'; style-src 'self'; img-src data:; {ours}")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def site(live_server, client):
    """The site on an origin of its own, with a key for that origin."""
    client.get("/api/v1/forms/newsletter/")  # the first request of a process loads the addresses, which takes its time
    controls = [make_consents.control("newsletter"), make_consents.control("surveys", "surveys")]
    make_consents.published("newsletter", controls, now=make_consents.PUBLISHED)
    handler = type("Site", (Quiet,), {"kraken": live_server.url})
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(FOLDER))) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        scopes = ["forms:read", "consents:write"]
        _row, key = apikeys.create("site", scopes, kind="publishable", origins=[origin])
        handler.edited = (live_server.url, origin, key)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield origin
        server.shutdown()


@pytest.fixture
def page(chromium, monkeypatch):
    from playwright.sync_api import sync_playwright

    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        yield page
        browser.close()


def answered(count):
    return list(ConsentEvent.objects.order_by("id").values_list("status", "collected_by"))[-count:]


@pytest.mark.browser
def test_one_tag_asks_and_a_plain_form_does_too(page, site):
    page.add_init_script("addEventListener('kraken:consent', (event) => { window.receipt = event.detail.receipt; });")
    page.goto(site)
    email = page.get_by_label("Your e-mail address")
    email.fill("ada@example")
    page.get_by_role("button", name="Save my choice").click()
    page.locator("[aria-invalid]").wait_for()
    # What is wrong is said with the input that it is about, where the keyboard now is.
    assert "This is not a possible e-mail address" in page.inner_text(f"#{email.get_attribute('aria-describedby')}")
    assert email.evaluate("(input) => input === document.activeElement")
    page.complaints.clear()
    email.fill(ADDRESS)
    boxes = page.get_by_role("checkbox")
    assert [box.is_checked() for box in boxes.all()] == [False, False]
    assert page.get_by_role("link", name="Change your choices").count() == 1
    boxes.first.check()
    for _ in range(2):
        page.get_by_role("button", name="Save my choice").click()
        page.locator(".kraken-status").filter(has_text=re.compile("[.]")).wait_for()
        assert page.inner_text(".kraken-status") == "Your choice is saved. Download your receipt"
    assert page.locator("[aria-invalid]").count() == 0
    receipt = page.evaluate("window.receipt")
    with page.expect_download() as file:
        page.get_by_role("link", name="Download your receipt").click()
    text = Path(file.value.path()).read_text()
    assert receipt in text
    assert "[x] " in text
    assert jws.deserialize_compact(receipt, KeySet.import_key_set(signing.jwks()), algorithms=["Ed25519"])
    assert sorted(answered(9)) == [("given", "api"), ("refused", "api")]

    page.goto(f"{site}/plain.html")
    page.get_by_label("Your e-mail address").fill("bob@example.com")
    page.get_by_label("Send me the newsletter").check()
    page.get_by_role("button", name="Save my choice").click()
    # A page of ours says thank you, with a receipt, and leads back.
    page.get_by_role("button", name="Download your receipt").wait_for()
    page.get_by_role("link", name="Go back to the website").click()
    page.wait_for_url(f"{site}/thanks.html")
    assert sorted(answered(2)) == [("given", "html_form"), ("refused", "html_form")]
    assert page.complaints == []

    page.goto(site.replace("127.0.0.1", "localhost"))
    page.get_by_text("We cannot take your choice just now").wait_for()


@pytest.fixture
def sender(live_server):
    key = apikeys.create("sender", ["permissions:read"])[1]
    yield from running(f"{live_server.url}/api/v1", key)


def running(url, key):
    port = free_port()
    env = {"KRAKEN_URL": url, "KRAKEN_KEY": key, "KRAKEN_SECONDS": str(PATIENCE), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, str(FOLDER / "sender.py"), str(port)], env=env)
    try:
        assert wait_until(lambda: is_heard(port))
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def is_heard(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        return server.server_port


def post(url, *addresses):
    body = json.dumps({"purpose": "newsletter", "addresses": addresses}).encode()
    with urllib.request.urlopen(url, body, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


def test_the_sender_asks_first(sender):
    make_consents.published("newsletter")
    make_consents.captured(form="newsletter")
    assert post(sender, ADDRESS, "nobody@example.com") == {"sent": 1, "kept_back": 1}
    withdraw.withdraw([Claim("email", ADDRESS)], purposes=["newsletter"], now=make_consents.days(1), actor="test")
    assert post(sender, ADDRESS) == {"sent": 0, "kept_back": 1}


def test_without_an_answer_the_sender_sends_nothing():
    for url in running(f"http://127.0.0.1:{free_port()}/api/v1", "kp_none_none"):
        assert post(url, ADDRESS) == {"sent": 0, "kept_back": 1}
