"""The page that asks where else to look, as a person meets it: from the mail, on a narrow screen, seen by axe."""

import os
import re

import pytest
from django.utils import timezone

from core.outbox import deliver_due
from requests import asking_where
from tests import axe, make_requests
from tests import make_office as make
from tests.e2e.browser import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def send(page):
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()


def is_clean(page):
    assert axe.violations(page, RULES) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_from_the_mail_to_the_answer(chromium, live_server, mailoutbox, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make.register()
    now = timezone.now()
    request = make_requests.case("access", now=now).requests.get()
    asked = asking_where.ask(request, actor=make.OFFICER, now=now)
    deliver_due(now=timezone.now())
    link = re.search(r"/rights/where/[^/\s]+/", mailoutbox[-1].body).group(0)
    with opened(chromium) as browser:
        context = browser.new_context(viewport={"width": 320, "height": 900}, base_url=live_server.url)
        page = context.new_page()
        page.goto(link)
        is_clean(page)
        send(page)
        assert page.title().startswith("Error: ")
        is_clean(page)
        page.fill("#id_employer", "Analytical Ltd")
        page.keyboard.press("Tab")
        send(page)
        assert page.locator("h1").inner_text() == "Thank you"
        is_clean(page)
        context.close()
    asked.refresh_from_db()
    assert asked.ended == "answered"
