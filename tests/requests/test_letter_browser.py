"""A letter from the draft to the reader, in a browser: staff write it and look at it, the person reads and keeps it."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core.outbox import deliver_due
from tests import make_office as make
from tests.e2e.browser import opened
from tests.requests.test_public_accessibility import trouble_in, violations, widen

# The admin theme's own: it has no main landmark.
OF_THE_THEME = ("region", "landmark-one-main", "landmark-unique")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with opened(chromium) as browser:
        yield browser


def somebody(browser, live_server):
    page = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def officer(browser, live_server):
    page, client = somebody(browser, live_server), Client()
    client.force_login(make.staff())
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def picture(page, name):
    if os.environ.get("PICTURES"):
        page.screenshot(path=Path(os.environ["PICTURES"], f"letter-{name}.png"), full_page=True)


def mailed(mailbox, pattern):
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    return next(found for mail in reversed(mailbox) if (found := re.search(pattern, mail.body, re.M))).group(0)


def write(page, uuid):
    """Every page of the staff on the way, by name."""
    page.goto(f"/admin/rights/{uuid}/")
    page.select_option("select[name=kind]:near(:text('Write a letter'))", "extension")
    press(page, "Write")
    yield "sheet"
    page.fill("#w-opening", "Thank you for calling.")
    press(page, "Look at the letter")
    yield "sheet, with something missing"
    assert page.input_value("#w-opening") == "Thank you for calling."
    page.select_option("#w-reason", "complexity")
    page.fill("#w-explanation", "Your files are in four systems.")
    press(page, "Keep it")
    press(page, "Look at the letter")
    yield "look"
    press(page, "Send the letter")
    assert "not sent yet: the e-mail is waiting to leave" in page.content()
    yield "case page"


def read(page, mailbox):
    """Every page of the person on the way, by name."""
    page.goto(mailed(mailbox, r"/collect/[^/\s]+/"))
    yield "before the code"
    press(page, "Send me a code")
    page.fill("#id_code", mailed(mailbox, r"^\d{8}$"))
    press(page, "Continue")
    yield "open"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it as a PDF").first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    press(page, "Read the letter")
    assert "Your files are in four systems." in page.content()
    yield "letter"


def test_from_the_draft_to_the_reader(browser, live_server, mailoutbox):
    make.register()
    uuid = make.confirmed("access", mailbox=mailoutbox, now=timezone.now()).requests.get().uuid
    staff, person = officer(browser, live_server), somebody(browser, live_server)
    trouble = []
    for state in write(staff, uuid):
        trouble += [f"{state}: {one}" for one in violations(staff, without=OF_THE_THEME)]
        picture(staff, state)
    for state in read(person, mailoutbox):
        trouble += trouble_in(person, state)
        widen(person, 390)
        picture(person, state)
        widen(person, 1440)
    assert trouble == []
    assert staff.complaints == person.complaints == []
