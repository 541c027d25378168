"""The officer writes a notice, sees it as people will, and publishes it; nobody is left with a bare 404 before."""

import re
from datetime import timedelta
from hashlib import sha256
from html import unescape

import pytest
from django.utils import timezone

from ledger.models import Entry
from notices import published, wording
from notices.models import PrivacyNotice
from tests import make_office, make_staff

pytestmark = pytest.mark.django_db
LIST, WRITE, PUBLISH = (f"/admin/privacy-notices/{end}" for end in ("", "new/", "publish/"))


@pytest.fixture
def dpo():
    make_office.register()
    return make_staff.client_of(make_staff.account("dora", "dpo"))


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def initial(response):
    form = response.context["form"]
    return {name: str(form.get_initial_for_field(field, name)) for name, field in form.fields.items()}


def hidden(response):
    """What the buttons of the preview send."""
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: unescape(value) for name, value in pairs}


def test_a_notice_is_written_corrected_seen_published_and_followed_by_another(dpo, client):
    none = client.get("/policy/")
    assert none.status_code == 404
    assert "Our privacy notice is not on this site yet." in text(none)
    assert f'<a href="{LIST}">Publish the privacy notice</a>' in text(dpo.get("/admin/"))
    assert "No privacy notice is published yet" in text(dpo.get(LIST))

    given = initial(dpo.get(WRITE))
    assert given["version"] == "1.0"
    assert given["html"].startswith("<p>This notice says what Kraken IM does")
    wrong = dpo.post(WRITE, {**given, "html": "<h2>Kept</h2>\n<script>1</script>\n<p>Open"})
    assert "Line 2: <script> cannot be in a notice." in text(wrong)
    assert "Line 3: <p> is never closed." in text(wrong)
    assert "<h2>Kept</h2>" in text(wrong)

    preview = dpo.post(WRITE, given)
    assert "Preview: nothing is published yet." in text(preview)
    assert not PrivacyNotice.objects.exists()
    assert "<h2>Ours</h2>" in text(dpo.post(WRITE, {**hidden(preview), "html": "<h2>Ours</h2>", "edit": "1"}))
    assert "Tick the box to publish" in text(dpo.post(PUBLISH, hidden(preview)))
    assert not PrivacyNotice.objects.exists()
    assert dpo.post(PUBLISH, {**hidden(preview), "sure": "on"}).status_code == 302
    first = PrivacyNotice.objects.get()
    article = re.compile(r"<article.*?</article>", re.DOTALL)
    shown = client.get("/policy/").content.decode()
    assert article.search(shown)[0] == article.search(preview.content.decode())[0]
    assert "<p>Version 1.0, in force from " in shown
    entry = Entry.objects.get(kind="notice.published")
    assert sha256(first.html.encode()).hexdigest() in entry.body

    given = initial(dpo.get(WRITE))
    assert (given["version"], given["html"]) == ("2.0", wording.body(first.html))
    said = text(dpo.post(WRITE, {**given, "version": "1.0", "effective_from": first.effective_from, "changes": ""}))
    assert "There is a version of this name already." in said
    assert "The next one begins after that day." in said
    assert "Say what changed" in said
    given |= {"changes": "We name a new printer.", "html": given["html"] + "\n<p>Our printer is Inky.</p>"}
    assert dpo.post(PUBLISH, {**given, "sure": "on"}).status_code == 302
    listed = text(dpo.get(LIST))
    assert "We name a new printer." in listed
    assert "to come" in listed
    assert "Inky" not in text(client.get("/policy/"))
    coming = text(client.get("/policy/2.0/"))
    assert "Our printer is Inky." in coming
    assert "<p>Version 2.0, in force from " in coming
    assert "Version 1.0, in force" not in coming
    assert "We name a new printer." in coming
    again = PrivacyNotice.objects.get(version="1.0")
    assert (again.html, again.sha256) == (first.html, first.sha256)
    assert first.html in client.get("/policy/1.0/").content.decode()
    assert "Publish the privacy notice" not in text(make_staff.client_of(make_staff.account("none")).get("/admin/"))


def test_what_people_read_until_today_cannot_be_changed_afterwards(dpo):
    today = published.local_date(timezone.now())
    before = today - timedelta(days=9)
    published.publish(version="1.0", html="<p>Old</p>", effective_from=before, now=timezone.now(), actor="user:1")
    given = {"version": "2.0", "changes": "All.", "html": "One & two\n\nThree"}
    late = dpo.post(WRITE, {**given, "effective_from": today - timedelta(days=1)})
    assert "Until today people have read version 1.0." in text(late)
    plain = dpo.post(WRITE, {**given, "effective_from": today}).content.decode()
    assert "<p>One &amp; two</p>" in plain
    assert "<p>Three</p>" in plain
