"""/dev/mail/: a demo's outgoing mail, newest first, links to follow, nothing run, nothing fetched."""

import importlib

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from kraken_privacy import devmail

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.MAIL_DIR = tmp_path
    return tmp_path


def deliver(folder, *subjects, html="<p>Hi</p><script>alert(1)</script>"):
    """One connection, so one file, as a worker that delivers a batch writes it."""
    with get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(folder)) as connection:
        for number, subject in enumerate(subjects):
            text = "Grüße, open http://localhost/rights/confirm/abc/ now\n<b>bold</b>\n" + "x" * 120
            message = EmailMultiAlternatives(subject, text, to=[f"p{number}@example.com"], connection=connection)
            message.attach_alternative(html, "text/html")
            date = f"Sun, 22 Nov 2026 10:0{number}:00 +0000"
            message.extra_headers["Date"] = date
            message.send()


def test_every_message_newest_first_with_links(client, folder):
    deliver(folder, "First message", "Second message")
    page = client.get("/dev/mail/").content.decode()
    assert page.index("Second message") < page.index("First message")
    assert '<a href="http://localhost/rights/confirm/abc/"' in page
    assert "Grüße" in page
    assert "&lt;b&gt;" in page
    assert "<script" not in page
    assert "p1@example.com" in page


def test_the_html_part_is_shown_in_a_sandbox(client, folder):
    deliver(folder, "One")
    (message,) = devmail.messages()
    response = client.get(f"/dev/mail/{message.id}/")
    assert "<p>Hi</p>" in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert client.get("/dev/mail/nothing/").status_code == 404


def test_only_reading(client, folder):
    assert "No message has been sent yet" in client.get("/dev/mail/").content.decode()
    assert client.post("/dev/mail/").status_code == 405


def test_there_is_no_such_page_outside_a_demo(settings):
    settings.DEMO_MODE = False
    try:
        assert importlib.reload(devmail).urlpatterns == []
    finally:
        settings.DEMO_MODE = True
        importlib.reload(devmail)
