"""Data in forms that other programs read (UK GDPR Art 20(1)): JSON-LD in the terms of schema.org, CSV, and vCard 4.0.

Nothing here looks anything up: the context of the JSON-LD stands in the file, so reading it needs no network.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from requests.package import csv_safe

CONTEXT = {
    "@vocab": "https://schema.org/",
    "category": "urn:kraken-privacy:portability:category",
    "nature": "urn:kraken-privacy:portability:nature",
    "source": "urn:kraken-privacy:portability:source",
    "purposes": {"@id": "urn:kraken-privacy:portability:purposes", "@container": "@set"},
}
# What each category is called there, and the property that holds its text. Others are a value with a name.
TYPES = {
    "correspondence": ("Message", "text", "dateReceived"),
    "feedback": ("Review", "reviewBody", "dateCreated"),
    "application": ("CreativeWork", "text", "dateCreated"),
    "invoice": ("Invoice", "description", "dateCreated"),
    "contract": ("Order", "description", "orderDate"),
    "website-activity": ("Action", "description", "startTime"),
}
OCTETS = 75  # RFC 6350 section 3.2
PRODUCT = "Kraken Privacy"


@dataclass(frozen=True)
class Contact:
    """What a person gave us to be reached by, and what they said of themselves."""

    subject: UUID
    names: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    organisations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One thing that may be taken elsewhere."""

    uuid: UUID
    category: str
    label: str
    content: Any
    nature: str
    source: str
    purposes: list[str]
    collected_at: datetime


def json_ld(contact: Contact, items: Iterable[Item]) -> Iterator[bytes]:
    """One graph: the person, then everything about them, a node on each line."""
    yield f'{{"@context": {_json(CONTEXT)},\n"@graph": [\n{_json(_person(contact))}'.encode()
    for item in items:
        yield f",\n{_json(node(item, contact.subject))}".encode()
    yield b"\n]}\n"


def node(item: Item, subject: UUID) -> dict[str, Any]:
    kind, text, date = TYPES.get(item.category, ("PropertyValue", "value", "dateCreated"))
    found: dict[str, Any] = {"@id": f"urn:uuid:{item.uuid}", "@type": kind, "about": {"@id": f"urn:uuid:{subject}"}}
    if kind == "PropertyValue":
        found["name"] = item.label
    if isinstance(item.content, dict):
        values = [{"@type": "PropertyValue", "name": key, "value": value} for key, value in item.content.items()]
        found["additionalProperty"] = values
    else:
        found[text] = item.content
    return {
        **found,
        date: item.collected_at.isoformat(),
        "category": item.category,
        "nature": item.nature,
        "source": item.source,
        "purposes": item.purposes,
    }


COLUMNS = ("id", "category", "content", "nature", "source", "purposes", "collected")


def table(items: Iterable[Item]) -> Iterator[bytes]:
    """RFC 4180, with the leading apostrophe of requests/package.py before what a spreadsheet would run."""
    yield _line(COLUMNS)
    for item in items:
        content = item.content if isinstance(item.content, str) else _json(item.content)
        purposes, collected = "; ".join(item.purposes), item.collected_at.isoformat()
        yield _line([str(item.uuid), item.label, content, item.nature, item.source, purposes, collected])


def contact_table(contact: Contact) -> bytes:
    rows = [("name", contact.names), ("email", contact.emails), ("phone", contact.phones)]
    rows += [("job title", contact.titles), ("organisation", contact.organisations)]
    return b"".join([_line(("what", "value")), *(_line((what, one)) for what, many in rows for one in many)])


def vcard(contact: Contact, *, now: datetime) -> bytes:
    """One vCard 4.0 (RFC 6350). Every line ends with CRLF and is folded at 75 octets."""
    # FN must be there, at least once (section 6.2.1).
    names = contact.names or contact.emails or contact.phones or ["-"]
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"PRODID:-//{PRODUCT}//EN", "KIND:individual"]
    lines += [f"UID:urn:uuid:{contact.subject}", f"REV:{now:%Y%m%dT%H%M%SZ}"]
    lines += [f"FN:{escape(name)}" for name in names]
    lines += [f"EMAIL:{escape(email)}" for email in contact.emails]
    lines += [f"TEL;VALUE=uri:tel:{''.join(phone.split())}" for phone in contact.phones]
    lines += [f"TITLE:{escape(title)}" for title in contact.titles]
    lines += [f"ORG:{escape(name)}" for name in contact.organisations]
    return "".join(fold(line) for line in [*lines, "END:VCARD"]).encode()


def escape(text: str) -> str:
    """A text value (section 3.4)."""
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return "\\n".join(text.splitlines())


def fold(line: str) -> str:
    """A content line (section 3.2): no piece longer than 75 octets, and no character cut in two."""
    pieces, here, room = [], "", OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            pieces.append(here)
            # The space that begins a continuation counts.
            here, room = " ", OCTETS - 1
        here += character
        room -= size
    return "\r\n".join([*pieces, here]) + "\r\n"


def _person(contact: Contact) -> dict[str, Any]:
    given = {
        "name": contact.names,
        "email": contact.emails,
        "telephone": contact.phones,
        "jobTitle": contact.titles,
        "worksFor": [{"@type": "Organization", "name": name} for name in contact.organisations],
    }
    found = {"@id": f"urn:uuid:{contact.subject}", "@type": "Person"}
    return {**found, **{name: values for name, values in given.items() if values}}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(values: Iterable[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([csv_safe(value) for value in values])
    return buffer.getvalue().encode()
