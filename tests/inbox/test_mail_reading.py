"""Whatever arrives makes an entry: broken, hostile, enormous in parts, or without anything at all."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox import reading, sealed
from inbox.models import Mail
from tests import make_inbox, make_office, make_staff
from tests.make_inbox import letter, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _controller(db):
    make_office.controller()


def deep(levels):
    head = b"From: ada@example.com\r\nSubject: deep\r\n"
    body = b""
    for number in range(levels):
        body += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    return head + body + b"Content-Type: text/plain\r\n\r\ndelete my data\r\n"


def wide(parts):
    lines = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\npart\r\n" for _number in range(parts))
    return b"From: ada@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + lines + b"--b--\r\n"


HOSTILE = {
    "nothing": b"",
    "only a header": b"Subject: x",
    "only a body": b"\r\n\r\nhello",
    "no from": b"Subject: my data\r\n\r\nhello",
    "nul bytes": b"From: a@b.example\r\nSubject: a\x00b\r\n\r\nhel\x00lo",
    "unknown charset": b"From: a@b.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\nh\xe9llo",
    "charset that is none": b"From: a@b.example\r\nContent-Type: text/plain; charset=zlib\r\n\r\nhello",
    "charset in twelve": b"From: a@b.example\r\nContent-Type: text/plain; charset*=x''%zz\r\n\r\nhello",
    "bad base64": b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!",
    "bad encoded word": b"From: =?utf-8?b?!!!?= <a@b.example>\r\nSubject: =?klingon?q?=FF?=\r\n\r\nhello",
    "no boundary": b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\nhello",
    "boundary never closed": b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nhello",
    "two hundred levels": deep(200),
    "three thousand levels": deep(3000),
    "a thousand parts": wide(1000),
    "many senders": b"From: " + b"a@b.example, " * 5000 + b"\r\n\r\nhello",
    "broken address": b'From: "Ada <ada@example.com\r\n\r\nhello',
    "a long line": b"From: a@b.example\r\nSubject: " + b"x" * 200_000 + b"\r\n\r\n" + b"y" * 200_000,
    "ancient": b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nFrom: a@b.example\r\n\r\nhello",
    "future": b"Date: Thu, 01 Jan 2970 00:00:00 +0000\r\nFrom: a@b.example\r\n\r\nhello",
    "impossible date": b"Date: the day after\r\nFrom: a@b.example\r\n\r\nhello",
    "binary": bytes(range(256)) * 40,
    "lone surrogates": b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\xd8\x00\xd8\x00",
    "html only": b"From: a@b.uk\r\nContent-Type: text/html\r\n\r\n<p>Delete my <b>data</b><script>alert(1)</script>",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_there_is_an_entry_and_a_page(raw, client):
    mail = stored(raw)
    assert mail is not None
    assert sealed.raw_of(mail) == raw
    client.force_login(make_staff.account("dee", "dpo"))
    assert client.get("/admin/mailbox/?list=new").status_code == 200
    assert client.post(f"/admin/mailbox/{mail.uuid}/show/").status_code == 200


def test_words_in_html_are_read_and_nothing_in_it_runs(client):
    mail = stored(HOSTILE["html only"])
    assert sealed.read(mail).text == "Delete my data"
    assert mail.rights == ["erasure"]
    client.force_login(make_staff.account("dee", "dpo"))
    assert "alert(1)" not in client.post(f"/admin/mailbox/{mail.uuid}/show/").text


def test_a_header_cannot_bring_another_one_along():
    raw = b"From: a@b.example\r\nSubject: =?utf-8?q?Hello=0D=0ABcc=3A_all=40example.com?=\r\n\r\nhello"
    found = reading.read(raw)
    assert found.subject == "Hello Bcc: all@example.com"
    assert "bcc" not in found.headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Ada Lovelace <ada@example.com>", ("Ada Lovelace", "ada@example.com")),
        ("=?utf-8?q?J=C3=BCrgen?= <j@example.de>", ("Jürgen", "j@example.de")),
        ('"Lovelace, Ada" <ada@example.com>, b@example.com', ("Lovelace, Ada", "ada@example.com")),
        ("ada@example.com", ("", "ada@example.com")),
        ("privacy@kraken.im <ada@example.com>", ("", "ada@example.com")),
        ("undisclosed-recipients:;", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_sender_is_read(header, expected):
    name, address = reading.address_in(header)
    assert address == expected[1]
    assert name in (expected[0], "privacy@kraken.im")


@given(st.binary(max_size=400))
def test_reading_never_raises(raw):
    assert isinstance(reading.read(raw).text, str)
    assert isinstance(reading.read(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + raw).text, str)


def test_the_body_is_found_among_the_parts():
    message = letter("Plain words.")
    message.add_alternative("<p>Other words.</p>", subtype="html")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="me.png")
    found = reading.read(message.as_bytes())
    assert found.text == "Plain words."
    assert [(part.name, part.type, part.size) for part in found.parts] == [("me.png", "image/png", 1)]


def test_files_are_only_ever_handed_out_as_bytes(client):
    message = letter("My passport.")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../../etc/passport.pdf")
    message.add_attachment(b"MZ", maintype="application", subtype="x-msdownload", filename="photo.jpg.exe")
    message.add_attachment(b"<script>", maintype="text", subtype="html", filename="page.html")
    mail = stored(message)
    client.force_login(make_staff.account("dee", "dpo"))
    page = client.post(f"/admin/mailbox/{mail.uuid}/show/").text
    assert page.count("not handed out") == 2
    found = client.post(f"/admin/mailbox/{mail.uuid}/part/1/")
    assert found.content == b"%PDF-1.7"
    assert found["Content-Type"] == "application/octet-stream"
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Content-Disposition"].startswith("attachment; filename=")
    assert "/" not in found["Content-Disposition"].partition("filename=")[2]
    assert client.post(f"/admin/mailbox/{mail.uuid}/part/2/").status_code == 404
    assert client.post(f"/admin/mailbox/{mail.uuid}/part/3/").status_code == 404
    assert client.post(f"/admin/mailbox/{mail.uuid}/part/99/").status_code == 404
    assert client.get(f"/admin/mailbox/{mail.uuid}/part/1/").status_code == 405


def test_a_file_in_base64_is_decoded(client):
    encoded = base64.b64encode(b"%PDF-1.7 " + b"x" * 1000)
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + encoded
        + b"\r\n--x--"
    )
    stored(raw)
    assert sealed.read(Mail.objects.get()).parts[0]["size"] == 1009


def test_make_inbox_builds_what_is_tested():
    assert b"passport.pdf" in make_inbox.with_file().as_bytes()


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<script>", "</", "&#", '<a b="', "> ", "\n \n", "From: x\n", "a@"])
def test_nobody_can_keep_us_busy_with_one_message(piece):
    raw = b"From: a@b.uk\r\nContent-Type: text/html\r\n\r\n" + (piece * (300_000 // len(piece))).encode()
    began = time.process_time()
    stored(raw)
    stored(raw.replace(b"text/html", b"text/plain"))
    assert time.process_time() - began < 5
