"""The demo loads once, whole, the same each time, and nowhere but in a demo."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from breaches.models import Breach
from consents.permission import may_process
from core import apikeys
from core.models import ApiKey, User
from kraken_privacy.demo import SITE_KEY, SITE_ORIGINS, entry
from notices import published
from office.models import Merge
from processing.models import PurposeVersion, Status
from requests.models import Complaint, RightsRequest
from requests.workflow import CLOSED, State
from retention.models import RetentionRule
from retention.purge import purge
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests.make_demo import KEY, PASSWORD, demo, loaded, undone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def once(django_db_setup, django_db_blocker):
    with loaded(pytest.MonkeyPatch, django_db_blocker):
        yield


@pytest.fixture(autouse=True)
def savepoint(once, monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    monkeypatch.setenv("DEMO_API_KEY", KEY)
    with undone():
        yield


def counts():
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_twice_is_once():
    before = counts()
    demo()
    assert counts() == before


def test_it_refuses_outside_a_demo(settings):
    settings.DEMO_MODE = False
    with pytest.raises(CommandError, match="DEMO_MODE"):
        demo()


def test_the_officer_and_the_key_open_the_door():
    user = User.objects.get(username="dpo")
    assert user.check_password(PASSWORD)
    assert user.is_superuser
    key = apikeys.find(KEY, now=NOW)
    assert (key.name, key.scopes) == ("demo", entry.SCOPES)


def test_a_page_of_the_example_site_may_ask_at_once(client):
    def ask(origin):
        headers = {"Authorization": f"Api-Key {SITE_KEY}", "Origin": origin}
        return client.get("/api/v1/forms/newsletter/", headers=headers).status_code

    assert [ask(origin) for origin in (*SITE_ORIGINS, "https://elsewhere.example")] == [200, 200, 401]


def test_new_secrets_replace_the_old(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "another password of good length")
    monkeypatch.setenv("DEMO_API_KEY", "kp_demo_" + "n" * 43)
    demo()
    assert User.objects.get(username="dpo").check_password("another password of good length")
    assert apikeys.find(KEY, now=NOW) is None
    assert ApiKey.objects.filter(name="demo").count() == 1


def test_the_key_has_every_scope_there_is():
    assert set(scopes(get_resolver())) == set(entry.SCOPES)


def scopes(resolver):
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from scopes(pattern)
            continue
        view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
        scope = getattr(view, "required_scope", None)
        yield from filter(None, scope.values() if isinstance(scope, dict) else [scope])


def test_every_purpose_is_live_and_has_a_rule():
    assert PurposeVersion.objects.filter(status=Status.LIVE).count() == 20
    without = PurposeVersion.objects.exclude(
        purpose__in=RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE).values("purpose")
    )
    assert not without.exists()
    assert published.current(NOW.date()).version == "1.0"


def test_its_people_stand_for_the_cases():
    # One of them was on file twice.
    assert (DataSubject.objects.count(), Merge.objects.count()) == (9, 1)
    assert set(RightsRequest.objects.values_list("state", flat=True)) == set(State.values)
    ada = people.find([Claim("email", "ada.testperson@example.com")])
    assert {item.category.slug for item in ada.items.all()} >= {"invoice", "contract", "name"}
    ben = people.find([Claim("email", "ben.testperson@example.org")])
    assert ben.relationships.get().application_closed_on is not None


def test_there_is_trouble_to_look_at():
    assert Complaint.objects.get().acknowledged_at is None
    breach = Breach.objects.get()
    assert (breach.people_estimate, breach.risk, breach.closed_at) == (3, "unknown", None)


def test_the_subscriber_may_be_written_to():
    eve = Claim("email", "eve.testperson@example.com")
    ada = Claim("email", "ada.testperson@example.com")
    now = timezone.now()
    assert may_process(eve, "newsletter", "email", now=now).allowed
    assert may_process(ada, "newsletter", "email", now=now).allowed
    assert not may_process(ada, "surveys", "email", now=now).allowed


def test_the_old_applicant_and_the_contract_of_six_years_ago_are_due():
    now = timezone.now()
    due = {
        rule.slug: purge(rule, as_of=now.date(), now=now).due
        for rule in RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    }
    assert {slug for slug, count in due.items() if count} == {"applicants", "contract-records"}


def test_requests_are_in_time_late_paused_extended_and_not_begun():
    today = timezone.now().date()
    is_open = RightsRequest.objects.open()
    assert is_open.overdue(today).exists()
    assert is_open.filter(due_on__range=(today, today + timedelta(days=8))).exists()
    for fact in ("id_asked", "clarifications", "extended_on"):
        assert is_open.filter(facts__has_key=fact).exists(), fact
    assert is_open.filter(events__old__in=CLOSED).exists()


def test_erased_people_stay_away():
    rule = RetentionRule.objects.get(slug="applicants")
    now = timezone.now()
    purge(rule, as_of=now.date(), commit=True, now=now)
    demo()
    assert people.find([Claim("email", "ben.testperson@example.org")]) is None
