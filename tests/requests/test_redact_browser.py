"""Marking a page with a mouse and with the keyboard alone, under the site's own policy for scripts."""

import os

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from requests import found
from requests.models import Box, FoundDocument
from tests import axe, make_found
from tests import make_office as make
from tests.e2e.browser import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(chromium, live_server, monkeypatch, mailoutbox):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make.register(manual=True)
    make.person("newsletter")
    access = make.confirmed("access", mailbox=mailoutbox).requests.get()
    system = access.tasks.get(system__slug="crm").system
    found.add(access, system, "mail.eml", make_found.mail(), actor=make.OFFICER, now=make.NOW)
    client = Client()
    client.force_login(make.staff())
    with opened(chromium) as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 2200}, base_url=live_server.url)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(reverse("admin:rights-request", args=[access.uuid]))
        # With its picture, which is what boxes are drawn on.
        with page.expect_navigation():
            page.get_by_role("button", name="Look through its pages").click()
        yield page
        context.close()


def boxes(page):
    lines = page.input_value("#boxes").splitlines()
    return [[float(number) for number in line.split()] for line in lines]


def test_boxes_by_mouse_and_by_keyboard(page):
    sheet = page.locator(".of-page").bounding_box()
    x, y = sheet["x"] + sheet["width"] * 0.1, sheet["y"] + sheet["height"] * 0.05
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + sheet["width"] * 0.3, y + sheet["height"] * 0.02, steps=5)
    page.mouse.up()
    [drawn] = boxes(page)
    assert drawn == pytest.approx([10, 5, 40, 7], abs=0.5)
    page.get_by_role("button", name="Add a box").focus()
    page.keyboard.press("Enter")
    assert boxes(page)[1] == [40, 45, 60, 50]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Alt+ArrowUp")
    assert boxes(page)[1] == pytest.approx([39, 44.9, 59, 50.9])
    page.get_by_role("button", name="Add a box").press("Enter")
    page.keyboard.press("Delete")
    assert len(boxes(page)) == 2
    page.fill("#boxes", "1 2 3 4\n39 44.9 59 50.9")
    assert page.locator(".of-box").count() == 2
    assert axe.violations(page, context=".office") == []
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/redaction.png", full_page=True)
    page.select_option("select[name=code]", "privilege")
    page.fill("textarea[name=why]", "Advice.")
    page.get_by_role("button", name="Black out", exact=True).click()
    page.get_by_text("It is marked.").wait_for()
    assert Box.objects.count() == 2
    assert FoundDocument.objects.get().checked_at is None
    assert page.complaints == []
