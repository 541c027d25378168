"""The example as somebody would copy it: a page in a real browser and a sender that asks, against a live server."""

import functools
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
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

FOLDER = Path(settings.BASE_DIR) / "examples/marketing-site"
ADDRESS = "ada@example.com"
pytestmark = pytest.mark.django_db(transaction=True)


class Quiet(SimpleHTTPRequestHandler):
    """The page's files, with the configuration that somebody would have edited."""

    config = ""

    def do_GET(self):
        if self.path == "/config.js":
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()
            self.wfile.write(self.config.encode())
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def site(live_server, client):
    """The page on an origin of its own, with a key for that origin."""
    client.get("/api/v1/forms/newsletter/")  # the first request of a process loads the addresses, which takes its time
    make_consents.published("newsletter", now=make_consents.PUBLISHED)
    handler = type("Site", (Quiet,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(FOLDER))) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        scopes = ["forms:read", "consents:write"]
        _row, key = apikeys.create("site", scopes, kind="publishable", origins=[origin])
        config = {"api": f"{live_server.url}/api/v1", "key": key, "form": "newsletter"}
        handler.config = f"window.KRAKEN = {json.dumps(config)};"
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


def save(page, *, ticked):
    page.fill("#email", ADDRESS)
    page.locator("#controls input").set_checked(ticked)
    page.click("text=Save my choice")
    page.wait_for_function("document.getElementById('status').textContent !== ''")
    return page.inner_text("#status")


@pytest.mark.browser
def test_a_choice_is_captured_with_its_receipt(page, site):
    page.goto(site)
    page.wait_for_selector("#consent:not([hidden])")
    assert page.inner_text("h1") == "Stay in touch"
    assert not page.locator("#controls input").is_checked()
    assert save(page, ticked=True) == "Your choice is saved."
    receipt = page.get_attribute("#consent", "data-receipt")
    assert jws.deserialize_compact(receipt, KeySet.import_key_set(signing.jwks()), algorithms=["Ed25519"])
    event = ConsentEvent.objects.get()
    assert (event.status, event.collected_by) == ("given", "api")
    page.click("text=Save my choice")
    page.wait_for_timeout(500)
    assert ConsentEvent.objects.count() == 1
    assert page.complaints == []


@pytest.mark.browser
def test_an_empty_box_is_a_no_and_another_origin_gets_nothing(page, site):
    page.goto(site)
    page.wait_for_selector("#consent:not([hidden])")
    assert save(page, ticked=False) == "Your choice is saved."
    assert ConsentEvent.objects.get().status == "refused"
    page.goto(site.replace("127.0.0.1", "localhost"))
    page.wait_for_function("document.getElementById('status').textContent.startsWith('We cannot')")


@pytest.fixture
def sender(live_server):
    key = apikeys.create("sender", ["permissions:read"])[1]
    yield from running(f"{live_server.url}/api/v1", key)


def running(url, key):
    port = free_port()
    env = {"KRAKEN_URL": url, "KRAKEN_KEY": key, "KRAKEN_SECONDS": "30", "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, str(FOLDER / "sender.py"), str(port)], env=env)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        return server.server_port


def post(url, *addresses):
    body = json.dumps({"purpose": "newsletter", "addresses": addresses}).encode()
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, body, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def test_the_sender_asks_first(sender):
    make_consents.published("newsletter")
    make_consents.captured(form="newsletter")
    assert post(sender, ADDRESS, "nobody@example.com") == {"sent": 1, "kept_back": 1}
    withdraw.withdraw([Claim("email", ADDRESS)], purposes=["newsletter"], now=make_consents.days(1), actor="test")
    assert post(sender, ADDRESS) == {"sent": 0, "kept_back": 1}


def test_without_an_answer_the_sender_sends_nothing():
    for url in running(f"http://127.0.0.1:{free_port()}/api/v1", "kp_none_none"):
        assert post(url, ADDRESS) == {"sent": 0, "kept_back": 1}
