"""The ways to one's choices as people go them: by keyboard from a mail, and from the hub with a code."""

import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from consents import unsubscribe
from consents.models import ConsentEvent, Suppression
from core.models import Controller
from core.outbox import deliver_due
from tests import make_consents as make
from tests import make_office
from tests.e2e.browser import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADA = "ada@example.com"
NARROW = {"width": 320, "height": 640}
CONTROLS = [make.control(), make.control("newsletter-sms", channel="sms", label="Text me.")]


@pytest.fixture
def page(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make_office.controller()
    make.published(controls=CONTROLS, controllers=[Controller.current().name])
    make.captured(choices={"newsletter-email": True, "newsletter-sms": True})
    with opened(chromium) as browser:
        context = browser.new_context(viewport=NARROW, base_url=live_server.url, java_script_enabled=False)
        yield context.new_page()
        context.close()


def status(page):
    return page.locator("[role=status]").inner_text()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def standing():
    return make.reason(now=timezone.now())


def test_from_a_mail_by_keyboard_without_scripts(page):
    """Ends a channel, takes the receipt along, takes it back, and pauses."""
    page.goto("/preferences/" + unsubscribe.links("newsletter", [ADA])[0].preferences.partition("/preferences/")[2])
    page.locator("#a_1_2").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "ended (Text me.)" in status(page)
    assert not page.locator("#a_1_2").is_checked()
    with page.expect_download() as got:
        page.get_by_role("link", name="Receipt").click()
    assert "eyJ" in got.value.path().read_text()
    press(page, "Undo")
    assert "It is as it was before." in status(page)
    assert page.locator("#a_1_2").is_checked()
    until = timezone.localdate() + timedelta(days=20)
    page.fill("#id_until", until.isoformat())
    press(page, "Pause")
    assert f"Paused until {until.day} {until:%B %Y}." in page.inner_text("main")
    assert standing() == "paused"
    press(page, "End the pause now")
    assert standing() == "+consent-given"


def test_from_the_hub_with_a_code_and_by_one_click(page, mailoutbox):
    page.goto("/")
    with page.expect_navigation():
        page.get_by_role("link", name="Choose what we may write to you").click()
    page.fill("#id_email", ADA)
    press(page, "Send me a code")
    deliver_due(now=timezone.now())
    page.fill("#id_code", re.search(r"\d{4} \d{4}", mailoutbox[-1].body)[0])
    press(page, "Show my choices")
    press(page, "Stop all marketing")
    assert "All our marketing: ended" in status(page)
    assert Suppression.objects.filter(purpose=None, lifted_at=None).exists()
    press(page, "Undo")
    assert standing() == "+consent-given"
    # The link of a mail: a scanner looks and nothing happens, the mailbox provider posts and it ends.
    link = "/u/" + unsubscribe.links("newsletter", [ADA])[0].url.partition("/u/")[2]
    page.goto(link)
    assert standing() == "+consent-given"
    answer = page.request.post(link, form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert (answer.status, answer.body()) == (200, b"")
    assert standing() == "objected"
    assert ConsentEvent.objects.filter(collected_by="one_click", status="withdrawn").exists()
