"""Capturing consent: what one statement leaves behind, and what it refuses."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection

from consents import answers, capture, endings, forms, rebuild
from consents.capture_sql import CAPTURE_KNOWN, CAPTURE_NEW
from consents.models import ConsentEvent, ConsentState
from core import prepared
from core.errors import Invalid
from core.models import DataKey
from core.vault import key_of
from ledger import signing
from ledger.models import Entry
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Relationship
from tests import make_consents as make

pytestmark = pytest.mark.django_db


def test_a_new_person_is_made_with_identifier_keys_events_states_and_evidence():
    version = make.published()
    done = make.captured()
    subject = DataSubject.objects.get()
    assert done.subject == subject.uuid
    assert people.emails_of(subject) == ["ada@example.com"]
    event = ConsentEvent.objects.get()
    assert (event.status, event.channel, event.consent) == ("given", "email", done.consent)
    assert event.form_version == version.pk
    proof = json.loads(key_of("consent", done.consent).open("proof", bytes(event.proof)))
    assert proof["identity"] == {"email": "ada@example.com"}
    state = ConsentState.objects.get()
    assert (state.event, state.status) == (event.uuid, "given")
    assert state.valid_until == make.NOW.replace(year=2028)
    assert sorted(DataKey.objects.values_list("owner", flat=True)) == ["consent", "identifier"]
    kinds = Entry.objects.filter(subject=subject.uuid).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["consent.given"]
    assert Entry.objects.get(uuid=event.entry).body.count('"new":true') == 1
    assert Entry.objects.get(uuid=event.entry).kind == "consent.given"
    tie = Relationship.objects.get()
    assert (tie.role, tie.started_on, tie.consent_ended_on) == ("subscriber", make.NOW.date(), None)


def test_nothing_readable_is_stored():
    make.published()
    make.captured("canary-4711@example.com")
    with connection.cursor() as cursor:
        for model in (ConsentEvent, ConsentState, Entry, Identifier, DataSubject, Relationship):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {model._meta.db_table} t")
            assert "canary-4711" not in str(cursor.fetchall())


def test_the_receipt_is_signed_names_nobody_and_says_how_to_withdraw():
    version = make.published()
    done = make.captured()
    receipt = json.loads(signing.verify(done.receipt))
    assert receipt["sub"] == str(done.subject)
    assert receipt["form"]["sha256"] == version.sha256
    assert receipt["choices"][0]["status"] == "given"
    assert receipt["withdrawal_method"].startswith("http")
    assert "ada@" not in json.dumps(receipt)


def test_the_answer_can_be_told_again_from_what_is_stored():
    make.published()
    done = make.captured()
    assert capture.stored(done.consent) == done


def test_a_known_person_stays_one_person():
    make.published()
    first, second = make.captured(), make.captured("ADA@Example.com", now=make.days(1))
    assert first.subject == second.subject
    assert (DataSubject.objects.count(), Identifier.objects.count(), ConsentEvent.objects.count()) == (1, 1, 2)
    assert ConsentState.objects.get().effective_at == make.days(1)


def test_a_refused_control_is_recorded_as_refused_and_an_empty_box_too():
    make.published(controls=[make.control(), make.control("survey", "surveys", "")])
    done = make.captured(choices={"newsletter-email": False})
    assert done.states == {"newsletter": "refused", "surveys": "refused"}
    assert Entry.objects.filter(kind="consent.refused").count() == 1
    assert not Relationship.objects.exists()


def test_several_parts_of_an_identity_name_one_person():
    make.published()
    done = make.captured(identity={"email": "ada@example.com", "customer_number": "c 1"})
    assert people.find([Claim("customer_number", "C1")]).uuid == done.subject
    assert make.captured(identity={"customer_number": "C1"}).subject == done.subject


def test_a_test_call_is_kept_apart():
    make.published()
    real, trial = make.captured(), make.captured(test=True)
    assert real.subject != trial.subject
    make.captured("bob@example.com", test=True)
    assert make.reason("bob@example.com") == "unknown-person"


def test_a_late_event_cannot_invert_a_later_no():
    make.published()
    make.captured(choices={"newsletter-email": False}, now=make.days(2))
    late = make.captured(given_at=make.NOW.isoformat(), now=make.days(3))
    assert late.states == {"newsletter": "refused"}
    assert ConsentState.objects.get().status == "refused"
    assert not Relationship.objects.exists()
    assert ConsentEvent.objects.count() == 2
    assert rebuild.differences() == 0


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("form", {"form": "nonsense"}),
        ("form", {"form": 7}),
        ("version", {"version": 9}),
        ("version", {"version": True}),
        ("version", {"version": 10**9}),
        ("version", {"locale": "cy-GB"}),
        ("identity.email", {"identity": {"email": "nobody"}}),
        ("identity", {"identity": {}}),
        ("identity", {"identity": None}),
        ("choices", {"choices": {}}),
        ("choices.other", {"choices": {"other": True}}),
        ("choices.newsletter-email", {"choices": {"newsletter-email": "yes"}}),
        ("source", {"source": "website"}),
        ("source.channel", {"source": {"url": "https://example.com"}}),
        ("given_at", {"given_at": "2026-03-04T12:00:00Z"}),
        ("given_at", {"given_at": "2026-03-03T12:00:00"}),
        ("given_at", {"given_at": "1970-01-01T00:00:00Z"}),
        ("given_at", {"given_at": "2026-13-01T00:00:00Z"}),
        ("given_at", {"given_at": 5}),
        ("test", {"test": "no"}),
        ("surprise", {"surprise": 1}),
    ],
)
def test_a_fault_is_named_by_its_field_and_nothing_is_written(field, change):
    make.published()
    with pytest.raises(Invalid) as refused:
        answers.read(make.body() | change, now=make.NOW)
    assert field in refused.value.fields
    assert not DataSubject.objects.exists()


def test_an_older_version_is_accepted_for_the_grace_period_only():
    make.published()
    make.published(title="Stay in closer touch", now=make.NOW)
    assert make.captured(now=make.days(30)).states == {"newsletter": "given"}
    with pytest.raises(Invalid) as refused:
        make.captured(now=make.days(30) + timedelta(seconds=1))
    assert "version" in refused.value.fields


@pytest.mark.django_db(transaction=True)
def test_threads_that_capture_one_new_person_make_one_person_and_no_error():
    make.published()
    start, errors, done = threading.Barrier(6), [], []

    def run():
        try:
            start.wait()
            done.append(make.captured("new@example.com").subject)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(done)) == 1
    assert (DataSubject.objects.count(), ConsentEvent.objects.count(), ConsentState.objects.count()) == (1, 6, 1)
    assert DataKey.objects.filter(owner="identifier").count() == 1


def test_a_new_person_costs_two_statements(monkeypatch, django_assert_num_queries):
    make.published()
    seen, real = [], prepared.fetch_one
    monkeypatch.setattr(prepared, "fetch_one", lambda sql, params: seen.append(sql) or real(sql, params))
    with django_assert_num_queries(0):
        make.captured()
    assert seen == [forms.SHOWN, CAPTURE_NEW]


def test_the_statements_are_short_enough_for_the_driver_to_remember():
    assert max(len(CAPTURE_NEW), len(CAPTURE_KNOWN)) <= 4096


def test_a_later_refusal_ends_the_consent_and_a_later_yes_begins_it_again():
    make.published()
    make.captured()
    make.captured(choices={"newsletter-email": False}, now=make.days(2))
    assert Relationship.objects.get().consent_ended_on == make.days(2).date()
    make.captured(now=make.days(3))
    assert Relationship.objects.get().consent_ended_on is None
    assert make.reason(now=make.days(3)) == "+consent-given"


def test_consents_whose_time_has_run_out_are_recorded_once():
    make.published(controls=[make.control(), make.control("sms", "newsletter", "sms")])
    make.captured(choices={"newsletter-email": True, "sms": False})
    make.captured(choices={"newsletter-email": True, "sms": True}, now=make.days(1))
    assert endings.expire_due(now=make.days(700)) == 0
    late = make.days(3 * 366)
    assert (endings.expire_due(now=late), endings.expire_due(now=late)) == (1, 0)
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"expired"}
    assert Relationship.objects.get().consent_ended_on == make.days(1).replace(year=2028).date()
    assert Entry.objects.filter(kind="consent.expired").count() == 1
    assert make.reason(now=late) == "consent-expired"
    assert rebuild.differences() == 0
    make.captured(now=late)
    assert make.reason(now=late) == "+consent-given"
