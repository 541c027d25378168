"""Every page of the office with the demo's data in it: axe finds nothing, and nothing sticks out at 320 px.

PICTURES=FOLDER keeps a picture of every page.
"""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from breaches.models import Breach
from core.models import User
from office.models import Merge
from processing.models import System
from requests.models import Complaint, RightsRequest
from retention import holds
from retention.models import RetentionRule, WaitingSet
from subjects import applications
from subjects.identifiers import Claim
from subjects.models import Organisation, Relationship
from subjects.people import find
from tests import axe, make_imports, make_inbox
from tests.e2e.browser import opened
from tests.make_demo import KEY, PASSWORD, demo

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 1440)
# Also in parts that are shut. The style sheet names the kinds of fields, and axe does not see one that it forgets.
BARE = """[...document.querySelectorAll('.office :is(input, select, textarea)')].filter(field =>
    !['hidden', 'checkbox', 'radio', 'submit'].includes(field.type) && getComputedStyle(field).borderTopWidth === '0px'
    ).map(field => field.outerHTML)"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def browser(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    monkeypatch.setenv("DEMO_API_KEY", KEY)
    demo()
    with opened(chromium) as browser:
        yield browser


def page_of(browser, live_server, name=""):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
    if name:
        client = Client()
        client.force_login(User.objects.get(username=name))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(f"{page.url} {message.text}"))
    page.on("pageerror", lambda error: page.complaints.append(f"{page.url} {error}"))
    return page


def trouble_in(page, name, walk):
    told = [f"{name}: {one}" for one in walk.violations(page)]
    told += [f"{name}: a field without a border: {field}" for field in page.evaluate(BARE)]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        told += [f"{name}: {wide} px wider than {width} px"] if wide > 0 else []
        if os.environ.get("PICTURES"):
            slug = re.sub(r"[^a-z]+", "-", name).strip("-")
            page.screenshot(path=Path(os.environ["PICTURES"], f"{slug}-{width}.png"), full_page=True)
    return told


def addresses():
    """Everything that opens by its address, by name."""
    at = lambda name, *args: reverse(f"admin:{name}", args=args)  # noqa: E731
    waits()
    yield "today", at("index")
    for name in ("rights-queue", "case-add", "complaints", "people", "organisations", "data-in", "person-add"):
        yield name, at(name)
    for name in ("breaches", "breach-add", "mailbox", "cookie-proof", "assessments", "webhooks", "webhook-add"):
        yield name, at(name)
    for name in ("forgetting", "rule-new", "rule-suggestions", "hold-add", "api-keys", "api-key-add"):
        yield name, at(name)
    for name in ("statistics", "privacy-notices", "privacy-notice-write"):
        yield name, at(name)
    states = {}
    for request in RightsRequest.objects.order_by("pk"):
        states.setdefault((request.right, request.state), request)
    for (right, state), request in states.items():
        yield f"{right} {state}", at("rights-request", request.uuid)
    yield "complaint", at("complaint", Complaint.objects.get().uuid)
    yield "person", at("person", Merge.objects.get().kept)
    applied = Relationship.objects.filter(purpose__slug="recruitment").first()
    yield "application", at("application-close", applied.subject.uuid, applied.uuid)
    employed = hired(applied)
    yield "employment", at("employment-end", employed.subject.uuid, employed.uuid)
    yield "organisation", at("organisation", Organisation.objects.first().uuid)
    yield "breach", at("breach", Breach.objects.get().uuid)
    yield "hold", at("hold", held().uuid)
    yield "message", at("mail", make_inbox.stored(now=timezone.now()).uuid)
    yield "second step", reverse("mfa_index")
    yield "sessions", reverse("usersessions_list")


def waits():
    rule = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE).order_by("pk")[0]
    now = timezone.now()
    WaitingSet.objects.create(rule=rule, as_of=now.date(), rows=3, why="first-run", since=now)


def hired(applied):
    now = timezone.now()
    acting = {"now": now, "actor": "user:dpo"}
    reopened = applications.reopen(applied, **acting)
    applications.close(reopened, outcome="hired", on=now.date(), employment="employment", **acting)
    return Relationship.objects.get(subject=applied.subject, role="employee")


def held():
    now = timezone.now()
    systems = [System.objects.get(slug="crm")]
    return holds.place(
        matter="M-2026-1",
        reason="claim",
        systems=systems,
        review_due=now.date() + timedelta(days=90),
        actor="user:dpo",
        now=now,
    )


def acts(page):
    """What opens by a form only."""
    page.goto(reverse("admin:people"))
    page.locator(".office form [name=text]").first.fill("Testperson")
    press(page, page.locator(".office form button"))
    yield "people found"
    kept, other = Merge.objects.get().kept, find([Claim("email", "ben.testperson@example.org")]).uuid
    page.goto(reverse("admin:person", args=[kept]))
    page.select_option("#purpose", "rights-requests")
    press(page, page.locator("form[action$='/show/'] button"))
    yield "person shown"
    page.goto(reverse("admin:person", args=[other]))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield "person, all opened"
    request = RightsRequest.objects.filter(state="in_progress").first()
    page.goto(reverse("admin:rights-request", args=[request.uuid]))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield "request, all opened"
    page.goto(reverse("admin:person", args=[kept]))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.locator("form[action$='/merge/'] [name=text]").fill("ben.testperson@example.org")
    press(page, named(page, "See what would happen"))
    yield "merge plan"
    yield from steps_of_an_import(page)
    yield from steps_to_a_second_factor(page)


def press(page, button):
    # A click alone does not wait: what looks at the page next may meet the one that is going.
    with page.expect_navigation():
        button.first.click()


def named(page, name):
    return page.get_by_role("button", name=name, exact=True)


def steps_of_an_import(page):
    rows = [make_imports.person(), make_imports.person(email="no address")]
    page.goto(reverse("admin:data-in"))
    file = {"name": "old.csv", "mimeType": "text/csv", "buffer": make_imports.text(rows).encode()}
    page.set_input_files("input[type=file]", file)
    press(page, named(page, "Read the file"))
    yield "columns of a file"
    press(page, named(page, "Check every row"))
    yield "rows of a file"


def steps_to_a_second_factor(page):
    for name in ("mfa_activate_totp", "mfa_add_webauthn"):
        page.goto(reverse(name))
        if page.locator("[type=password]").count():
            yield "password again"
            page.fill("[type=password]", PASSWORD)
            with page.expect_navigation():
                page.press("[type=password]", "Enter")
        yield f"{name}"
    page.goto(reverse("mfa_activate_totp"))
    page.fill("[name=code]", "000000")
    press(page, named(page, "Set up"))
    yield "mfa, wrong code"


def test_every_page_of_the_office_is_clean(browser, live_server):
    page, trouble, seen, walk = page_of(browser, live_server, "dpo"), [], 0, axe.Walk(RULES)
    for name, address in addresses():
        answer = page.goto(address)
        trouble += [f"{name}: {answer.status}"] if answer.status != 200 else trouble_in(page, name, walk)
        seen += 1
    for name in acts(page):
        trouble += trouble_in(page, name, walk)
    assert seen > 25
    assert walk.examined > 20
    for role in ("auditor", "registrar"):
        page = page_of(browser, live_server, role)
        page.goto(reverse("admin:index"))
        trouble += trouble_in(page, f"today of {role}", walk)
    stranger = page_of(browser, live_server)
    stranger.goto(reverse("account_login"))
    trouble += trouble_in(stranger, "sign in", walk)
    assert "\n".join(trouble) == ""
    assert page.complaints == []


def test_the_menu_opens_by_keyboard_on_a_narrow_screen(browser, live_server):
    page = page_of(browser, live_server, "dpo")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(reverse("admin:index"))
    menu = page.get_by_role("button", name="Menu", exact=True)
    assert menu.get_attribute("aria-expanded") == "false"
    # It is the first thing that Tab comes to, but for the way past it.
    for _step in range(3):
        page.keyboard.press("Tab")
        if menu.evaluate("sign => sign === document.activeElement"):
            break
    page.keyboard.press("Enter")
    closing = page.get_by_role("button", name="Close the menu")
    expect(closing).to_be_focused()
    assert menu.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    assert menu.get_attribute("aria-expanded") == "false"
    assert page.complaints == []
