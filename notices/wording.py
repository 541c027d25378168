"""The words of a notice: which HTML may be in it, and the line that says version and date."""

import re
from datetime import date
from html.parser import HTMLParser

from django.utils.dateformat import format as format_date
from django.utils.html import escape, linebreaks
from django.utils.translation import gettext as _

EMPTY = {"br", "hr"}
BLOCKS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "dl", "dt", "dd", "div", "section", "address", "blockquote"}
TABLES = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
PHRASES = {"a", "strong", "em", "b", "i", "span", "abbr", "code"}
ALLOWED = EMPTY | BLOCKS | TABLES | PHRASES
ATTRIBUTES = {"id", "lang", "href", "title", "colspan", "rowspan", "scope"}
LINK = re.compile(r"(https?://|mailto:|tel:|/(?!/)|#)", re.IGNORECASE)
HEAD = re.compile(r"\s*<p>Version [^<]*, in force from [^<]*\.</p>\s*")
MOST_FAULTS = 5


def body(html: str) -> str:
    """The text without the line that says which version it is: the next one gets its own."""
    return HEAD.sub("", html, count=1) if HEAD.match(html) else html


def headed(text: str, *, version: str, effective_from: date) -> str:
    """The text with that line, as it is published."""
    day = format_date(effective_from, "j F Y")
    return f"<p>Version {escape(version)}, in force from {day}.</p>\n{body(text)}"


def tidy(text: str) -> str:
    """One kind of line break; plain text in paragraphs."""
    text = text.replace("\r\n", "\n").strip()
    return text if "<" in text else linebreaks(text, autoescape=True)


def faults(html: str) -> list[str]:
    """What may not be in a notice, with the line it is in: scripts, forms and the like, and tags that do not match."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    for tag, line in reader.open:
        reader.say(line, _("<%(tag)s> is never closed.") % {"tag": tag})
    return reader.found[:MOST_FAULTS]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[tuple[str, int]] = []

    def say(self, line: int, what: str) -> None:
        self.found.append(_("Line %(line)s: %(what)s") % {"line": line, "what": what})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        if tag == "h1":
            self.say(line, _("the page has its heading already. Use <h2> and below."))
        elif tag not in ALLOWED:
            self.say(line, _("<%(tag)s> cannot be in a notice.") % {"tag": tag})
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.say(line, _("“%(name)s” cannot be in a tag here.") % {"name": name})
            elif name == "href" and not LINK.match(value or ""):
                self.say(line, _("a link begins with https://, mailto:, tel:, / or #."))
        if tag not in EMPTY:
            self.open.append((tag, line))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        line = self.getpos()[0]
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        elif tag in (name for name, _line in self.open):
            while self.open and self.open[-1][0] != tag:
                inner, where = self.open.pop()
                self.say(where, _("<%(tag)s> is not closed before </%(outer)s>.") % {"tag": inner, "outer": tag})
            self.open.pop()
        else:
            self.say(line, _("</%(tag)s> closes nothing.") % {"tag": tag})

    def handle_comment(self, data: str) -> None:
        self.say(self.getpos()[0], _("a comment would be published too. Take it out."))

    def handle_decl(self, decl: str) -> None:
        self.say(self.getpos()[0], _("leave the frame of the page out: only the text goes here."))
