"""Double opt-in as a person goes it: a form with a slip in it, the mail, the button behind its link, the receipt."""

import os
import re

import pytest
from django.utils import timezone

from consents.models import ConsentEvent, ConsentForm
from core.models import Controller
from core.outbox import deliver_due
from tests import make_consents as make
from tests import make_office
from tests.e2e.browser import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 320, "height": 640}


@pytest.fixture
def page(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make_office.controller()
    make.published(controllers=[Controller.current().name])
    ConsentForm.objects.update(double_opt_in=True)
    with opened(chromium) as browser:
        context = browser.new_context(viewport=NARROW, base_url=live_server.url, java_script_enabled=False)
        yield context.new_page()
        context.close()


def press(page, name):
    button = page.get_by_role("button", name=name, exact=True)
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_nothing_begins_before_the_button_in_the_mail(page, mailoutbox):
    page.goto("/forms/join/")
    page.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    page.fill("#id_email", "ada@example")
    press(page, "Save my choice")
    # The summary leads to the field, and what was ticked stays so.
    with page.expect_navigation(url=re.compile("#id_email$")):
        page.get_by_role("link", name="This is not a possible e-mail address").click()
    assert page.get_by_role("checkbox").is_checked()
    page.fill("#id_email", "ada@example.com")
    press(page, "Save my choice")
    assert "Nothing begins before the button" in page.inner_text("main")
    deliver_due(now=timezone.now())
    link = re.search(r"https?://[^/]+(/consent/confirm/\S+)", mailoutbox[-1].body)[1]
    page.goto(link)
    assert "Nothing has begun" in page.inner_text("main")
    assert not ConsentEvent.objects.exists()
    press(page, "Yes, that was me")
    assert "You have agreed to" in page.inner_text("main")
    assert make.reason(now=timezone.now()) == "+consent-given"
    with page.expect_download() as got:
        page.get_by_role("button", name="Download your receipt").click()
    text = got.value.path().read_text()
    assert "Given (dpv:ConsentGiven)" in text
    page.goto(link)
    assert "This link does not work any more" in page.inner_text("main")
