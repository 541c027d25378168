"""docs/roles.md, tried cell by cell over HTTP."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve
from django.utils import timezone
from rest_framework.test import APIClient

from breaches import log
from consents import assessments_drafts, entered, evidence, webhooks
from core import apikeys, roles
from core.files import File
from office import merging
from processing.models import Purpose
from requests import answer, decisions, found, identity_doubt, leaving_out, letters, transfers
from requests.models import CaseFile, Evidence, RightsRequest
from retention import holds, runs
from retention.models import RetentionRule
from subjects.identifiers import parse_identity
from subjects.models import Identifier, Organisation, PersonalDataItem
from tests import make_consents, make_inbox, make_office, make_register, make_requests, make_retention, make_staff
from tests.make_complaints import complain

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


class Things:
    """What the addresses name, made when first asked for."""

    def __init__(self, mailbox):
        self.mailbox, self.is_ready, self.made = mailbox, False, {}

    def __getitem__(self, name):
        if not self.is_ready:
            make_office.register(manual=True)
            self.is_ready = True
        if name not in self.made:
            self.made[name] = getattr(self, name)()
        return self.made[name]

    def request(self):
        return self.case("free@example.com").uuid

    def case(self, email):
        make_office.person("newsletter", email=email)
        return make_office.confirmed("access", email=email, mailbox=self.mailbox).requests.get()

    def taken(self):
        found = self.case("taken@example.com")
        CaseFile.objects.filter(pk=found.case_id).update(owner=make_staff.account("colleague", "caseworker"))
        return found.uuid

    def own(self):
        return self.case("own@example.com").uuid

    def portable(self):
        make_office.person("newsletter", email="portable@example.com")
        found = make_office.confirmed("portability", email="portable@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def ported(self):
        make_office.person("newsletter", email="ported@example.com")
        found = make_office.confirmed("portability", email="ported@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def transfer(self):
        given = {"name": "x", "address": "https://example.com/", "words": "x", "told": "request"}
        found = RightsRequest.objects.get(uuid=self["ported"])
        return transfers.instruct(found, **given, actor=make_office.OFFICER, now=make_office.NOW).uuid

    def objection(self):
        given = {"email": "objects@example.com", "stop": [], "answers": {"objection": "x"}}
        return make_requests.case("objection", now=make_office.NOW, **given).requests.get().uuid

    def prepared(self):
        found = self.case("prepared@example.com")
        answer.prepare_access(found, actor=make_office.OFFICER, now=make_office.NOW)
        return found.uuid

    def letter(self):
        return self.letter_in(self.request())

    def written(self):
        return self.letter_in(self["taken"])

    def letter_in(self, uuid):
        rights_request = RightsRequest.objects.get(uuid=uuid)
        return letters.write("general", rights_request, {"message": "x"}, now=make_office.NOW).uuid

    def file(self):
        return RightsRequest.objects.get(uuid=self["request"]).case.uuid

    def theirs(self):
        return RightsRequest.objects.get(uuid=self["taken"]).case.uuid

    def complaint(self):
        return complain(email="").uuid

    def grievance(self):
        found = complain(email="")
        CaseFile.objects.filter(pk=found.case_id).update(owner=make_staff.account("busy", "caseworker"))
        return found.uuid

    def doubted(self):
        found, now = self.case("doubted@example.com"), make_office.NOW
        given = {"reason": "details-differ", "doubt": "Another signature.", "ways": ["call-back"]}
        identity_doubt.ask(found, **given, actor=make_office.OFFICER, now=now)
        arrived = {"day": now.date(), "kind": "call-back", "words": "Called."}
        identity_doubt.arrived(found, **arrived, actor=make_office.OFFICER, now=now)
        return found.uuid

    def piece(self):
        return Evidence.objects.get(case__requests__uuid=self["doubted"]).uuid

    def task(self):
        return RightsRequest.objects.get(uuid=self["request"]).tasks.get(system__connector="manual").uuid

    def wrong(self):
        """A request to correct something."""
        make_office.person("newsletter", email="wrong@example.com")
        return (
            make_office.confirmed("rectification", email="wrong@example.com", mailbox=self.mailbox).requests.get().uuid
        )

    def limit(self):
        """A request to store and not use."""
        make_office.person("newsletter", email="limit@example.com")
        found = make_office.confirmed("restriction", email="limit@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def computed(self):
        """A request to look at the decision of a computer again."""
        make_office.person("newsletter", email="computed@example.com")
        found = make_office.confirmed("adm_review", email="computed@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def told(self):
        """A request to delete what somebody else has received."""
        make_office.person("newsletter", email="told@example.com")
        found = make_office.confirmed("erasure", email="told@example.com", mailbox=self.mailbox).requests.get()
        make_office.disclosed(found.case.subject, "newsletter")
        decisions.confirm_all(found, actor=make_office.OFFICER, now=make_office.NOW)
        return found.uuid

    def mail(self):
        return make_inbox.stored().uuid

    def item(self):
        request = RightsRequest.objects.get(uuid=self["request"])
        return PersonalDataItem.objects.filter(subject=request.case.subject).first().uuid

    def document(self):
        request, now = RightsRequest.objects.get(uuid=self["request"]), make_office.NOW
        system = request.tasks.get(system__connector="manual").system
        return found.add(request, system, "a.txt", b"About you.", actor=make_office.OFFICER, now=now).uuid

    def exemption(self):
        request, why = RightsRequest.objects.get(uuid=self["request"]), leaving_out.Why("privilege", "Advice.")
        now = make_office.NOW
        return leaving_out.record_out(request, self["item"], why, actor=make_office.OFFICER, now=now).uuid

    def person(self):
        return make_office.person("newsletter", email="person@example.com").uuid

    def other(self):
        return make_office.person("newsletter", email="other@example.com").uuid

    def merged(self):
        kept = make_office.person("newsletter", email="kept@example.com")
        gone = make_office.person("newsletter", email="gone@example.com")
        self.made["made"] = merging.merge(kept, gone, now=timezone.now(), actor=make_office.OFFICER).uuid
        return kept.uuid

    def address(self):
        return Identifier.objects.get(subjects__uuid=self["person"]).uuid

    def webhook(self):
        return webhooks.add("crm", "https://8.8.8.8/", now=timezone.now(), actor="test")[0].uuid

    def silent(self):
        """One that is switched off, so that a test of it goes nowhere."""
        made, now = webhooks.add("quiet", "https://8.8.8.8/", now=timezone.now(), actor="test")[0], timezone.now()
        webhooks.switch("quiet", on=False, now=now, actor="test")
        return made.uuid

    def message(self):
        return uuid4()

    def wording(self):
        """The name of a form in the making, and of one that is on show."""
        return make_consents.draft("wording").form.slug

    def worded(self):
        return make_consents.published("worded", controllers=[make_office.controller().name]).form.slug

    def hearsay(self):
        claims = parse_identity({"email": "hearsay@example.com"})
        told = entered.Told(claims, "newsletter", ["email"], make_consents.NOW)
        return entered.tell(told, actor=make_office.OFFICER, now=make_office.NOW)

    def paper(self):
        about = {"subject": make_office.person("newsletter", email="paper@example.com").uuid, "note": {"words": "x"}}
        file = File("paper.pdf", b"%PDF-1.7 signed")
        return evidence.add(
            uuid4(), kind="paper", file=file, **about, actor=make_office.OFFICER, now=make_office.NOW
        ).uuid

    def key(self):
        return apikeys.create("crm", ["events:read"])[0].uuid

    def organisation(self):
        return Organisation.objects.create(name="Example Ltd").uuid

    def breach(self):
        return log.log(aware_at=timezone.now(), texts={"summary": "x"}, actor="test", now=timezone.now()).uuid

    def rule(self):
        return make_retention.rule().pk

    def run(self):
        made = RetentionRule.objects.get(pk=self["rule"])
        return runs.join(made, as_of=make_retention.TODAY, cutoff=make_retention.TODAY, now=timezone.now()).uuid

    def anonymous(self):
        return make_retention.anonymous_rows(("1980s", "good", 30), ("1980s", "bad", 30)).uuid

    def ended(self):
        made = runs.start(uuid4(), as_of=make_retention.TODAY, now=timezone.now())
        runs.finish(made, held=0, indeterminate=0, now=timezone.now())
        return made.uuid

    def draft(self):
        return RetentionRule.objects.create(
            slug="draft", purpose=make_retention.live(), trigger="collection", period="P1M", legal_reason="-"
        ).pk

    def weighed(self):
        """The name of a purpose whose assessment is approved, of one in the making, and of one that waits."""
        return make_consents.assessment(self.interest("fraud-screening")).assessment.purpose.slug

    def drafted(self):
        return make_consents.assessment(self.interest("contact-enquiries"), approved=None).assessment.purpose.slug

    def submitted(self):
        purpose = self.interest("security-and-legal-claims")
        make_consents.assessment(purpose, approved=None)
        return assessments_drafts.submit(purpose, now=make_consents.NOW, actor="user:a").assessment.purpose.slug

    def interest(self, slug):
        return Purpose.objects.filter(slug=slug).first() or make_register.purpose(slug, "f")

    def recipe(self):
        fields = {"email": {"strategy": "keep"}, "phone": {"strategy": "keep"}}
        made = {"slug": "recipe", "purpose": make_retention.live(), "trigger": "collection", "period": "P9Y"}
        how = {"fields": fields, "quasi": ["email"], "sensitive": ["phone"]}
        return RetentionRule.objects.create(**made, legal_reason="-", action="anonymise", recipe=how).pk

    def hold(self):
        now, person = timezone.now(), make_retention.person()
        until = now.date() + timedelta(days=30)
        return holds.place([person], matter="1", reason="claim", review_due=until, actor="test", now=now).uuid


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


def test_every_page_of_the_office_is_in_the_table():
    tried = {
        resolve(re.sub(r"{\w+}", one, action.address)).url_name for action in ACTIONS for one in (str(UUID(int=1)), "1")
    }
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
