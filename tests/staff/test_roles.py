"""docs/roles.md, tried cell by cell over HTTP."""

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve
from rest_framework.test import APIClient

from core import apikeys, roles
from requests.models import CaseFile
from tests import make_office, make_staff
from tests.make_things import Things

pytestmark = pytest.mark.django_db
TEXT = (Path(settings.BASE_DIR) / "docs" / "roles.md").read_text()
COLUMNS = [*roles.ROLES, "no role", "nobody"]


@dataclass
class Action:
    name: str
    method: str
    address: str
    data: str
    cells: list[str]


def table():
    for line in TEXT.splitlines():
        found = re.fullmatch(r"\| (.+?) \| `(GET|POST) (/\S+?)(?: (\S+))?` \| (.+) \|", line)
        if found and not found[3].startswith("/api/"):
            name, method, address, data, cells = found.groups()
            yield Action(name, method, address, data or "", cells.split(" | "))


ACTIONS = list(table())
SCOPED = re.findall(r"^\| `([a-z:]+)` \| `(GET|POST) (/api/\S+)` \|$", TEXT, re.M)


def client_for(column, user):
    client = Client()
    if column != "nobody":
        client.force_login(user)
    return client


def heard(response):
    """What a cell says about this response."""
    if response.status_code == 404:
        return "404"
    leads_to = response.get("Location", "")
    if leads_to.startswith(("/admin/login/", "/staff/sign-in/")):
        return "login"
    return "yes" if response.status_code in (200, 302) else str(response.status_code)


def call(client, action, things, user):
    names = re.findall(r"{(\w+)}", action.address + action.data)
    values = {name: user.uuid if name == "self" else things[name] for name in names}
    if "own" in values:
        CaseFile.objects.filter(requests__uuid=values["own"]).update(owner=user)
    address = action.address.format(**values)
    if action.method == "GET":
        return client.get(address)
    name, _equals, value = action.data.format(**values).partition("=")
    return client.post(address, {name: value} if name else {})


def test_the_table_is_whole():
    assert len(ACTIONS) >= 43
    assert all(len(action.cells) == len(COLUMNS) for action in ACTIONS)
    assert set(roles.ROLES) == set(re.findall(r"^\| `(\w+)` \|", TEXT, re.M))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name.replace(" ", "-"))
def test_each_cell(action, mailoutbox):
    make_office.controller()
    things, told = Things(mailoutbox), []
    for name in re.findall(r"{(\w+)}", action.address):
        things[name]
    for column in COLUMNS:
        # Each is tried on the same rows: what one did is taken back before the next.
        with transaction.atomic():
            user = make_staff.account(f"is {column}", column)
            told.append(heard(call(client_for(column, user), action, things, user)))
            transaction.set_rollback(True)
    assert dict(zip(COLUMNS, told, strict=True)) == dict(zip(COLUMNS, action.cells, strict=True))


# Steps on things that a row of the table has made or opened, behind the same guard.
STEPS = {
    *("case-message-done", "case-file"),
    *("import", "import-rename", "import-choose", "import-commit", "import-errors", "import-erase"),
    *("rights-review-conclude", "rights-review-drop"),
    *("rights-correction-decide", "rights-correction-drop"),
    *("rights-recipient-impossible", "rights-recipient-replied"),
    *("rights-restriction-use-words", "rights-restriction-use-end"),
    "rights-view-forget",
    # What the editor shows beside the draft; it saves nothing.
    "consent-preview",
}


def spelled(address):
    """With each thing by its id or by its number."""
    text = re.sub(r"{\w+}", "{}", address)
    return [text.format(*ids) for ids in product([UUID(int=1), 1], repeat=text.count("{}"))]


def test_every_page_of_the_office_is_in_the_table():
    tried = {resolve(address).url_name for action in ACTIONS for address in spelled(action.address)}
    pages = {pattern.name for pattern in admin.site.extra_urls()}
    assert len(pages) > 150
    assert pages - tried == STEPS


def keyed(*scopes):
    _row, key = apikeys.create("some", scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    return client


@pytest.mark.parametrize(("scope", "method", "address"), SCOPED, ids=[" ".join(row[1:]) for row in SCOPED])
def test_each_call_needs_its_scope_and_no_other(scope, method, address):
    others = {one for one, _method, _address in SCOPED} - {scope}
    address = address.format(id=uuid4())

    def status(client):
        return getattr(client, method.lower())(address, {}, format="json").status_code

    assert status(APIClient()) == 401
    assert status(keyed(*others)) == 403
    assert status(keyed(scope)) not in (401, 403, 405, 500)


def test_every_call_with_a_scope_is_in_the_table():
    assert set(_scopes(get_resolver())) == {scope for scope, _method, _address in SCOPED}


def _scopes(resolver):
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from _scopes(pattern)
            continue
        view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
        scope = getattr(view, "required_scope", None)
        yield from filter(None, scope.values() if isinstance(scope, dict) else [scope])


def test_roles_are_made_anew_and_old_names_live_on():
    Group.objects.filter(name="dpo").update(name="officer")
    auditor = Group.objects.get(name="auditor")
    auditor.permissions.set(Group.objects.get(name="officer").permissions.all())
    roles.load_groups()
    assert not Group.objects.filter(name="officer").exists()
    assert not auditor.permissions.exclude(codename__startswith="view_").exists()


@pytest.mark.parametrize("role", roles.ROLES)
def test_no_role_reaches_secrets_of_others_or_django_itself(role):
    held = Group.objects.get(name=role).permissions
    assert not held.filter(content_type__app_label__in=["auth", "mfa", "account", "usersessions", "sessions"]).exists()


def test_who_has_no_role_sees_a_page_that_says_so(client):
    client.force_login(make_staff.account("new"))
    page = client.get("/admin/").content.decode()
    assert "You have no role here yet" in page
    assert "/admin/rights/" not in page
    assert "/admin/core/" not in page


def test_an_account_that_is_not_staff_finds_no_admin_site(client):
    client.force_login(make_staff.account("guest", is_staff=False))
    assert client.get("/admin/", follow=True).status_code == 404


def test_ids_of_nobody_are_not_found(client):
    client.force_login(make_staff.account("dpo", "dpo"))
    assert client.get(f"/admin/rights/{UUID(int=1)}/").status_code == 404
