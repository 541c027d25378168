"""The canary: unique words planted in every personal field through the public doors, erased, and then looked for.

Mail that was delivered is a copy outside and out of scope; what is kept here must be declared below with its reason.
"""

import logging
import re
import secrets
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import outbox
from requests import answer, expiry
from requests.decisions import lines
from requests.models import CaseFile, RightsRequest
from retention import tombstones
from subjects import names, people
from subjects.identifiers import Claim, suppression_hashes
from subjects.items import source_hash
from tests import make_consents, make_register
from tests.make_canary import Search

pytestmark = pytest.mark.django_db(transaction=True)
CASE = "the case file proves how the request was answered (Art 5(2)); it is sealed under its own key until its own term"
KEPT_WITH_THE_CASE = {
    "requests_casefile.claim": CASE,
    "requests_casefile.claim_blind": "finds a second letter from the same address while the case is kept",
    "requests_letter.sealed": CASE,
    "requests_packagechunk.sealed": CASE,
    "requests_decision.note": CASE,
}
# Keyed hashes only: none of the words may ever stand here.
KEPT_LONGER = {
    "ledger_entry.body": "evidence of the objection names its keyed hash; the ledger has its own retention",
    "consents_suppression.hash": "a keyed hash, so that the objection is kept to (Arts 17(3)(b), 21(3))",
    "retention_tombstone.hash": "a keyed hash, so that a backup does not bring it back (Art 5(1)(f))",
}
CATEGORIES = ("name", "email", "phone", "job-title", "employer", "correspondence", "feedback", "application", "device")
SOURCES = ("in_person", "correspondence", "phone", "social_media", "website", "product", "third_party", "public_source")
OFFICER = "user:00000000-0000-4000-8000-000000000001"


class Plant:
    """The words of one person, each unlike anything else in the world."""

    def __init__(self):
        self.words: dict[str, str] = {}
        self.digits = "7700900" + "".join(secrets.choice("0123456789") for _ in range(3))
        self.words["phone"] = self.digits

    def __call__(self, name: str) -> str:
        return self.words.setdefault(name, f"cnry{secrets.token_hex(8)}")

    @property
    def email(self) -> str:
        return f"{self('email')}@example.com"

    def claims(self) -> list[Claim]:
        claims = [Claim("email", self.email), Claim("phone", f"+44{self.digits}")]
        return [*claims, Claim("customer_number", self("customer")), Claim("external_id", self("external"), "crm")]

    def marks(self) -> dict[str, bytes]:
        """Everything that recognises the person without saying who it is."""
        found = {"hash-record": source_hash(f"crm:{self('record')}"), "word": names.token(self("item-name"))}
        for claim in self.claims():
            found |= {f"blind-{claim.type}-{n}": blind for n, blind in enumerate(claim.blinds)}
            hashes = suppression_hashes(claim.type, claim.normalised, claim.system)
            found |= {f"suppression-{claim.type}-{n}": value for n, value in enumerate(hashes)}
        return found


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def register():
    for slug, basis in {
        "newsletter": "a",
        "direct-sales": "f",
        "customer-support": "b",
        "rights-requests": "c",
    }.items():
        marketing = {"direct_marketing": slug in ("newsletter", "direct-sales"), "channels": ["email"]}
        make_register.purpose(slug, basis, categories=CATEGORIES, **marketing)
    make_register.system("crm", "builtin")
    make_consents.published()


def call(client, path, body, **headers):
    key = make_consents.key("subjects:write", "consents:write", "requests:write")
    found = client.post(f"/api/v1/{path}/", body, content_type="application/json", headers=key["headers"] | headers)
    assert found.status_code < 300, found.text
    return found


def collect(client, plant):
    """Every identifier, every category, every source, the ground of the relationship, the organisation."""
    ago = (timezone.now() - timedelta(days=1)).isoformat()
    items = [
        {
            "category": category,
            "purposes": ["customer-support"] if number % 2 else ["direct-sales", "newsletter"],
            "content": {"value": plant(f"item-{category}"), "other": [plant(f"list-{category}")]},
            "source": SOURCES[number % len(SOURCES)],
            "nature": "provided",
            "collected_at": ago,
            "system": "crm",
            "source_evidence": str(uuid4()),
            "source_record": f"crm:{plant('record')}",
        }
        for number, category in enumerate(CATEGORIES)
    ]
    body = {
        "identity": {
            "email": plant.email,
            "phone": f"+44{plant.digits}",
            "customer_number": plant("customer"),
            "external_id": {"system": "crm", "id": plant("external")},
        },
        "notice": "1",
        "organisation": {"name": f"{plant('organisation')} Plumbing", "legal_type": "sole_trader"},
        "relationship": {
            "role": "customer_contact",
            "purpose": "direct-sales",
            "ground": "met-at-fair",
            "note": f"Met {plant('note')} at the fair.",
        },
        "items": items,
        "interaction": {"purpose": "customer-support", "at": ago, "channel": "phone"},
    }
    call(client, "collect", body, **{"Idempotency-Key": "canary-1"})


def consent(client, plant):
    body = make_consents.body(plant.email, source={"channel": "website", "url": f"https://example.com/{plant('url')}"})
    call(client, "consents", body | {"given_at": timezone.now().isoformat()}, **{"Idempotency-Key": "canary-2"})


def file_requests(client, plant, mailbox) -> CaseFile:
    """The web form, page by page, then the link in the mail."""
    answers = {
        "rights": {"rights": ["access", "erasure"]},
        "name": {"name": f"Ada {plant('requester')}"},
        "email": {"email": plant.email},
        "details": {"details": f"I once wrote about {plant('details')}."},
    }
    for page, data in answers.items():
        found = client.post(reverse(f"requests:{page}"), data)
        assert found.status_code == 302, found.text
    page = client.get(reverse("requests:check"))
    token = re.search(r'name="token" value="([^"]+)"', page.text).group(1)
    assert client.post(reverse("requests:check"), {"token": token}).status_code == 302
    deliver()
    link = re.search(r"(/rights/confirm/[^\s]+)", mailbox[-1].body).group(1)
    assert client.post(link).status_code == 302
    return CaseFile.objects.get(uuid=token)


def abandon_a_form(client, plant):
    client.post(reverse("requests:rights"), {"rights": ["access"]})
    client.post(reverse("requests:name"), {"name": plant("abandoned")})


def deliver():
    while outbox.deliver_due(now=timezone.now()):
        pass


def decide(rights_request: RightsRequest, plant, reasons) -> None:
    now = timezone.now()
    for line in lines(rights_request, now=now):
        reason = reasons.get(line.version.basis, "no-longer-needed")
        note = f"About {plant('decision')}."
        answer.decide(rights_request, line.purpose, "grant", reason, note, actor=OFFICER, now=now)


def journey(client, other_client, plant, mailbox) -> CaseFile:
    collect(client, plant)
    consent(client, plant)
    abandon_a_form(other_client, plant)
    case = file_requests(client, plant, mailbox)
    answer.release_access(case.requests.get(right="access"), actor=OFFICER, now=timezone.now())
    deliver()
    return case


def erase(case: CaseFile, plant) -> None:
    rights_request = case.requests.get(right="erasure")
    decide(rights_request, plant, {"a": "consent-withdrawn"})
    answer.execute_erasure(rights_request, actor=OFFICER, now=timezone.now())
    deliver()
    answer.finish_waiting(now=timezone.now())
    rights_request.refresh_from_db()
    assert rights_request.state == "fulfilled"


def noise(client, plant) -> None:
    """Calls that go wrong or store nothing: what they carry must not end up in a log or an error kept anywhere."""
    headers = make_consents.key("subjects:write", *make_consents.SCOPES, "requests:write")["headers"]
    identity = {"email": plant.email}
    check = {"purpose": "newsletter", "channel": "email", "type": "email", "values": [plant.email, plant("unknown")]}
    for path, body in {
        "collect": {"identity": {"email": plant("no-address")}, "notice": "1", "items": [{"category": plant("wrong")}]},
        "consents": {"identity": identity, "form": plant("no-form"), "choices": {plant("no-choice"): True}},
        "consents/withdraw": {"identity": identity, "purposes": [plant("no-purpose")]},
        "permissions/check": check,
        "requests": {"rights": [plant("no-right")], "requester": identity},
        "interactions": {"identity": identity, "purpose": plant("no-such"), "at": "now", "channel": plant("channel")},
    }.items():
        client.post(f"/api/v1/{path}/", body, content_type="application/json", headers=headers)
        client.post(f"/api/v1/{path}/", f'{{"{plant("broken")}"', content_type="application/json", headers=headers)
    client.post(reverse("requests:link"), {"email": plant.email, "reference": plant("no-reference")})


def allowed(found: dict, words: set[str], *declared: dict) -> None:
    places = {place for declaration in declared for place in declaration}
    assert {place: names for place, names in found.items() if place not in places} == {}
    assert {place: names & words for place, names in found.items() if place in KEPT_LONGER and names & words} == {}


def test_nothing_of_a_person_survives_their_erasure(client, plant, register, mailoutbox, caplog, settings):
    caplog.set_level(logging.DEBUG)
    cache.clear()
    case = journey(client, Client(), plant, mailoutbox)
    search, real = Search(plant.words, plant.marks()), set(plant.words)
    planted = {name for names in search.database().values() for name in names}
    # Proves the search. An abandoned form is sealed under the visitor's cookie, a source record is only ever hashed.
    assert real - planted == {"abandoned", "record"}
    noise(client, plant)

    erase(case, plant)

    search, words = Search(plant.words, plant.marks()), set(plant.words)
    assert people.find(plant.claims()) is None
    allowed(search.database(), words, KEPT_WITH_THE_CASE, KEPT_LONGER)
    assert search.names_in(caplog.text.encode()) == set()
    # A restore must be able to suppress again, so the journal holds the same keyed hashes.
    assert not search.files(Path(settings.JOURNAL_DIR)) - {name for name in plant.marks() if "suppression" in name}
    assert search.cache() == set()

    expiry.expire_case(CaseFile.objects.get(pk=case.pk), now=timezone.now())
    allowed(search.database(), words, KEPT_LONGER)

    later = timezone.now() + timedelta(days=60)
    tombstones.expire(today=later.date(), now=later)
    assert "retention_tombstone.hash" not in search.database()
