"""Taking a message apart (RFC 5322, MIME). Whatever is in it, this ends with something to show: it never raises.

Nothing of a message is ever run, rendered or fetched. HTML is read for its words only.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header
from email.message import Message as Parsed
from email.utils import getaddresses
from html import unescape

# What Python's parser is known to raise at malformed messages.
BROKEN = (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
PARTS, HEADERS = 100, 400
TEXT, HTML, HEADER, NAME = 50_000, 300_000, 700, 200
ADDRESS = re.compile(r"[^@\s<>\",;:()\[\]\\]{1,64}@[^@\s<>\",;:()\[\]\\]{1,189}")
QUOTED = re.compile(r'"[^"]*"')
IN_ANGLES = re.compile(rf"[^,<>]*<\s*({ADDRESS.pattern})\s*>")
MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
TAG = re.compile(r"/?[a-z][a-z0-9]{0,20}")
BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Part:
    """One file in a message, by its number among the leaves."""

    number: int
    name: str
    type: str
    size: int


@dataclass
class Message:
    """What was read out of a message. Strings hold no control characters and no line breaks but in `text`."""

    message_id: str = ""
    subject: str = ""
    name: str = ""
    address: str = ""
    reply_to: str = ""
    to: str = ""
    date: str = ""
    references: list[str] = field(default_factory=list)
    text: str = ""
    parts: list[Part] = field(default_factory=list)
    # Header names in lower case → their values, as they stand.
    headers: dict[str, list[str]] = field(default_factory=dict)
    # Blocks about a delivery (RFC 3464), and the messages that are enclosed.
    reports: list[str] = field(default_factory=list)
    enclosed: list[str] = field(default_factory=list)
    is_broken: bool = False

    def header(self, name: str) -> str:
        return next(iter(self.headers.get(name, ())), "")


def read(raw: bytes) -> Message:
    """Everything that can be known of the message."""
    try:
        return _read(message_from_bytes(raw))
    except BROKEN:
        return _plainly(raw)


def content(raw: bytes, number: int) -> bytes | None:
    """The decoded bytes of the part with this number; None when there is none."""
    try:
        leaves = dict(enumerate(_leaves(message_from_bytes(raw))))
        return _bytes(leaves[number]) if number in leaves else None
    except BROKEN:
        return None


def clean(text: str, longest: int) -> str:
    """On one line, without control and invisible characters, so that nothing can be smuggled into a header or a log."""
    text = text[: longest * 4].encode("utf-8", "replace").decode()
    kept = "".join(" " if char.isspace() else char for char in text if char.isspace() or _is_visible(char))
    return " ".join(kept.split())[:longest]


def decoded(value: str) -> str:
    """A header's words (RFC 2047). What cannot be decoded stays as it stands."""
    try:
        pieces = decode_header(value)
        return "".join(
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in pieces
        )
    except BROKEN:
        return value


def address_in(value: str) -> tuple[str, str]:
    """(name, address) of the first mailbox that a header names."""
    try:
        found = getaddresses([value])
    except BROKEN:
        found = []
    # A name that looks like an address must not pass for one: privacy@example.com <ada@example.org>.
    real = IN_ANGLES.match(QUOTED.sub("", value))
    if real and real[1] not in [address for _name, address in found[:1]]:
        return "", real[1]
    for name, address in found:
        if ADDRESS.fullmatch(address):
            return clean(decoded(name), NAME), address
    lone = ADDRESS.search(value)
    return "", lone[0] if lone else ""


def _read(parsed: Parsed) -> Message:
    found = Message(headers=_headers(parsed), is_broken=bool(parsed.defects))
    found.message_id = next(iter(MESSAGE_ID.findall(found.header("message-id"))), "")
    found.subject = clean(decoded(found.header("subject")), HEADER)
    found.name, found.address = address_in(found.header("from"))
    found.reply_to = address_in(found.header("reply-to"))[1]
    found.to = clean(decoded(found.header("to")), HEADER)
    found.date = clean(found.header("date"), 60)
    threads = f"{found.header('in-reply-to')} {found.header('references')}"
    found.references = list(dict.fromkeys(MESSAGE_ID.findall(threads)))[:50]
    _take_parts(found, parsed)
    return found


def _headers(parsed: Parsed) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in parsed.items()[:HEADERS]:
        headers.setdefault(name.lower(), []).append(str(value)[:20_000])
    return headers


def _take_parts(found: Message, parsed: Parsed) -> None:
    plain, html = [], []
    for number, part in enumerate(_leaves(parsed)):
        kind = part.get_content_type()
        name = _file_name(part)
        if kind == "message/delivery-status":
            found.reports.append(_as_text(part, TEXT))
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/global-headers"):
            found.enclosed.append(_as_text(part, TEXT))
            found.parts.append(Part(number, name or "message.eml", kind, len(_bytes(part))))
        elif kind == "text/plain" and not name:
            plain.append(_as_text(part, TEXT))
        elif kind == "text/html" and not name:
            html.append(words_of(_as_text(part, HTML)))
        elif not part.is_multipart():
            found.parts.append(Part(number, name or f"part-{number}", clean(kind, 100), len(_bytes(part))))
    body = "\n\n".join(filter(str.strip, plain)) or "\n\n".join(html)
    found.text = BLANKS.sub("\n\n", body[:TEXT]).strip()


def _leaves(parsed: Parsed) -> Iterator[Parsed]:
    """Every part that holds no others, depth first and no more than PARTS; an enclosed message is one part."""
    waiting, seen = [parsed], 0
    while waiting and seen < PARTS:
        part, seen = waiting.pop(), seen + 1
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            waiting += [one for one in reversed(inner) if isinstance(one, Parsed)]
        else:
            yield part


def _bytes(part: Parsed) -> bytes:
    if part.is_multipart():
        inner = part.get_payload()
        return (
            b"\n".join(one.as_bytes() for one in inner if isinstance(one, Parsed)) if isinstance(inner, list) else b""
        )
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _as_text(part: Parsed, longest: int) -> str:
    try:
        raw = _bytes(part)[: longest * 4]
    except BROKEN:
        return ""
    try:
        text = raw.decode(part.get_content_charset() or "utf-8")
    except BROKEN:
        text = raw.decode("utf-8", "replace")
    return _lines(text)[:longest]


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    text = text.encode("utf-8", "replace").decode()
    return "".join(char for char in text if char in "\n\t" or _is_visible(char))


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _file_name(part: Parsed) -> str:
    try:
        return clean(decoded(part.get_filename() or ""), NAME).replace("/", "_").replace("\\", "_")
    except BROKEN:
        return "file"


def _plainly(raw: bytes) -> Message:
    """A message that cannot be taken apart: its first headers by hand, and its beginning as text."""
    head, _blank, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    for line in head[:100_000].decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon and not name.startswith((" ", "\t")):
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    found = Message(headers=headers, is_broken=True)
    found.subject = clean(decoded(found.header("subject")), HEADER)
    found.name, found.address = address_in(found.header("from"))
    found.message_id = next(iter(MESSAGE_ID.findall(found.header("message-id"))), "")
    found.date = clean(found.header("date"), 60)
    found.text = _lines(body[:TEXT].decode("utf-8", "replace")).strip()
    return found


# Ends a line, and what is between such tags is for the machine.
BLOCKS = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "blockquote", "ul", "ol", "hr"}
SILENT = {"script", "style", "head", "title", "template"}


def words_of(page: str) -> str:
    """The words of a page, a line for each block. In one pass: Python's parser takes hours over hostile pages."""
    found = []
    lowered, here = page.lower(), 0
    while (start := page.find("<", here)) >= 0:
        found.append(page[here:start])
        here = _after_tag(page, lowered, start, found)
    found.append(page[here:])
    try:
        text = unescape("".join(found))
    except BROKEN:
        text = "".join(found)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return BLANKS.sub("\n\n", "\n".join(lines)).strip()


def _after_tag(page: str, lowered: str, start: int, found: list[str]) -> int:
    """Where the text goes on after the tag that begins here. What never ends is no text."""
    if page.startswith("<!--", start):
        return _past(page, "-->", start)
    following = page[start + 1 : start + 2]
    if not (following.isalpha() or following in ("/", "!", "?")):
        found.append("<")
        return start + 1
    name = TAG.match(lowered, start + 1)
    if name and name[0] in SILENT:
        closing = lowered.find(f"</{name[0]}", start)
        return _past(page, ">", closing) if closing >= 0 else len(page)
    if name and name[0].lstrip("/") in BLOCKS:
        found.append("\n")
    return _past(page, ">", start)


def _past(page: str, mark: str, start: int) -> int:
    end = page.find(mark, start)
    return end + len(mark) if end >= 0 else len(page)
