"""The form that other sites include by one line: it asks for an age as our own page does."""

import json
import os
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from consents import pending
from consents.models import ConsentEvent, PendingConsent
from core import apikeys
from core.models import Controller, Owner
from core.vault import key_of
from tests import make_consents as make
from tests import make_office
from tests.e2e.browser import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = """<!doctype html><html lang="en-GB"><title>News</title><main>
<script src="{}" data-form="join" data-key="{}" defer></script>"""
QUESTION = ["How old are you?", "13 or older", "younger than 13"]


@pytest.fixture
def page(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make_office.controller()
    make.published(minimum_age=13, controllers=[Controller.current().name])
    with other_site() as site, opened(chromium) as browser:
        origin = f"http://127.0.0.1:{site.server_port}"
        _row, key = apikeys.create("site", ["forms:read", "consents:write"], kind="publishable", origins=[origin])
        site.html = PAGE.format(f"{live_server.url}/forms/embed.js", key).encode()
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=origin)
        page = context.new_page()
        page.hosted = f"{live_server.url}/forms/join/"
        yield page
        context.close()


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.html)

    def log_message(self, *_args):
        """Quietly."""


@contextmanager
def other_site():
    """A server of somebody else's, which knows nothing of us but the line in its page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def asked(page):
    """The legend and the two answers, in their order; neither is chosen."""
    box = page.locator("fieldset", has=page.locator("[name=age]"))
    assert box.locator("input:checked").count() == 0
    return [text.strip() for text in box.locator("legend, label").all_inner_texts()]


def test_an_age_is_asked_as_on_our_own_page(page):
    until = f"05 {timezone.now().year + 2}"
    page.goto(page.hosted)
    assert asked(page) == QUESTION
    page.goto("/")
    page.wait_for_selector("form.kraken-consent")
    assert asked(page) == QUESTION
    page.get_by_label("Your e-mail address").fill("cleo@example.com")
    page.get_by_label("E-mail me.").check()
    save = page.get_by_role("button", name="Save my choice")
    save.click()
    page.get_by_text("Say whether you are 13 or older.").wait_for()
    expect(page.locator("[name=age][value=older]")).to_be_focused()
    page.get_by_label("younger than 13").check()
    save.click()
    page.get_by_text("Give the e-mail address of a parent or guardian.").wait_for()
    page.get_by_label(re.compile("e-mail address of a parent")).fill("parent@example.org")
    page.get_by_label(re.compile("when will you be 13")).fill(until)
    save.click()
    page.get_by_text("Nearly done: we ask your parent or guardian by e-mail.").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    waiting = PendingConsent.objects.get()
    said = json.loads(key_of(Owner.CONSENT, waiting.uuid).open(pending.FIELD, bytes(waiting.sealed)))
    assert said["guardian"] == {"email": "parent@example.org", "until": until}


def test_whoever_is_old_enough_answers_alone(page):
    page.goto("/")
    page.get_by_label("Your e-mail address").fill("ada@example.com")
    page.get_by_label("E-mail me.").check()
    page.get_by_label("13 or older").check()
    page.get_by_role("button", name="Save my choice").click()
    page.get_by_text("Your choice is saved.").wait_for()
    assert ConsentEvent.objects.get().status == "given"
