"""The crowd of the demo: the same invented people each time, in every situation that a purpose or a rule knows."""

import json
import re
from collections import Counter

import pytest
from django.utils import timezone

from consents.models import ConsentState, Suppression
from consents.models import Status as Consent
from kraken_privacy.demo import crowd, people
from kraken_privacy.demo.storing import Batch
from ledger.models import Entry
from processing.models import PurposeVersion
from requests.models import RightsRequest
from requests.workflow import State
from retention.models import RetentionRule, Trigger
from retention.purge import purge
from subjects.identifiers import parse_identity
from subjects.models import (
    DataSubject,
    Disclosure,
    ErasureBlock,
    ItemPurpose,
    NameToken,
    Organisation,
    PersonalDataItem,
    Relationship,
    Restriction,
)
from tests.make_demo import demo, loaded, undone

COUNT = 110


@pytest.fixture(scope="module", autouse=True)
def crowded(django_db_setup, django_db_blocker):
    with loaded(pytest.MonkeyPatch, django_db_blocker, "--subjects", str(COUNT)):
        yield


@pytest.fixture(autouse=True)
def savepoint(crowded):
    with undone():
        yield


def test_nobody_in_it_can_exist():
    for number in range(1, 2000):
        row = crowd.somebody(number)
        assert "Testperson-" in row["name"]
        assert "Testperson" in row["address"]
        assert re.fullmatch(r"[a-z]+\.testperson\d{6}@example\.(com|org|net)", row["identity"]["email"])
        assert re.match(r"\+44 (7700 900|1632 960|20 7946 0|(113|161|131) 496 0)\d{3}$", row["phone"])


def test_the_same_people_come_each_time():
    first = crowd.somebody(17)
    crowd.somebody(18)
    assert crowd.somebody(17) == first


def test_going_on_adds_only_who_is_missing():
    before = DataSubject.objects.count()
    demo("--subjects", str(COUNT))
    assert DataSubject.objects.count() == before
    demo("--subjects", str(COUNT + 5))
    assert DataSubject.objects.count() == before + 5


def test_every_purpose_has_people():
    used = set(ItemPurpose.objects.values_list("purpose__slug", flat=True))
    assert used >= set(PurposeVersion.objects.values_list("purpose__slug", flat=True))


def test_every_rule_has_what_is_due_what_is_not_and_what_nobody_knows():
    now = timezone.now()
    rules = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE).select_related("purpose")
    for rule in rules:
        report = purge(rule, as_of=now.date(), now=now)
        governed = ItemPurpose.objects.filter(purpose=rule.purpose)
        needs = (governed.filter(category=rule.category) if rule.category else governed).count()
        if rule.trigger == Trigger.CASE_CLOSED:
            # All cases of the demo are of this year.
            assert not report.due, rule.slug
            continue
        if (rule.trigger, rule.period) == (Trigger.CONSENT_ENDED, "P6Y"):
            # And the oldest consent of three years ago: its proof is kept for six years more.
            assert (report.due, bool(report.indeterminate)) == (0, True), rule.slug
            continue
        assert report.due, rule.slug
        assert needs > report.due + report.indeterminate, rule.slug
        # What is counted from its collection always has a date.
        assert bool(report.indeterminate) == (rule.trigger != Trigger.COLLECTION), rule.slug


def test_consents_stand_in_every_way():
    found = set(ConsentState.objects.values_list("status", flat=True))
    assert found >= {Consent.GIVEN, Consent.REFUSED, Consent.WITHDRAWN, Consent.EXPIRED}


def test_there_is_one_of_each_thing_that_can_be_noted_about_a_person():
    assert set(Organisation.objects.values_list("legal_type", flat=True)) == set(Organisation.LegalType.values)
    for model in (Suppression, Disclosure, Restriction, ErasureBlock):
        assert model.objects.exists(), model


def test_a_person_stored_in_bulk_is_like_one_taken_in():
    """Same rows, same evidence: only the way is shorter. Two people of the same kind differ in their numbers only."""
    now = timezone.now()

    def traces(subject):
        needs = ItemPurpose.objects.filter(subject=subject).values_list("purpose__slug", "category__slug")
        rows = Relationship.objects.filter(subject=subject)
        entries = Entry.objects.filter(subject=subject.uuid).values_list("body", flat=True)
        return {
            "needs": sorted(needs),
            "relationships": sorted(
                rows.values_list("purpose__slug", "role", "ground", "source", "started_on", "last_interaction_on")
            ),
            "items": Counter(PersonalDataItem.objects.filter(subject=subject).values_list("source", "nature")),
            "words": NameToken.objects.filter(item__subject=subject).count(),
            "evidence": Counter((body["kind"], body["purpose"]) for body in map(json.loads, entries)),
        }

    row = crowd.somebody(900_001 - 900_001 % len(crowd.KINDS) + 1)
    batch = Batch(now=now)
    stored = batch.add(row)
    batch.save()
    twin = {**row, "identity": {"email": "twin.testperson@example.org"}}
    taken = people.take_in(twin, now=now)
    known, ordinary = traces(stored), traces(taken)
    # The ordinary way notes the relationship twice: when the first item begins it, and when its ground is told.
    for evidence in (known["evidence"], ordinary["evidence"]):
        evidence[("relationship.established", "direct-sales")] = 1
    assert known == ordinary
    assert parse_identity(row["identity"])


def test_requests_stand_in_every_state():
    assert set(RightsRequest.objects.values_list("state", flat=True)) == set(State.values)
