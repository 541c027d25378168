"""A form that was refused is shown again, holding what was typed into it, with the reason beside it.

A page of the office has many small forms, and each is a POST of its own. No door hands its words back to a template of
its own: the page is made as ever, and the one form that was sent is filled in here. It is known by its address and its
hidden fields. What a browser does not show again is left empty: files and passwords.
"""

import re
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.html import escape

FORM = re.compile(r"<form\b(?P<attributes>[^>]*)>(?P<inside>.*?)</form>", re.DOTALL)
ACTION = re.compile(r'\baction="([^"]*)"')
FOLD = re.compile(r"<details\b[^>]*>|</details>")
# Not shown by the browser, or not typed by anybody.
LEFT_ALONE = {"hidden", "file", "password", "submit", "button"}
TICKED = {"checkbox", "radio"}

Attributes = dict[str, str | None]


def refilled(page: HttpResponse, request: HttpRequest, sentence: str) -> HttpResponse | None:
    """The page with the refused form filled in and unfolded. None if it has no such form, or nothing is typed there."""
    html = page.content.decode()
    for found in FORM.finditer(html):
        action = ACTION.search(found["attributes"])
        if action is None or unescape(action[1]) != request.path:
            continue
        form = _Form(request.POST)
        form.feed(found["inside"])
        form.close()
        if form.is_of(request.POST) and form.fields:
            said = f'<p class="of-late of-refused" role="alert">{escape(sentence)}</p>'
            start, end = found.span("inside")
            page.content = "".join((_unfolded(html[:start]), said, *form.written, html[end:]))
            return page
    return None


def _unfolded(before: str) -> str:
    """What stands before the form, with every fold open that the form is in."""
    around: list[re.Match[str]] = []
    for fold in FOLD.finditer(before):
        if fold[0] != "</details>":
            around.append(fold)
        elif around:
            around.pop()
    shut = [fold.start() + len("<details") for fold in around if not re.search(r"\sopen\b", fold[0])]
    for place in reversed(shut):
        before = f"{before[:place]} open{before[place:]}"
    return before


class _Form(HTMLParser):
    """What is inside a form, written out again with other values."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(convert_charrefs=False)
        self.data = data
        self.written: list[str] = []
        self.hidden: list[tuple[str, str]] = []
        self.fields = 0
        self._chosen: Sequence[str] = ()
        self._is_replaced = False

    def is_of(self, data: QueryDict) -> bool:
        """Whether the form that was sent is this one, and not another one with the same address."""
        return all(value in data.getlist(name) for name, value in self.hidden)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: Attributes = dict(attrs)
        if tag == "input":
            self._input(given)
        elif tag == "select":
            self._chosen = self.data.getlist(given.get("name") or "")
            self._field(tag, given)
        elif tag == "option":
            self._write(tag, given, selected=(given.get("value") or "") in self._chosen)
        elif tag == "textarea":
            self._field(tag, given)
            value = self.data.get(given.get("name") or "", "")
            # Browsers take the first line break away.
            self.written.append("\n" * value.startswith(("\r", "\n")) + escape(value))
            self._is_replaced = True
        elif tag == "details":
            self._write(tag, given, open=True)
        else:
            self.written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._is_replaced = False
        self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._is_replaced:
            self.written.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def _input(self, given: Attributes) -> None:
        kind, name, value = given.get("type") or "text", given.get("name") or "", given.get("value")
        if kind == "hidden" and name != "csrfmiddlewaretoken":
            self.hidden.append((name, value or ""))
        if kind in LEFT_ALONE:
            self.written.append(self.get_starttag_text() or "")
        elif kind in TICKED:
            self._field("input", given, checked=(value or "on") in self.data.getlist(name))
        else:
            self._field("input", {**given, "value": self.data.get(name, "")})

    def _field(self, tag: str, given: Attributes, **switches: bool) -> None:
        """A field to fill in. The first one has the cursor, so that the browser scrolls to it."""
        self.fields += 1
        self._write(tag, given, autofocus=self.fields == 1, **switches)

    def _write(self, tag: str, given: Attributes, **switches: bool) -> None:
        kept = {name: value for name, value in given.items() if name not in switches}
        on = dict.fromkeys(name for name, is_on in switches.items() if is_on)
        words = (name if value is None else f'{name}="{escape(value)}"' for name, value in {**kept, **on}.items())
        self.written.append(f"<{' '.join((tag, *words))}>")
