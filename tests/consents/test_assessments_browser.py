"""An assessment in a browser: begun, left, resumed, submitted, approved by another, and read by the public."""

import os

import pytest
from django.test import Client
from django.utils import timezone

from consents.assessments_questions import BALANCE_FORM, Shape
from processing.models import PurposeVersion
from tests import axe, make_register, make_staff
from tests import make_consents as make
from tests.e2e.browser import opened, pictures_folder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = {"u1": "We want to find customers.", "u2": "We need an address.", "u3": "One word ends it."}


@pytest.fixture
def browser(chromium, live_server, monkeypatch, settings):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.BASE_URL = live_server.url
    with opened(chromium) as browser:
        yield browser


def staff(browser, live_server, name, role):
    client = Client()
    client.force_login(make_staff.account(name, role))
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def follow(page, name):
    with page.expect_navigation():
        page.get_by_role("link", name=name).first.click()


def good(page, name):
    """Nothing sticks out sideways, and nothing of ours is in the way of somebody who cannot see."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than {width} px"
        if folder := pictures_folder():
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert axe.violations(page, context=".office" if "/admin/" in page.url else "main") == []


def fill(page, part, said):
    for question in part.questions:
        value = said.get(question.key)
        if value and question.shape is Shape.WORDS:
            page.fill(f"#id_{question.key}", value)
        for code in value if isinstance(value, list) else [value] if question.choices and value else []:
            page.check(f"input[name={question.key}][value={code}]")


def test_it_is_begun_resumed_submitted_approved_and_read_by_the_public(browser, live_server):
    make_register.draft("direct-sales", "f", title="Finding customers")
    author = staff(browser, live_server, "rita", "registrar")
    said = {**make.assessed(**WORDS), "decision": "rely_with_safeguards", "justification": "It touches work only."}
    author.goto("/admin/assessments/")
    good(author, "list")
    follow(author, "Finding customers")
    good(author, "begin")
    press(author, "Begin the assessment")
    for part in BALANCE_FORM[:3]:
        good(author, part.slug)
        fill(author, part, said)
        press(author, "Save and continue")
    author.fill("#id_n1", said["n1"])
    press(author, "Save and come back later")
    assert "questions are open" in author.locator(".office").inner_text()
    good(author, "draft")
    author.goto("/admin/assessments/")
    follow(author, "draft of version 1")
    good(author, "open")
    follow(author, "Could you reach the purpose without the data?")
    assert author.input_value("#id_n1") == said["n1"]
    assert author.url.endswith("/draft/necessity/#id_n3")
    for part in BALANCE_FORM[3:-1]:
        fill(author, part, said)
        press(author, "Save and continue")
    fill(author, BALANCE_FORM[-1], said)
    good(author, "outcome")
    press(author, "Save and check")
    good(author, "check")
    press(author, "Submit for approval")
    good(author, "submitted")

    other = staff(browser, live_server, "anna", "approver")
    other.goto("/admin/")
    follow(other, "Assessment of direct-sales")
    good(other, "approve")
    press(other, "Approve")
    assert "Version 1 is approved." in other.locator("body").inner_text()
    good(other, "approved")

    PurposeVersion.objects.get().publish(now=timezone.now(), actor=make.ACTOR)
    person = browser.new_context(base_url=live_server.url).new_page()
    person.goto("/interests/")
    good(person, "interests")
    follow(person, "Finding customers")
    good(person, "interest")
    text = person.locator("main").inner_text()
    for words in (*WORDS.values(), "with one word or one click"):
        assert words in text
    assert said["justification"] not in text
