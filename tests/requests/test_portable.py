"""The forms of portable data: vCard 4.0 folded and escaped, JSON-LD that needs no network, harmless CSV."""

import csv
import io
import json
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from requests import portable
from requests.portable import Contact, Item

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ID = UUID("00000000-0000-4000-8000-000000000001")
CONTACT = Contact(
    ID,
    names=["Grace Brewster Hopper, Dr; \\née Murray"],
    emails=["grace@example.com"],
    phones=["+44 20 7946 0123"],
    titles=["Rear admiral\nUS Navy"],
    organisations=["=HYPERLINK(1)"],
)


def item(category="correspondence", content="Hello", **fields):
    values = {"label": "Mail", "nature": "provided", "source": "website", "purposes": ["News"], "collected_at": NOW}
    return Item(uuid=ID, category=category, content=content, **{**values, **fields})


def unfolded(card):
    return card.decode().replace("\r\n ", "").split("\r\n")


def test_a_vcard_is_4_0_with_crlf_and_one_name_at_least():
    lines = unfolded(portable.vcard(CONTACT, now=NOW))
    assert lines[:2] == ["BEGIN:VCARD", "VERSION:4.0"]
    assert lines[-2:] == ["END:VCARD", ""]
    assert "FN:Grace Brewster Hopper\\, Dr\\; \\\\née Murray" in lines
    assert "EMAIL:grace@example.com" in lines
    assert "TEL;VALUE=uri:tel:+442079460123" in lines
    assert "TITLE:Rear admiral\\nUS Navy" in lines
    assert f"UID:urn:uuid:{ID}" in lines
    assert "REV:20261122T100000Z" in lines
    assert "FN:-" in unfolded(portable.vcard(Contact(ID), now=NOW))


@given(st.text())
def test_no_line_is_longer_than_75_octets_and_nothing_is_lost(text):
    folded = portable.fold(f"FN:{portable.escape(text)}")
    pieces = folded.removesuffix("\r\n").split("\r\n")
    assert all(len(piece.encode(errors="surrogatepass")) <= 75 for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert folded.removesuffix("\r\n").replace("\r\n ", "") == f"FN:{portable.escape(text)}"


def test_json_ld_is_one_graph_whose_context_needs_no_network():
    rows = [
        item(),
        item("name", "Grace", label="Name"),
        item("invoice", {"number": "7", "total": 12}, label="Invoice"),
        item("unheard-of", "x"),
    ]
    found = json.loads(b"".join(portable.json_ld(CONTACT, rows)))
    assert found["@context"]["@vocab"] == "https://schema.org/"
    assert not any(isinstance(value, str) and "context" in value for value in found["@context"].values())
    person, message, name, invoice, other = found["@graph"]
    assert (person["@type"], person["email"], person["@id"]) == ("Person", ["grace@example.com"], f"urn:uuid:{ID}")
    assert person["worksFor"] == [{"@type": "Organization", "name": "=HYPERLINK(1)"}]
    assert (message["@type"], message["text"], message["dateReceived"]) == ("Message", "Hello", NOW.isoformat())
    assert message["about"] == {"@id": person["@id"]}
    assert (name["@type"], name["name"], name["value"]) == ("PropertyValue", "Name", "Grace")
    assert invoice["@type"] == "Invoice"
    assert {"@type": "PropertyValue", "name": "total", "value": 12} in invoice["additionalProperty"]
    assert other["@type"] == "PropertyValue"
    assert json.loads(b"".join(portable.json_ld(Contact(ID), [])))["@graph"] == [
        {"@id": f"urn:uuid:{ID}", "@type": "Person"}
    ]


def test_a_spreadsheet_runs_nothing():
    rows = list(csv.reader(io.StringIO(b"".join(portable.table([item(content="=1+1")])).decode())))
    assert rows[0] == list(portable.COLUMNS)
    assert rows[1][2] == "'=1+1"
    contact = list(csv.reader(io.StringIO(portable.contact_table(CONTACT).decode())))
    assert ["organisation", "'=HYPERLINK(1)"] in contact
    assert ["phone", "'+44 20 7946 0123"] in contact
