"""Staff make a key, see it once, and it opens exactly its scopes until they revoke it."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import ApiKey, Outbox
from core.origins import as_sent
from ledger.models import Entry
from tests import make_office, make_staff

pytestmark = pytest.mark.django_db
KEY = re.compile(r"kp_[0-9a-z]+_[\w-]{43}")
NEW, LIST = "/admin/api-keys/new/", "/admin/api-keys/"
SITE = {"name": "site", "kind": "publishable", "scopes": ["forms:read"]}


@pytest.fixture
def integrator(db):
    make_office.controller()
    return make_staff.client_of(make_staff.account("ina", "integrator"))


def status(key, address, **headers):
    return APIClient(headers={"Authorization": f"Api-Key {key}", **headers}).get(f"/api/v1/{address}").status_code


def bodies(kind):
    return [json.loads(entry.body) for entry in Entry.objects.filter(kind=kind).order_by("pk")]


def test_a_key_is_shown_once_opens_its_scopes_and_is_revoked(integrator, caplog):
    given = {"name": "crm", "kind": "secret", "scopes": ["events:read", "ledger:read"]}
    answer = integrator.post(NEW, given)
    page = answer.content.decode()
    [key] = set(KEY.findall(page))
    assert f"Authorization: Api-Key {key}" in page
    assert "no-store" in answer["Cache-Control"]
    assert (status(key, "events/"), status(key, "ledger/seals/"), status(key, "letters/")) == (200, 200, 403)

    row = ApiKey.objects.get()
    secret = key.split("_", 2)[2]
    shown = integrator.get(LIST).content.decode()
    assert "by ina" in shown
    kept = json.dumps([dict(integrator.session), bodies("api-key.made"), caplog.text, str(answer.headers)], default=str)
    assert secret not in shown + kept + integrator.cookies.output()
    assert not Outbox.objects.exists()
    assert bodies("api-key.made")[0]["data"] == {"kind": "secret", "origins": 0, "scopes": given["scopes"]}
    # The same form sent again leaves no second key that nobody has seen.
    assert "A key of this name works already" in integrator.post(NEW, given).content.decode()

    place = f"/admin/api-keys/{row.uuid}/revoke/"
    assert "cannot be undone" in integrator.get(place).content.decode()
    assert status(key, "events/") == 200
    integrator.post(place)
    integrator.post(place)
    assert status(key, "events/") == 401
    assert [body["object"] for body in bodies("api-key.revoked")] == [str(row.uuid)]


def test_a_key_for_browsers_works_from_its_origins_until_its_last_day(integrator):
    today = timezone.now().date()
    last = (today + timedelta(days=9)).isoformat()
    given = {**SITE, "origins": "https://Shop.example.com/\nhttps://www.example.com:443", "last_day": last}
    [key] = set(KEY.findall(integrator.post(NEW, given).content.decode()))
    row = ApiKey.objects.get()
    assert row.origins == ["https://shop.example.com", "https://www.example.com"]
    assert today + timedelta(days=9) <= row.expires_at.date() <= today + timedelta(days=10)
    assert status(key, "forms/newsletter/", Origin="https://shop.example.com") == 404
    assert status(key, "forms/newsletter/") == 401


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"scopes": []}, "Choose what it may open."),
        ({"scopes": ["forms:read", "requests:work"]}, "Whoever opens the page can read a publishable key."),
        ({"origins": ""}, "Name at least one origin"),
        ({"origins": "https://shop.example.com/basket"}, "Write each origin like"),
        ({"kind": "secret"}, "A secret key has no origins."),
        ({"last_day": "2001-02-03"}, "That day is over."),
        ({"last_day": "soon"}, "Give a date, for example"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(integrator, given, sentence):
    page = integrator.post(NEW, {**SITE, "origins": "https://shop.example.com", **given}).content.decode()
    assert sentence in page
    assert 'value="site"' in page
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        *(
            (text, "")
            for text in ("http://example.com", "https://*.example.com", "https://a@example.com", "https://", "x")
        ),
        *((text, "") for text in ("https://example.com:x", "https://example.com/a", "null", "https://exa mple.com")),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(text, sent):
    assert as_sent(text) == sent


def test_keys_without_a_browser():
    def run(*args):
        out = StringIO()
        call_command("apikeys", *args, stdout=out)
        return out.getvalue().strip()

    key = run("create", "--name", "crm", "--scope", "events:read")
    assert status(key, "events/") == 200
    assert key not in run("list")
    with pytest.raises(CommandError, match="works already"):
        run("create", "--name", "crm", "--scope", "events:read")
    run("revoke", "crm")
    assert status(key, "events/") == 401
    assert run("list") == ""
    with pytest.raises(CommandError, match="No key of this name"):
        run("revoke", "crm")
    run(
        "create",
        "--name",
        "site",
        "--kind",
        "publishable",
        "--origin",
        "http://localhost:8000",
        "--scope",
        "forms:read",
    )
    assert [body["actor"] for body in bodies("api-key.made")] == ["system:apikeys"] * 2
