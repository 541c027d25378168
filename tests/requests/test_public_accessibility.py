"""What only a browser can tell of the public pages: for people who enlarge, who hear, who have no mouse or their own
colours, who have a slow line, and who do not want to be watched. PICTURES=FOLDER keeps a picture of every state.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import axe
from tests.e2e.browser import opened
from tests.requests import public_states

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TALL = 900
# 320 px, 1280 px at 200 %, and a desk.
WIDTHS = (320, 640, 1440)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOCUS = r"""() => {
  const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
  return {tag: here.tagName, id: here.id, text: here.textContent.replace(/\s+/g, ' ').trim(), class: here.className,
          ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
          seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}"""
MEASURE = """() => {
  const all = ".button, summary, .back, .foot-links a, input:not([type=hidden], [tabindex='-1'])";
  const small = box => box.width && Math.min(box.width, box.height) < 24;
  const targets = [...document.querySelectorAll(all)].filter(e => small(e.getBoundingClientRect()));
  const root = document.documentElement, wide = () => root.scrollWidth > root.clientWidth, now = wide();
  root.style.fontSize = '200%';
  const enlarged = wide();
  root.style.fontSize = '';
  return {wide: now, enlarged, small: targets.map(e => e.outerHTML),
          headings: [...document.querySelectorAll('h1')].filter(e => e.offsetParent).length,
          summaries: document.querySelectorAll('.error-summary').length, title: document.title};
}"""


@pytest.fixture
def browser(chromium, live_server, monkeypatch):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    public_states.prepare()
    with opened(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser, live_server):
    context = browser.new_context(viewport={"width": 1440, "height": TALL}, base_url=live_server.url)
    page = context.new_page()
    page.complaints, page.hosts = [], set()
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.hosts.add(re.match(r"\w+://[^/]+", request.url).group(0)))
    yield page
    context.close()


def widen(page, width):
    page.set_viewport_size({"width": width, "height": TALL})


def sticks_out(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0


def violations(page, *, without=()):
    return axe.violations(page, RULES, without=without)


def trouble_in(page, state, examine=violations):
    """Everything that is wrong with the page as it is now."""
    found = [f"{state}: axe {one}" for one in examine(page)]
    for width in WIDTHS:
        widen(page, width)
        told = page.evaluate(MEASURE)
        found += [f"{state}: sticks out at {width} px"] if told["wide"] else []
        # WCAG 2.2 SC 2.5.8 for what is not a link in a sentence.
        found += [f"{state}: too small at {width} px: {target}" for target in told["small"]]
    found += [f"{state}: sticks out with text twice as large"] if told["enlarged"] else []
    found += [f"{state}: {told['headings']} first headings"] if told["headings"] != 1 else []
    is_wrong, title = state.endswith("with a mistake"), told["title"]
    found += [f"{state}: title {title}"] if title.startswith("Error: ") != is_wrong else []
    if is_wrong and told["summaries"] != 1:
        found.append(f"{state}: no summary of the mistakes")
    return found


def take_pictures(page, number, state):
    if not os.environ.get("PICTURES"):
        return
    name = f"{number:02}-{re.sub(r'[^a-z]+', '-', state).strip('-')}"
    for width in (390, 1440):
        widen(page, width)
        page.screenshot(path=Path(os.environ["PICTURES"], f"{name}-{width}.png"), full_page=True)


def test_every_state_is_clean_enlarged_and_private(page, live_server, mailoutbox):
    trouble, seen, walk = [], [], axe.Walk(RULES)
    for state in public_states.states(page, mailoutbox):
        trouble += trouble_in(page, state, walk.violations)
        take_pictures(page, len(seen), state)
        widen(page, 1440)
        seen.append(state)
    assert "\n".join(trouble) == ""
    assert len(seen) > 40
    assert walk.examined > 20
    # No third party, ever. A wrong address and a form with a mistake are asked for on purpose, and browsers report it.
    assert page.hosts == {live_server.url}
    assert [text for text in page.complaints if "404" not in text and "400" not in text] == []


def test_in_the_colours_of_the_person(page):
    """In forced colours nothing may be told by a background alone, and the focus must be seen."""
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    for path in ("/", "/rights/", "/complain/", "/policy/"):
        page.goto(path)
        # Contrast is the person's own choice here, and axe would look at colours that are not shown.
        assert "\n".join(violations(page, without=["color-contrast"])) == ""
        borders = "e => ['Top', 'Left'].every(side => parseFloat(getComputedStyle(e)[`border${side}Width`]) >= 1)"
        for one in page.locator(".button, .card, textarea, input[type=text]:not([tabindex='-1'])").all():
            assert one.evaluate(borders), (path, one.evaluate("e => e.outerHTML"))
    page.goto("/rights/")
    public_states.press(page)
    assert page.locator(".error-summary").evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["ring"]


def tab_to(page, *, text="", id="", most=60):
    """Go on by the Tab key alone; every stop on the way is seen and marked."""
    for _step in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUS)
        assert here["ring"], here
        assert here["seen"], here
        if (text and here["text"].startswith(text)) or (id and here["id"] == id):
            return
    raise AssertionError(f"No way to {text or id} by keyboard on {page.url}")


def go_on(page, button="Continue"):
    tab_to(page, text=button)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_in(page, id, words):
    tab_to(page, id=id)
    page.keyboard.type(words)
    go_on(page)


def test_from_the_hub_to_an_answer_without_a_mouse(page, mailoutbox):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["class"] == "skip"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    go_on(page, "Make a request")
    go_on(page)
    # The mistake is what the keyboard stands on; its link leads to the answer.
    expect(page.locator(".error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_rights_0")).to_be_focused()
    page.keyboard.press("Space")
    tab_to(page, id="id_rights_7")
    page.keyboard.press("Space")
    go_on(page)
    tab_to(page, id="id_receiver_0")
    page.keyboard.press("Space")
    go_on(page)
    type_in(page, "id_name", "Grace Hopper")
    type_in(page, "id_email", "grace@example.com")
    go_on(page)
    go_on(page, "Change: Your name")
    go_on(page)
    go_on(page, "Send request")
    assert page.inner_text("h1") == "Request received"
    public_states.deliver_due(now=public_states.timezone.now())
    page.goto(re.search(r"/rights/confirm/[^/\s]+/", mailoutbox[-1].body).group(0))
    go_on(page, "Confirm")
    assert "Your e-mail address is confirmed." in page.inner_text("main")


@pytest.mark.parametrize("path", ["/", "/rights/", "/policy/"])
def test_a_first_visit_is_small(browser, live_server, path):
    """Under 60 kB with everything it loads, counted as it travels."""
    context = browser.new_context(base_url=live_server.url)
    page, sizes = context.new_page(), []
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(path, wait_until="networkidle")
    assert len(sizes) >= 2
    assert sum(sizes) < 60_000
    context.close()
