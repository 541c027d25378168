"""A real Chromium on a real stack: pages as a person uses them, each looked at in two widths."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.stack.stack import RunningStack
from tests.waiting import PATIENCE, wait_until

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (1440, 390)


@contextmanager
def opened(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody at a browser. What the console or a page error says is a failure, not noise."""

    def __init__(self, browser: Browser, stack: RunningStack, name: str, pictures: Path | None) -> None:
        self.stack, self.name, self.pictures, self.taken = stack, name, pictures, 0
        self.context = browser.new_context(
            base_url=stack.base_url, viewport={"width": WIDTHS[0], "height": 900}, accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message) -> None:
        # Chromium reports every 4xx answer as an error of the console; those are asserted where they are expected.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, address: str) -> "Person":
        self.page.goto(address)
        return self.look()

    def press(self, name: str) -> "Person":
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()
        return self.look()

    def follow(self, name: str) -> "Person":
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).first.click()
        return self.look()

    def look(self) -> "Person":
        """Nothing sticks out sideways at either width; a picture of both where pictures are kept."""
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{self.page.url} is {wide} px wider than {width} px"
            if self.pictures:
                self.taken += width == WIDTHS[0]
                slug = re.sub(r"[^a-z]+", "-", self.page.title().lower())[:40].strip("-")
                self.page.screenshot(
                    path=self.pictures / f"{self.name}-{self.taken:02}-{slug}-{width}.png", full_page=True
                )
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        return self

    @property
    def text(self) -> str:
        return self.page.locator("body").inner_text()

    def sees(self, *texts: str) -> "Person":
        for text in texts:
            assert text in self.text, f"{text!r} is not on {self.page.url}:\n{self.text}"
        return self


def mail_to(stack: RunningStack, address: str, about: str, *, seconds: float = PATIENCE) -> str:
    """The newest message to this address with `about` in its subject, as /dev/mail/ shows it; waits for the worker."""
    found: list[str] = []

    def is_there() -> bool:
        page = httpx.get(f"{stack.base_url}/dev/mail/", timeout=PATIENCE).text
        for article in re.findall(r"<article.*?</article>", page, re.S):
            subject = re.search(r"<h2>(.*?)</h2>", article)[1]
            if f"To {address}" in article and about in subject:
                found.append(article)
                return True
        return False

    assert wait_until(is_there, seconds, every=0.3), f"No message about {about!r} to {address} within {seconds:.0f} s."
    return found[0]


def link_in(article: str, path: str) -> str:
    found = re.search(rf'href="(https?://[^"]*{path}[^"]*)"', article)
    assert found, article
    return found[1]


def pictures_folder() -> Path | None:
    """Where pictures are kept, if PICTURES names a folder."""
    if not os.environ.get("PICTURES"):
        return None
    folder = Path(os.environ["PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder
