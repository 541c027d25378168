"""Anybody can read what the notice said on a day: in the browser, by an address that can be cited."""

import re
from datetime import UTC, date, datetime

import pytest

from notices import published

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _two():
    for version, day in (("1.0", date(2026, 1, 1)), ("2.0", date(2026, 6, 19))):
        published.publish(version=version, html=f"<h2>Text {version}</h2>", effective_from=day, now=NOW, actor="user:1")


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_notice_of_a_day_says_which_day(client):
    page = text_of(client.get("/policy/", {"on": "2026-06-18"}))
    assert "Text 1.0" in page
    assert "This is what the notice said on <strong>18 June 2026</strong>: version 1.0." in page
    assert "Read the current one." in page
    assert 'value="2026-06-18"' in page
    assert "Read the current one." not in text_of(client.get("/policy/", {"on": "2026-06-19"}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("2025-12-31", "There was no notice on this day. The first is from 1 January 2026"),
        ("tomorrow", "Enter a date as year, month and day: 2026-03-31"),
        ("2026-02-30", "Enter a date as year, month and day: 2026-03-31"),
        ("", "Enter a date"),
    ],
)
def test_a_day_without_a_notice_is_a_mistake_on_the_same_page(client, given, message):
    page = text_of(client.get("/policy/", {"on": given}))
    assert "<title>Error: " in page
    assert page.count(message) == 2
    assert f'<a href="#id_on">{message}</a>' in page
    assert "Text 2.0" in page


def test_a_post_is_refused(client):
    assert client.post("/policy/").status_code == 405
