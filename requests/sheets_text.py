"""Mail, Word and plain text as parts to typeset. Part of the program in requests/sheets.py: no Django here."""

import email
import email.policy
import io
import json
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage, Message
from typing import Any

import docx
import typst
from lxml import etree

from requests.letter_text import to_text
from requests.sheets_refusal import Refused

# How deep mails may lie in mails, how many attachments are opened, and how large a Word file may be inside.
DEPTH, ATTACHED = 10, 50
UNPACKED = 100 * 1024 * 1024
TEXT = 1_000_000
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
STORIES = ("document", "header", "footer", "footnotes", "endnotes", "comments")
HEADERS = ("From", "To", "Cc", "Bcc", "Reply-To", "Date", "Subject")
TYPES = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/plain": "txt",
    **dict.fromkeys(("image/png", "image/jpeg", "image/gif", "image/tiff", "image/webp", "image/bmp"), "picture"),
}
Part = dict[str, str]
TEMPLATE = b"""
#set document(title: none, author: (), date: none)
#set page(paper: "a4", margin: 2cm)
#set text(font: ("Liberation Sans", "DejaVu Sans", "Libertinus Serif"), size: 10pt, hyphenate: false)
#let lines(t) = t.split("\\n").join(linebreak())
#for part in json(bytes(sys.inputs.parts)) {
  if part.kind == "row" [#strong(part.name): #lines(part.text) #linebreak()]
  else if part.kind == "title" [#v(6pt) #strong(lines(part.text)) #v(2pt)]
  else if part.kind == "note" [#v(4pt) #emph(lines(part.text)) #v(4pt)]
  else [#par(lines(part.text))]
}
"""


def typeset(parts: list[Part]) -> bytes:
    """Text as pages. It goes in as data, so nothing in it is markup."""
    shown = [part for part in parts if part["text"].strip()] or [{"kind": "note", "text": "(empty)"}]
    if sum(len(part["text"]) for part in shown) > TEXT:
        raise Refused("too-many-pages")
    made: bytes = typst.compile(TEMPLATE, sys_inputs={"parts": json.dumps(shown)})
    return made


def plain_text(content: bytes) -> list[Part]:
    return [{"kind": "text", "text": _clean(decoded(content))}]


def decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def parts_of_word(content: bytes) -> tuple[list[Part], list[bytes]]:
    """Every text of a Word file, deleted and hidden ones too, and its pictures."""
    _bounded(content)
    parts: list[Part] = []
    pictures: list[bytes] = []
    for part in docx.Document(io.BytesIO(content)).part.package.iter_parts():
        folder, _slash, name = str(part.partname).rpartition("/")
        # Outside there are only properties, and a picture of the first page as it once was.
        if not folder.startswith("/word"):
            continue
        if name.endswith(".xml") and name.startswith(STORIES):
            if name != "document.xml":
                parts.append({"kind": "title", "text": name.removesuffix(".xml").capitalize()})
            parts += [{"kind": "text", "text": _clean(text)} for text in _paragraphs(part.blob)]
        elif part.content_type.startswith("image/"):
            if part.content_type in TYPES:
                pictures.append(part.blob)
            else:
                parts.append({"kind": "note", "text": f"Picture not shown: {part.content_type}"})
    return parts, pictures


def _bounded(content: bytes) -> None:
    """A ZIP says how much it unpacks to, and zipfile gives no more than it says."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if sum(entry.file_size for entry in entries) > UNPACKED or len(entries) > 5000:
                raise Refused("too-much")
    except zipfile.BadZipFile as error:
        raise Refused("broken") from error
    if "word/document.xml" not in names:
        raise Refused("unknown")


def _paragraphs(blob: bytes) -> Iterator[str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(blob, parser)
    except etree.XMLSyntaxError as error:
        raise Refused("broken") from error
    texts: dict[Any, list[str]] = {}
    for node in root.iter(f"{WORD}p", f"{WORD}t", f"{WORD}delText", f"{WORD}tab", f"{WORD}br", f"{WORD}instrText"):
        if any(True for _up in node.iterancestors(FALLBACK)):
            continue
        if node.tag == f"{WORD}p":
            texts.setdefault(node, [])
            continue
        owner = next(node.iterancestors(f"{WORD}p"), None)
        if owner is not None:
            texts.setdefault(owner, []).append(_text_of(node))
    yield from ("".join(pieces) for pieces in texts.values())


def _text_of(node: Any) -> str:
    if node.tag == f"{WORD}delText":
        return f"[deleted: {node.text or ''}]"
    return {f"{WORD}tab": "    ", f"{WORD}br": "\n"}.get(node.tag, node.text or "")


def parts_of_mail(content: bytes) -> tuple[list[Part], list[tuple[str, bytes]]]:
    """Headers, text and attachments of a mail, and of the mails inside it. Its HTML is read as text."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts: list[Part] = []
    attached: list[tuple[str, bytes]] = []
    _mail(message, 0, parts, attached)
    return parts, attached


def _mail(message: Message, depth: int, parts: list[Part], attached: list[tuple[str, bytes]]) -> None:
    if depth > DEPTH:
        raise Refused("too-deep")
    for name in HEADERS:
        for value in message.get_all(name) or []:
            parts.append({"kind": "row", "name": name, "text": _clean(str(value))})
    if message.get_content_type() == "message/rfc822":
        for inner in _mails_in(message):
            parts.append({"kind": "title", "text": "Forwarded mail"})
            _mail(inner, depth + 1, parts, attached)
        return
    body = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
    if body is not None:
        parts.append({"kind": "text", "text": _clean(_words(body))})
    _rest(message, body, depth, parts, attached)


def _rest(
    message: Message, body: Message | None, depth: int, parts: list[Part], attached: list[tuple[str, bytes]]
) -> None:
    """Everything but the body: nothing is passed over in silence."""
    for part in message.iter_parts() if isinstance(message, EmailMessage) and message.is_multipart() else ():
        # Of the same words in several forms one is enough.
        is_form = message.get_content_type() == "multipart/alternative" and part.get_content_maintype() == "text"
        if part is body or (is_form and body is not None and part.get_content_subtype() in ("plain", "html")):
            continue
        if part.get_content_type() == "message/rfc822":
            parts.append({"kind": "title", "text": "Attached mail"})
            for inner in _mails_in(part):
                _mail(inner, depth + 1, parts, attached)
        elif part.is_multipart():
            if depth >= DEPTH:
                raise Refused("too-deep")
            _rest(part, body, depth + 1, parts, attached)
        else:
            _attachment(part, parts, attached)


def _mails_in(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def _attachment(part: Message, parts: list[Part], attached: list[tuple[str, bytes]]) -> None:
    kind, name = TYPES.get(part.get_content_type()), part.get_filename()
    content = part.get_payload(decode=True)
    if not name and part.get_content_type() in ("text/plain", "text/html"):
        parts.append({"kind": "text", "text": _clean(_words(part))})
    elif kind is None or not isinstance(content, bytes) or len(attached) >= ATTACHED:
        parts.append({"kind": "note", "text": _clean(f"Attachment not shown: {name or part.get_content_type()}")})
    else:
        parts.append({"kind": "note", "text": _clean(f"Attachment, on a later page: {name or kind}")})
        attached.append((kind, content))


def _words(body: Message) -> str:
    try:
        text = str(body.get_content()) if isinstance(body, EmailMessage) else ""
    except (LookupError, ValueError):
        text = decoded(bytes(body.get_payload(decode=True) or b""))
    return to_text(text) if body.get_content_type() == "text/html" else text


def _clean(text: str) -> str:
    """Without control characters, which no font can draw."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character for character in lines if character == "\n" or character.isprintable() or character == "\t"
    )
