"""What a person is shown: everything about them, nothing about anybody else."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.models import RuleSet
from processing.models import Recipient
from requests.models import CaseFile
from subjects import disclosures, erasure, lawful_uses, organisations, registry, relationships, restrictions
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_register
from tests import make_subjects as make

pytestmark = pytest.mark.django_db
BY = {"now": make.NOW, "actor": make.ACTOR}
OURS = [category for category in registry.categories() if type(category).__module__ == "subjects.personal"]


def exported(subject):
    return {type(category).__name__: list(category.export(subject)) for category in OURS}


@pytest.fixture
def support():
    return make.purposes("customer-support")[0]


def full(address, word, support):
    """A person with something in every category."""
    person = make.person(make.email(address), Claim("external_id", f"Id-{word}", "crm"))
    make.item(person, "customer-support", content={"said": word})
    relationships.establish(person, support, role="prospect", ground="mutual-interest", note=word, **BY)
    organisations.represent(person, name=f"{word} Trading", legal_type="sole_trader", **BY)
    recipient = Recipient.objects.create(slug=word, name=f"{word} Printers", role="processor")
    disclosures.record(
        person, recipient=recipient, categories=[make_register.category()], ground="instruction", purpose=support, **BY
    )
    restrictions.restrict(person, ground="accuracy", purpose=support, **BY)
    lawful_uses.record(
        person,
        uuid=uuid4(),
        purpose=support,
        items=[],
        ground="claims",
        placed_for=uuid4(),
        until=make.NOW + timedelta(days=30),
        sealed=b"sealed",
        **BY,
    )
    return person


def test_every_category_speaks_of_the_person_and_of_nobody_else(support):
    ada, bob = full("ada@example.com", "lovelace", support), full("bob@example.com", "babbage", support)
    mine, theirs = exported(ada), exported(bob)
    assert all(mine.values())
    assert set(mine) == {"Identity", "Affiliation", "Ties", "Held", "Recipients", "Limits", "Uses"}
    text = json.dumps(mine)
    for shown in ("ada@example.com", "Id-lovelace", "lovelace Trading", "lovelace Printers", '{"said": "lovelace"}'):
        assert shown in text
    assert mine["Ties"][0]["note"] == "lovelace"
    assert "babbage" not in text
    assert "lovelace" not in json.dumps(theirs)


def test_an_address_shared_and_never_proved_is_not_shown(support):
    office = make.email("office@example.com")
    ada, bob = make.person(office, make.number("C-1")), make.person(office, make.number("C-2"))
    assert [row["value"] for row in exported(ada)["Identity"]] == ["C-1"]
    from_bob = [row["value"] for row in exported(bob)["Identity"]]
    assert from_bob == ["C-2"]


def test_of_someone_with_nothing_nothing_is_shown(support):
    nobody = DataSubject.objects.create()
    assert not any(exported(nobody).values())


def test_a_closed_case_stops_pointing_to_the_person(support, monkeypatch):
    """The case outlives the person for a while; the generic rule holds even if nobody cleans up."""
    for name in ("_guards", "_cleaners"):
        monkeypatch.setattr(erasure, name, [])
    rules = RuleSet.objects.first() or RuleSet.objects.create(
        jurisdiction="UK", slug="test-rules", effective_from="2020-01-01", params={}, source="A test."
    )
    ada = make.person()
    make.item(ada, "customer-support")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    case = CaseFile.objects.create(
        subject=ada, channel="web", rule_set=rules, received_at=at, received_on=at.date(), closed_at=at
    )
    erased = erasure.end_needs(erasure.needs_of(ada, [support]), now=make.NOW)
    case.refresh_from_db()
    assert (erased.subjects, case.subject) == (1, None)
