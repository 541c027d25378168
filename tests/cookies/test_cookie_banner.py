"""The example site as somebody would copy it, in a real browser: with JavaScript, without, and with the signal."""

import functools
import json
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import sync_playwright

from consents import withdraw
from cookies import linking
from cookies.models import CookieChoice
from core import apikeys
from core.models import ApiKey
from subjects import people
from subjects.identifiers import Claim
from tests import axe
from tests import make_cookies as make
from tests.waiting import wait_until

FOLDER = Path(settings.BASE_DIR) / "examples/marketing-site"
NAME = "kp_cookies_kraken-im"
DEMO = ("http://127.0.0.1:8000", "kp_demosite_publishable-key-of-the-demo-which-is-no-secret")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGNAL = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Site(SimpleHTTPRequestHandler):
    """The example's files, with the address and the key that somebody would have put in."""

    given = DEMO

    def do_GET(self):
        path = FOLDER / self.path.partition("?")[0].lstrip("/")
        if path.name != "cookies.html":
            return super().do_GET()
        text = path.read_text()
        for demo, given in zip(DEMO, self.given, strict=True):
            text = text.replace(demo, given)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def site(live_server, client, settings):
    client.get("/api/v1/forms/newsletter/")  # the first request of a process loads the addresses, which takes its time
    settings.BASE_URL = live_server.url
    handler = type("Copied", (Site,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(FOLDER))) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        hosts = [f"http://{name}.shop.test:{server.server_port}" for name in ("www", "news")]
        origins = [origin, live_server.url.replace("localhost", "127.0.0.1")]
        made = make.site("kraken-im", origins=origins, cookie_domain="shop.test")
        made.cookies.filter(pattern="_seen*").update(pattern="_example_visits*")
        make.line(made, "_example_path", kind="session")
        make.line(made, "_video_viewer", domain="video.example.com", provider="Example Video Ltd")
        make.published("kraken-im")
        key = apikeys.create("site", ["consents:write"], kind="publishable", origins=[origin])[1]
        # A key is made for https alone; this server has none.
        ApiKey.objects.update(origins=[origin, *hosts])
        handler.given = (live_server.url, key)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{origin}/cookies.html"
        server.shutdown()


@pytest.fixture
def browser(chromium, monkeypatch):
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        flags += ["--host-resolver-rules=MAP *.shop.test 127.0.0.1"]
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


def opened(browser, **options):
    page = browser.new_context(viewport={"width": 1280, "height": 800}, **options).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def measured(page):
    return page.evaluate("document.documentElement.dataset.measured || ''")


def runs(page):
    """Whether what waited runs once: the page's policy forbids the browser driver to wait for it by itself."""
    return wait_until(lambda: measured(page)) and measured(page) == "1"


def cookies(page):
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def look(page, name):
    """Clean by axe, nothing sticks out; a picture where PICTURES names a folder."""
    assert axe.violations(page, RULES) == []
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        if os.environ.get("PICTURES"):
            page.screenshot(path=Path(os.environ["PICTURES"], f"{name}-{width}.png"), full_page=True)


def stored(count):
    """What the server has, once it has so many."""
    rows = list(CookieChoice.objects.order_by("id"))
    assert len(rows) == count, rows
    return rows[-1]


def saved(page, words="Your choice is saved"):
    page.get_by_role("status").filter(has_text=words).wait_for()


def alike(page):
    """Accept and reject look alike, and reject comes first."""
    style = """e => { const s = getComputedStyle(e);
        return [s.color, s.backgroundColor, s.font, s.padding, s.border, e.offsetHeight].join('|'); }"""
    names = page.get_by_role("region", name="Cookies").get_by_role("button").all_inner_texts()
    assert names == ["Reject all", "Accept all", "Choose"]
    assert len({button(page, name).evaluate(style) for name in names}) == 1


def test_a_visitor_chooses_changes_their_mind_and_is_remembered(browser, site):
    page = opened(browser)
    page.goto(site)
    alike(page)
    look(page, "banner")
    assert (measured(page), NAME in cookies(page)) == ("", False)
    denied = page.evaluate("Object.fromEntries([...dataLayer].map(one => [one[1], one[2].analytics_storage]))")
    assert denied == {"default": "denied", "update": "denied"}
    # By keyboard alone: the question is the first thing on the page.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    saved(page, "Everything that is not needed is off.")
    no = stored(1)
    assert (no.how, no.granted, no.denied) == ("reject", [], ["site-appearance", "website-analytics"])
    assert measured(page) == ""
    page.reload()
    assert button(page, "Accept all").count() == 0
    # A router brings a frame: it waits too, and can be allowed where it stands.
    page.get_by_role("link", name="Film").click()
    assert page.locator("iframe").get_attribute("src") is None
    look(page, "placeholder")
    page.get_by_role("button", name="Allow “Website analytics” and show it").click()
    page.frame_locator("iframe").get_by_role("heading", name="Stands for a film").wait_for()
    yes = stored(2)
    assert (yes.how, yes.granted, yes.consent_id) == ("embed", ["website-analytics"], no.consent_id)
    assert runs(page)
    assert page.locator("img").get_attribute("src") == "visits.svg"
    assert "_example_visits" in cookies(page)
    assert page.evaluate("[...dataLayer].at(-1)[2].analytics_storage") == "granted"
    button(page, "Hide this message").click()
    # The way back is as short as the way in.
    page.get_by_role("link", name="Cookie settings").click()
    page.get_by_role("dialog").get_by_text("What is used").first.click()
    look(page, "settings")
    page.get_by_label("Website analytics").uncheck()
    button(page, "Save my choice").click()
    saved(page, "Everything that is not needed is off.")
    assert "_video_viewer (Example Video Ltd)" in page.get_by_role("status").inner_text()
    assert button(page, "Load this page again").count() == 1
    look(page, "withdrawn")
    assert stored(3).denied == ["site-appearance", "website-analytics"]
    assert "_example_visits" not in cookies(page)
    assert page.evaluate("sessionStorage.length") == 0
    assert page.locator("iframe").get_attribute("src") is None
    assert page.evaluate("[...dataLayer].at(-1)[2].analytics_storage") == "denied"
    assert page.complaints == []


def test_a_yes_waits_for_its_proof_and_the_no_does_not(browser, site, live_server):
    page = opened(browser)
    page.goto(site)
    page.route("**/api/v1/**", lambda route: route.abort())
    button(page, "Accept all").click()
    saved(page, "could not be reached")
    assert (measured(page), CookieChoice.objects.exists()) == ("", False)
    assert len(json.loads(page.evaluate(f"localStorage['{NAME}_queue']"))) == 1
    page.unroute("**/api/v1/**")
    page.reload()
    assert runs(page)
    assert stored(1).granted == ["website-analytics"]
    assert page.evaluate("localStorage.length") == 0
    # Without our script nothing runs at all: the browser leaves text/plain alone.
    page.route("**/banner.js", lambda route: route.abort())
    page.reload()
    assert measured(page) == ""


def test_the_signal_objects_once_and_a_later_choice_is_respected(browser, site):
    page = opened(browser, extra_http_headers={"Sec-GPC": "1"})
    page.goto(site)
    button(page, "Accept all").click()
    saved(page)
    assert runs(page)
    # Switched on later, it counts, and the visitor is told.
    page.context.add_init_script(SIGNAL)
    page.reload()
    saved(page, "Global Privacy Control")
    assert (measured(page), stored(2).how, stored(2).denied) == ("", "gpc", ["site-appearance", "website-analytics"])
    page.reload()
    assert button(page, "Accept all").count() == 0
    page.get_by_role("link", name="Cookie settings").click()
    button(page, "Accept all").click()
    saved(page)
    page.reload()
    assert runs(page)
    assert (stored(3).how, stored(3).is_gpc) == ("accept", True)


def test_one_choice_holds_on_every_subdomain_and_ends_where_its_person_is_not(browser, site):
    www, news = (site.replace("127.0.0.1", f"{name}.shop.test") for name in ("www", "news"))
    page = opened(browser)
    page.goto(www)
    button(page, "Accept all").click()
    saved(page)
    page.goto(news)
    assert runs(page)
    assert button(page, "Accept all").count() == 0
    # Its person takes it back elsewhere: this browser hears of it when it is here next.
    ada, now = [Claim("email", "ada@example.com")], timezone.now()
    people.find_or_create(ada, now=now, actor=make.ACTOR)
    linking.link(stored(1).consent_id, ada, now=now, actor=make.ACTOR)
    withdraw.withdraw(ada, purposes=["website-analytics"], now=now, actor=make.ACTOR)
    later = page.context.new_page()
    later.goto(www)
    saved(later, "What you took back elsewhere is off in this browser, too.")
    # Of another host's own cookies its banner takes care when it is visited.
    assert "_example_visits" not in later.evaluate("document.cookie")
    assert cookies(later)[NAME].endswith(".!website-analytics")
    later.reload()
    assert (measured(later), CookieChoice.objects.count(), page.complaints) == ("", 1, [])


def test_without_javascript_the_page_does_the_same(browser, site, live_server):
    page = opened(browser, java_script_enabled=False, extra_http_headers={"Sec-GPC": "1"})
    page.goto(site)
    with page.expect_navigation():
        page.get_by_role("link", name="Cookie settings").click()
    page.goto(page.url.replace("localhost", "127.0.0.1"))
    # The signal is heard without a script, and what somebody chooses in spite of it stands.
    assert "asks not to be followed" in page.inner_text("main")
    assert not page.locator("#site-appearance-yes").is_checked()
    with page.expect_navigation():
        button(page, "Accept all").click()
    assert "Your choice is saved" in page.inner_text("main")
    assert (stored(1).how, stored(1).is_gpc) == ("page", True)
    # The same cookie is read where there is JavaScript.
    reader = opened(browser, storage_state=page.context.storage_state())
    reader.goto(site)
    assert runs(reader)
    reader.goto(page.url)
    look(reader, "page")
