"""What people are told: by date, for ever, with everything that Arts 13 and 14 ask for."""

import re
from datetime import UTC, date, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from core.errors import DomainError
from ledger.models import Entry
from notices import published, writing
from notices.models import PrivacyNotice
from processing import gates, register
from processing.models import PurposeVersion

pytestmark = pytest.mark.django_db
URL = "/api/v1/notices/privacy-policy/"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FILE = Path(__file__).parents[2] / "kraken_privacy/demo/register.yml"


def publish(version, day, html="<h2>Told</h2>"):
    return published.publish(version=version, html=html, effective_from=day, now=NOW, actor="user:1")


@pytest.fixture
def two():
    return publish("1.0", date(2026, 1, 1)), publish("2.0", date(2026, 6, 19), "<h2>Told again</h2>")


@pytest.fixture
def text(monkeypatch):
    monkeypatch.setattr(gates, "_checks", {basis: [] for basis in "abcdef"})
    register.load(FILE)
    register.publish_drafts(now=NOW, actor="system")
    html = writing.write(version="1.0", effective_from="1 September 2026")
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


@pytest.mark.parametrize(
    ("day", "version"), [("2026-01-01", "1.0"), ("2026-06-18", "1.0"), ("2026-06-19", "2.0"), ("2099-01-01", "2.0")]
)
def test_the_notice_of_a_day(client, two, day, version):
    response = client.get(URL, {"on": day})
    assert response.status_code == 200
    answer = response.json()
    assert answer["version"] == version
    assert answer["sha256"] == sha256(answer["html"].encode()).hexdigest()
    assert set(answer) == {"version", "effective_from", "html", "sha256"}


def test_without_a_day_it_is_today(client, two):
    assert client.get(URL).json()["version"] == "2.0"


def test_a_bad_date_is_named(client, two):
    response = client.get(URL, {"on": "tomorrow"})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == ["on"]


def test_before_the_first_there_was_none(client, two):
    response = client.get(URL, {"on": "2018-05-20"})
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_published_notices_stay(two):
    for change in (lambda: PrivacyNotice.objects.update(html="Other"), PrivacyNotice.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_no_day_is_told_two_things(two):
    with pytest.raises(DomainError, match="notice-backdated"):
        publish("3.0", date(2026, 6, 19))


def test_publishing_is_evidence(two):
    entry = Entry.objects.get(kind="notice.published", body__contains='"2.0"')
    assert two[1].sha256 in entry.body


def test_the_page_lists_every_version(client, two):
    page = client.get("/policy/").content.decode()
    assert "Told again" in page
    assert "Version 1.0, from 1 January 2026" in page
    assert "not the version in force" not in page
    old = client.get("/policy/1.0/").content.decode()
    assert "not the version in force" in old
    assert client.get("/policy/9.9/").status_code == 404


# What Arts 13 and 14 ask for, in the words of this notice.
MUST = [
    "Kraken IM",  # Art 13(1)(a)
    "Boho 5",
    "privacy@kraken.im",  # (b)
    "UK GDPR Art 6(1)(a)",  # (c)
    "UK GDPR Art 6(1)(f)",
    "Finding customers for our software",  # (d)
    "United Kingdom; privacy@events.example.com): Only with your consent",  # (e)
    "We do not send your data outside the United Kingdom",  # (f)
    "12 months after your application is closed",  # (2)(a)
    "expire within 35 days",
    "Access:",  # (b)
    "Rectification:",
    "Erasure:",
    "Restriction:",
    "Portability:",
    "stop direct marketing",  # Art 21(4): separately
    "Withdrawing consent:",  # (c)
    "section 164A of the Data Protection Act 2018",  # (ca)
    "section 165 of the Data Protection Act 2018",  # (d)
    "Information Commissioner's Office",
    "Whether you have to give us data",  # (e)
    "no decision about you by automated means alone",  # (f)
    "A public source",  # Art 14(2)(f)
    "special categories",
    "Cookies and beacons",
    "your IP address above all",
    "identifies nobody",
    "by e-mail or put a notice",
]


def test_it_says_what_it_must_and_tells_every_live_purpose(text):
    assert [told for told in MUST if told not in text] == []
    for version in PurposeVersion.objects.all():
        assert version.title in text
        assert version.description in text
        assert version.retention_summary in text
