"""Reading a letter's HTML back: its marked parts for the check, and its plain text for those who prefer it.

One source, two forms: the plain text is made from the checked HTML, so it cannot say less.
"""

from html.parser import HTMLParser
from typing import Any

_BLOCKS = {"p", "h1", "h2", "h3", "li", "tr", "dt", "dd", "div", "section", "article", "address", "ul", "ol", "table"}
_VOID = {"br", "hr", "img", "meta", "link", "input"}


class _Parts(HTMLParser):
    """Collects the text, and the addresses of links, under every element with a data-part."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, str] = {}
        self._open: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in _VOID:
            self._open.append(named.get("data-part"))
        if tag == "a":
            self.handle_data(f" {named.get('href') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in self._open:
            if name:
                self.parts[name] = self.parts.get(name, "") + data


def parts_of(html: str) -> dict[str, str]:
    """The text of every marked part, by name."""
    parser = _Parts()
    parser.feed(html)
    parser.close()
    return parser.parts


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._href = ""
        # Where in `out` the words of the open link begin.
        self._words = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "dd":
            self.out.append(": ")
        elif tag in _BLOCKS or tag == "br":
            self.out.append("\n")
        if tag == "li":
            self.out.append("- ")
        if tag == "a":
            self._href, self._words = dict(attrs).get("href") or "", len(self.out)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            is_written = "".join(self.out[self._words :]).strip() == self._href
            if self._href.startswith("http") and not is_written:
                self.out.append(f" ({self._href})")
        if tag in {"h1", "h2", "h3", "p", "ul", "ol", "dl", "section", "article", "address", "table"}:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if words:
            lead = " " if data[0].isspace() else ""
            self.out.append(f"{lead}{words}{' ' if data[-1].isspace() else ''}")


def to_text(html: str) -> str:
    """Plain text with blank lines between blocks, and after each link its address unless that is what it says."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = [line.strip() for line in "".join(parser.out).split("\n")]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip() + "\n"


class _Tree(HTMLParser):
    """The elements as nested dicts: `{"tag", "class", "href", "children"}` and `{"text"}`."""

    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, Any] = {"tag": "root", "children": []}
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        href = named.get("href") or ""
        node = {
            "tag": tag,
            "class": named.get("class") or "",
            "href": href if href.startswith(("https://", "http://", "mailto:")) else "",
            "children": [],
        }
        self._open[-1]["children"].append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag in [node["tag"] for node in self._open[1:]]:
            while self._open.pop()["tag"] != tag:
                pass

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        siblings = self._open[-1]["children"]
        if not words and (not siblings or siblings[-1].get("tag") in {*_BLOCKS, "br"}):
            return
        lead = " " if data[0].isspace() and siblings and siblings[-1].get("tag") != "br" else ""
        siblings.append({"text": f"{lead}{words}{' ' if words and data[-1].isspace() else ''}"})


def tree_of(html: str) -> list[dict[str, Any]]:
    """The letter as data, for whoever lays it out otherwise than a browser."""
    parser = _Tree()
    parser.feed(html)
    parser.close()
    children: list[dict[str, Any]] = parser.root["children"]
    return children
