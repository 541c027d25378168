"""What only a browser can tell: focus, narrow screens, and a policy that nothing on the pages breaks."""

import os

import pytest
from playwright.sync_api import expect

from tests.requests.public_states import follow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 320, "height": 640}


@pytest.fixture
def page(chromium, live_server, monkeypatch):
    from playwright.sync_api import sync_playwright

    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        context = browser.new_context(viewport=NARROW, base_url=live_server.url)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        yield page
        browser.close()


def narrow_enough(page):
    return page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def targets_are_large_enough(page):
    """WCAG 2.2 SC 2.5.8 for what is not a link in a sentence."""
    boxes = page.locator("button, .button, input:not([type=hidden]):not([tabindex='-1']), .back, .foot-links a")
    sizes = [box.bounding_box() for box in boxes.all()]
    return all(size["width"] >= 24 and size["height"] >= 24 for size in sizes if size)


def test_from_start_to_sent_on_a_narrow_screen(page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    follow(page, "main >> text=Make a request")
    follow(page, "text=Continue")
    assert page.title().startswith("Error: ")
    expect(page.locator(".error-summary")).to_be_focused()
    page.click(".error-summary a")
    expect(page.locator("#id_rights_0")).to_be_focused()
    page.keyboard.press("Space")
    for field, value in (("name", "Grace Hopper"), ("email", "grace@example.com"), ("details", "x" * 200)):
        assert narrow_enough(page), page.url
        assert targets_are_large_enough(page), page.url
        follow(page, "text=Continue")
        page.fill(f"#id_{field}", value)
    follow(page, "text=Continue")
    assert narrow_enough(page)
    follow(page, "text=Change >> nth=1")
    assert page.input_value("#id_name") == "Grace Hopper"
    page.go_back()
    follow(page, "text=Send request")
    assert page.inner_text("h1") == "Request received"
    assert narrow_enough(page)
    assert page.complaints == []
