"""A run in a browser: its numbers move while somebody looks on, it is paused, goes on, and is seen to end.

The worker is a thread here, which does what beat has a worker do. What holds it up is what holds up a real one: rows of
people that somebody else has in their hands.
"""

import os
import re
import threading
from contextlib import contextmanager, suppress

import psycopg
import pytest
from dateutil.relativedelta import relativedelta
from django.db import connections
from django.test import Client
from django.utils import timezone

from core.models import Controller
from retention import guard, pace, pages_runs, tasks
from retention.models import Run
from subjects.models import DataSubject, PersonalDataItem
from tests import axe, make_staff
from tests.e2e.browser import opened, pictures_folder
from tests.make_retention import item, live, person, rule
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PEOPLE = 30


@pytest.fixture
def page(chromium, live_server, monkeypatch):
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    # A page that is looked at stays as it is meanwhile. A few people are a batch here.
    monkeypatch.setattr(pages_runs, "AGAIN", 600)
    for name in ("SMALLEST", "FIRST", "LARGEST"):
        monkeypatch.setattr(pace, name, 5)
    client = Client()
    client.force_login(make_staff.account("olga", "dpo"))
    with opened(chromium) as browser:
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        context.set_default_timeout(PATIENCE * 1000)
        yield context.new_page()


@contextmanager
def at_work():
    """Somebody who takes up what was approved, resumed or left, over and over."""
    over = threading.Event()

    def work():
        with suppress(Exception):
            while not over.wait(0.2):
                tasks.resume()
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join(PATIENCE)


@contextmanager
def in_somebodys_hands(superuser_dsn, people):
    """Rows that are locked until what is yielded is called."""
    with psycopg.connect(superuser_dsn) as held:
        held.execute("SELECT 1 FROM subjects_datasubject WHERE id = ANY(%s) FOR UPDATE", [people])
        yield held.rollback


def approved(one, now):
    day = now.astimezone(Controller.current().zone).date()
    guard.approve(one, as_of=day, fingerprint=guard.plan(one, as_of=day, now=now).fingerprint, by="user:1", now=now)


@contextmanager
def looking_on(page, monkeypatch, address):
    """A tab in which nobody presses anything. Five seconds are for people; the header is the same."""
    with monkeypatch.context() as patch:
        patch.setattr(pages_runs, "AGAIN", 1)
        tab = page.context.new_page()
        tab.goto(address)
        yield tab
        tab.close()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def seen(page, name):
    """As it stands, at both widths."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px wider than {width} px"
        if folder := pictures_folder():
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_run_is_watched_paused_and_resumed(page, live_server, superuser_dsn, monkeypatch):
    now = timezone.now()
    old = now.date() - relativedelta(years=3)
    for number in range(PEOPLE):
        item(person(number), ["newsletter"], old)
    everybody = sorted(DataSubject.objects.values_list("pk", flat=True))
    approved(rule(live()), now)
    first, rest = everybody[: PEOPLE // 2], everybody[PEOPLE // 2 :]
    with (
        in_somebodys_hands(superuser_dsn, first) as let_go,
        in_somebodys_hands(superuser_dsn, rest) as let_go_of_rest,
        at_work(),
    ):
        assert wait_until(Run.objects.exists)
        run = Run.objects.get()
        address = f"/admin/forgetting/runs/{run.uuid}/"
        page.goto(address)
        assert "No row is worked yet." in page.inner_text(".office")
        seen(page, "begun")
        with looking_on(page, monkeypatch, address) as tab:
            let_go()
            tab.wait_for_selector(f"text={len(first)} rows worked by now")
        page.reload()
        assert page.locator("progress").get_attribute("value") == str(len(first))
        seen(page, "moving")
        press(page, "Pause")
        page.wait_for_selector("text=Paused before its next batch.")
        assert page.url.endswith(f"/runs/{run.uuid}/")
        let_go_of_rest()
        page.wait_for_selector(".of-tag:has-text('Paused')")
        seen(page, "paused")
        assert axe.violations(page, context=".office") == []
        # What it had in its hands when it was paused is undone.
        assert PersonalDataItem.objects.count() == len(rest)
        press(page, "Go on")
        page.wait_for_selector("text=It goes on within minutes.")
        with looking_on(page, monkeypatch, address) as tab:
            tab.wait_for_selector("text=Download the certificate")
        page.reload()
    done = page.inner_text(".office")
    assert re.search(rf"Records erased\s+{PEOPLE}\s+People erased\s+{PEOPLE}", done), done
    assert not page.locator("progress").count()
    seen(page, "ended")
    assert not DataSubject.objects.exists()
