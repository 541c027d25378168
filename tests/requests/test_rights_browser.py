"""Whole journeys through a browser: an objection to marketing, one on somebody's own grounds, and taking data along."""

import json
import os
import re
import zipfile

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from consents import permission
from core.outbox import deliver_due
from ledger import signing
from requests import objecting
from requests.models import RightsRequest
from subjects import relationships
from subjects.identifiers import Claim
from tests import make_consents, make_register, make_subjects
from tests import make_office as make
from tests.e2e.browser import opened
from tests.requests.test_public_accessibility import sticks_out, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium, live_server, monkeypatch, settings):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.BASE_URL = live_server.url
    make.register()
    with opened(chromium) as browser:
        yield browser


@pytest.fixture
def somebody(browser, live_server) -> Page:
    return browser.new_context(
        viewport={"width": 320, "height": 800}, base_url=live_server.url, accept_downloads=True
    ).new_page()


@pytest.fixture
def officer(browser, live_server) -> Page:
    client = Client()
    client.force_login(make.staff())
    context = browser.new_context(base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


def good(page):
    """Nothing sticks out at 320 px, and nothing is in the way of somebody who cannot see."""
    assert not sticks_out(page), page.url
    assert violations(page) == [], page.url


def ask(page, right, *answers):
    """The public form, from the first question to the last page."""
    page.goto("/rights/")
    page.check(f"input[value={right}]")
    press(page, "Continue")
    for field, value in (*answers, ("#id_name", "Grace Hopper"), ("#id_email", make.EMAIL), ("#id_details", "")):
        if field.startswith("input"):
            page.check(field)
        else:
            page.fill(field, value)
        press(page, "Continue")
    press(page, "Send request")
    good(page)
    return RightsRequest.objects.get()


def mail(mailoutbox, pattern):
    deliver_due(now=timezone.now())
    return next(found for one in reversed(mailoutbox) if (found := re.search(pattern, one.body, re.M))).group(1)


def show_the_mailbox(page, mailoutbox):
    page.goto(mail(mailoutbox, r"(http\S+/rights/confirm/\S+)"))
    press(page, page.get_by_role("button").last.inner_text())


def collect(page, mailoutbox):
    page.goto(mail(mailoutbox, r"(http\S+/collect/\S+)"))
    press(page, "Send me a code")
    page.fill("#id_code", mail(mailoutbox, r"^(\d{8})$"))
    press(page, "Continue")
    good(page)


def verdict(slug):
    found = permission.may_process(Claim("email", make.EMAIL), slug, "", now=timezone.now())
    return found.allowed, found.reason


def test_somebody_stops_marketing_and_has_the_proof(somebody, mailoutbox):
    make.person("direct-sales")
    found = ask(somebody, "marketing")
    text = somebody.locator("main").inner_text()
    assert "Stopped at once: All direct marketing." in text
    assert "You need do nothing more." in text
    assert (found.state, found.due_on) == ("fulfilled", None)
    assert verdict("direct-sales") == (False, "objected")
    receipt = json.loads(signing.verify(mail(mailoutbox, r"(eyJ[\w-]+\.[\w-]+\.[\w-]+)")))
    assert {choice["status"] for choice in receipt["choices"]} == {"withdrawn"}


def test_somebody_objects_on_their_own_grounds_and_hears_why(somebody, officer, mailoutbox):
    now = timezone.now()
    for slug in ("fraud-screening", "contact-enquiries"):
        purpose = make_register.purpose(slug, "f", categories=("name",))
        make_consents.assessment(purpose, approved=now)
        subject = make.person(slug)
        relationships.establish(subject, purpose, role="prospect", ground="met", now=now, actor="x")
    assert verdict("fraud-screening")[0]
    found = ask(somebody, "objection", ("#id_objection", "Somebody used my name. I am screened for what they did."))
    assert verdict("fraud-screening") == (False, "restricted")
    show_the_mailbox(somebody, mailoutbox)
    officer.goto(reverse("admin:rights-request", args=[found.uuid]))
    assert "Held still while it is weighed: Contact enquiries, Fraud screening" in officer.locator("body").inner_text()
    card = officer.locator(".of-card", has=officer.get_by_role("heading", name="Fraud screening"))
    card.locator("select").select_option("compelling-grounds")
    card.locator("textarea").fill("Two deliveries in your name were never paid, whoever ordered them.")
    with officer.expect_navigation():
        card.get_by_role("button", name="Decide").click()
    press(officer, "Confirm the open proposal")
    press(officer, "Check the answer")
    assert "Two deliveries in your name" in officer.locator(".of-letter").inner_text()
    press(officer, "Send the answer")
    assert "Answered, partly refused" in officer.locator("body").inner_text()
    collect(somebody, mailoutbox)
    with somebody.expect_navigation():
        somebody.get_by_role("button", name=re.compile("^Read the letter")).first.click()
    letter = somebody.locator("main").inner_text()
    for words in ("We uphold your objection in part.", "Two deliveries in your name", "164A"):
        assert words in letter
    good(somebody)
    assert objecting.lift_answered(now=timezone.now()) == 1
    assert verdict("fraud-screening")[0]
    assert verdict("contact-enquiries") == (False, "objected")


def test_somebody_takes_their_data_along_and_gives_it_to_another_company(
    browser, live_server, somebody, officer, mailoutbox, tmp_path
):
    make.person("newsletter", token="TOKEN")
    make_subjects.item(
        make.person(), "newsletter", content="INFERRED", category="name", nature="inferred", now=timezone.now()
    )
    found = ask(somebody, "portability", ("input[value=me]", ""))
    show_the_mailbox(somebody, mailoutbox)
    officer.goto(reverse("admin:rights-request", args=[found.uuid]))
    press(officer, "Make the set of data")
    assert "1 record goes along; 1 that was inferred does not." in officer.locator("body").inner_text()
    press(officer, "Check the answer")
    press(officer, "Send the answer")
    collect(somebody, mailoutbox)
    with somebody.expect_download() as taken:
        somebody.get_by_role("button", name="Download my data").click()
    taken.value.save_as(tmp_path / "mine.zip")
    data = zipfile.ZipFile(tmp_path / "mine.zip").read("data/data.jsonld").decode()
    assert "TOKEN" in data
    assert "INFERRED" not in data
    somebody.get_by_role("link", name="Make a link for somebody else").click()
    press(somebody, "Make the link")
    assert "There is a problem" in somebody.locator("main").inner_text()
    good(somebody)
    somebody.fill("#id_name", "Octopus Ltd")
    press(somebody, "Make the link")
    good(somebody)
    link = somebody.locator("code").inner_text()
    other = browser.new_context(viewport={"width": 320, "height": 800}, base_url=live_server.url).new_page()
    other.goto(link)
    good(other)
    assert "Grace" not in other.locator("body").inner_text()
    with other.expect_download() as handed:
        other.get_by_role("button", name="Download it").click()
    handed.value.save_as(tmp_path / "theirs.zip")
    assert (tmp_path / "theirs.zip").read_bytes() == (tmp_path / "mine.zip").read_bytes()
    other.goto(link)
    assert "This link does not work any more" in other.locator("main").inner_text()
    good(other)
    somebody.get_by_role("link", name="Back", exact=True).click()
    assert re.search(r"Octopus Ltd\s+Used\s+They downloaded it on", somebody.locator("main").inner_text())
    good(somebody)
    officer.reload()
    assert "Octopus Ltd" in officer.locator("body").inner_text()
    other.context.close()
