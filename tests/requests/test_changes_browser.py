"""Correcting and restricting in a browser: the person asks, staff propose and decide, the person reads the letter."""

import os
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core.outbox import deliver_due
from requests.models import RightsRequest
from subjects import items
from subjects.models import PersonalDataItem, Restriction
from tests import make_office as make
from tests.e2e.browser import FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def two(chromium, live_server, monkeypatch):
    """The person at a narrow screen, and somebody of the staff."""
    from playwright.sync_api import sync_playwright

    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    client = Client()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        person = opened(browser, live_server, 320)
        client.force_login(make.staff())
        officer = opened(browser, live_server, 1440)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        officer.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        yield person, officer
        assert [*person.complaints, *officer.complaints] == []
        browser.close()


def opened(browser, live_server, width):
    page = browser.new_context(viewport={"width": width, "height": 900}, base_url=live_server.url).new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


def mailed(mailbox, pattern):
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    return next(found for mail in reversed(mailbox) if (found := re.search(pattern, mail.body, re.M))).group(0)


def ask(page, mailbox, right, fill):
    page.goto("/rights/")
    page.check(f"input[value={right}]")
    press(page, "Continue")
    fill(page)
    for field, value in (("name", "Grace Hopper"), ("email", make.EMAIL), ("details", "")):
        press(page, "Continue")
        page.fill(f"#id_{field}", value)
    press(page, "Continue")
    press(page, "Send request")
    page.goto(mailed(mailbox, r"/rights/confirm/[^/\s]+/"))
    press(page, "Confirm")
    return RightsRequest.objects.get(right=right)


def propose(page, held, right):
    """On the page that shows what we hold: what would be right."""
    card = page.locator(".of-card", has_text=held)
    card.get_by_text("Propose a correction").click()
    card.locator("textarea").fill(right)
    with page.expect_navigation():
        card.get_by_role("button", name="Propose").click()


def decide(page, reason, words=""):
    """The first correction that nobody has decided about."""
    cards = page.locator(".of-card", has_text="Not decided yet.")
    form = cards.first.locator("form[action$='/decide/']")
    form.locator("select").select_option(reason)
    form.locator("textarea").fill(words)
    with page.expect_navigation():
        form.get_by_role("button", name="Decide").click()


def read(page, mailbox):
    """The letter as the person reads it: the link, a fresh code, and the page."""
    page.goto(mailed(mailbox, r"/collect/[^/\s]+/"))
    press(page, "Send me a code")
    if not page.locator("#id_code").count():
        with page.expect_navigation():
            page.get_by_role("link", name="I already have a code").click()
    page.fill("#id_code", mailed(mailbox, r"^\d{6,8}$"))
    press(page, "Continue")
    with page.expect_navigation():
        page.get_by_role("button", name="Read the letter").first.click()
    return page.inner_text("body")


@pytest.fixture
def subject(transactional_db):
    make.register()
    return make.person("newsletter", "contract-administration", token="Grase")


def test_a_name_is_corrected(subject, two, mailoutbox):
    person, officer = two
    rights_request = ask(person, mailoutbox, "rectification", lambda page: page.fill("#id_wrong", "My name is Grace."))
    officer.goto(f"/admin/rights/{rights_request.uuid}/")
    press(officer, "Do not use it until this is checked")
    assert "Accuracy is contested" in officer.inner_text("body")
    press(officer, "Show what we hold, to correct it")
    assert "My name is Grace." in officer.inner_text("body")
    propose(officer, "Grase for newsletter", "Grace Hopper")
    decide(officer, "inaccurate")
    press(officer, "Show what we hold, to correct it")
    propose(officer, "Grase for contract-administration", "Grace H.")
    assert "Decide about 1 correction." in officer.inner_text("body")
    decide(officer, "accurate", "It is how you signed the contract.")
    press(officer, "Check the answer")
    assert "it now reads “Grace Hopper”" in officer.inner_text(".of-letter")
    press(officer, "Send the answer")
    letter = read(person, mailoutbox)
    for words in ("What we corrected", "you say “Grace H.”: We checked it, and it is right", "how you signed"):
        assert words in letter
    assert "Grase" not in letter
    item = PersonalDataItem.objects.get(needs__purpose__slug="newsletter")
    assert items.contents([item])[item.pk] == '"Grace Hopper"'
    rights_request.refresh_from_db()
    assert rights_request.state == "partly_fulfilled"


def test_data_are_stored_and_not_used_until_the_person_is_told(subject, two, mailoutbox):
    person, officer = two
    rights_request = ask(person, mailoutbox, "restriction", lambda page: page.check("input[value=claim]"))
    officer.goto(f"/admin/rights/{rights_request.uuid}/")
    assert "you need it for a legal claim" in officer.inner_text("body")
    press(officer, "Confirm all 2 open proposals")
    press(officer, "Check the answer")
    press(officer, "Send the answer")
    assert "What we store and do not use" in read(person, mailoutbox)
    assert Restriction.objects.filter(lifted_at=None).count() == 2
    officer.goto(f"/admin/rights/{rights_request.uuid}/")
    officer.fill("textarea[name=why]", "The claim is over, as you wrote.")
    press(officer, "Send the notice")
    assert not officer.get_by_role("button", name="End the restriction").count()
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    officer.reload()
    press(officer, "End the restriction")
    assert "The restriction has ended." in officer.inner_text("body")
    assert not Restriction.objects.filter(lifted_at=None).exists()
