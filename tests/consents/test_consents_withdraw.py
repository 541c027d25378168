"""Withdrawing and objecting: at once, everywhere, and with the same answer for everybody."""

import json
import threading
from uuid import uuid4

import pytest
from django.db import connection

from consents import projection, rebuild, suppression, withdraw
from consents.models import ConsentEvent, ConsentState, Suppression
from consents.states import states_of
from core.errors import Invalid
from core.models import Outbox
from core.vault import key_of
from ledger import signing
from ledger.models import Entry
from subjects.identifiers import Claim
from subjects.models import DataSubject, Relationship
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA = [Claim("email", "ada@example.com")]


def no(who=ADA, purposes=("newsletter",), *, now=None, **fields):
    purposes = purposes if isinstance(purposes, str) else list(purposes)
    return withdraw.withdraw(who, purposes=purposes, now=now or make.days(1), actor=make.ACTOR, **fields)


def both(controls=None):
    return make.published(
        controls=controls
        or [make.control(), make.control("sms", "newsletter", "sms"), make.control("partners", "partner-promotions")]
    )


def all_yes():
    return make.captured(choices={"newsletter-email": True, "sms": True, "partners": True})


def test_withdrawing_ends_the_purpose_on_every_channel_and_only_it():
    both()
    all_yes()
    done = no()
    assert done.states == {"newsletter": "withdrawn"}
    assert make.reason() == make.reason(channel="sms") == "consent-withdrawn"
    assert make.reason(purpose="partner-promotions") == "+consent-given"
    tie = Relationship.objects.get(purpose__slug="newsletter")
    assert tie.consent_ended_on == make.days(1).date()
    assert Relationship.objects.get(purpose__slug="partner-promotions").consent_ended_on is None
    assert Entry.objects.get(uuid=done.entry).kind == "consent.withdrawn"


def test_a_receipt_claims_no_more_than_the_channel_that_was_ended():
    both()
    all_yes()
    done = no(channel="sms")
    assert make.reason(now=make.days(2)) == "+consent-given"
    for receipt in (done.receipt, withdraw.stored(done.entry).receipt):
        (choice,) = json.loads(signing.verify(receipt))["choices"]
        assert choice == {"purpose": "newsletter", "channel": "sms", "status": "withdrawn"}


def test_stopping_all_marketing_reaches_purposes_never_asked_about():
    both()
    make.live("direct-sales", "f", title="Sales")
    all_yes()
    done = no(purposes="all-marketing")
    assert done.states == dict.fromkeys(["direct-sales", "newsletter", "partner-promotions"], "withdrawn")
    for purpose in done.states:
        assert make.reason(purpose=purpose) == "objected"
    assert Entry.objects.get(uuid=done.entry).kind == "consent.objected"


@pytest.mark.parametrize("purposes", [["newsletter"], "all-marketing"])
def test_known_and_unknown_people_get_the_same_answer_and_leave_the_same_evidence(purposes):
    make.published()
    make.captured()
    known, unknown = no(purposes=purposes), no([Claim("email", "nobody@example.com")], purposes)
    assert known.states == unknown.states
    receipts = [json.loads(signing.verify(done.receipt)) for done in (known, unknown)]
    for receipt in receipts:
        assert receipt.pop("entry") == receipt.pop("jti")
    assert receipts[0] == receipts[1]
    assert DataSubject.objects.count() == 1
    expected = "suppressed" if purposes == ["newsletter"] else "objected"
    assert make.reason("nobody@example.com") == expected


def test_the_no_of_somebody_unknown_holds_when_an_import_or_late_answer_brings_them_in():
    make.published()
    no([Claim("email", "new@example.com")])
    make.captured("new@example.com", given_at=make.NOW.isoformat(), now=make.days(2))
    assert make.reason("new@example.com", now=make.days(2)) == "suppressed"


def test_a_later_explicit_opt_in_lifts_exactly_its_purpose():
    both()
    no(purposes=["newsletter", "partner-promotions"])
    done = make.captured(now=make.days(2))
    assert make.reason(now=make.days(2)) == "+consent-given"
    assert make.reason(purpose="partner-promotions", now=make.days(2)) != "+consent-given"
    lifted = Suppression.objects.get(lifted_at__isnull=False)
    event = ConsentEvent.objects.get(uuid=lifted.lifted_by)
    assert (event.consent, lifted.purpose.slug) == (done.consent, "newsletter")
    assert Suppression.objects.filter(purpose__slug="partner-promotions", lifted_at=None).count() == 1


def test_the_opt_in_of_somebody_unknown_lifts_the_no_they_said_before():
    make.published()
    no([Claim("email", "new@example.com")])
    make.captured("new@example.com", now=make.days(2))
    assert make.reason("new@example.com", now=make.days(2)) == "+consent-given"
    assert Suppression.objects.get(channel="").lifted_by == ConsentEvent.objects.get(status="given").uuid


def test_an_opt_in_after_stopping_everything_reaches_its_purpose_only():
    both()
    all_yes()
    no(purposes="all-marketing")
    make.captured(now=make.days(2))
    assert make.reason(now=make.days(2)) == "+consent-given"
    assert make.reason(channel="sms", now=make.days(2)) == "objected"
    assert make.reason(purpose="partner-promotions", now=make.days(2)) == "objected"
    assert Suppression.objects.get(purpose=None).lifted_at is None


def test_an_import_lifts_nothing():
    make.published()
    no()
    subject = DataSubject.objects.get(uuid=make.captured(given_at=make.NOW.isoformat()).subject)
    row = ConsentEvent.objects.get()
    row.pk, row.uuid = None, uuid4()
    row.effective_at, row.collected_by, row.origin = make.days(2), "import", "imported_legacy"
    projection.append([row])
    assert states_of(subject)[0].status == "given"
    assert make.reason(now=make.days(3)) == "suppressed"


def test_a_test_call_lifts_and_suppresses_nothing():
    make.published()
    no()
    make.captured(test=True, now=make.days(2))
    assert Suppression.objects.filter(lifted_at=None).count() == 1
    no([Claim("email", "bob@example.com")], is_test=True)
    assert Suppression.objects.count() == 1


def test_every_no_is_written_outside_the_database_too_and_holds_no_address():
    make.published()
    make.captured()
    done = no()
    row = Outbox.objects.get(kind="journal")
    payload = json.loads(key_of("outbox", row.uuid).open("payload", row.payload))
    assert payload["entry"] == str(done.entry)
    assert payload["action"] == "withdrawal"
    assert payload["purposes"] == ["newsletter"]
    assert payload["hashes"] == [{"key": "t1", "hash": suppression.hash_of(ADA[0]).value.hex()}]
    assert "ada@" not in json.dumps(payload)


def test_a_person_withdraws_with_every_address_that_is_theirs():
    make.published()
    done = make.captured(identity={"email": "ada@example.com", "phone": "+442079460000"})
    no(DataSubject.objects.get(uuid=done.subject))
    assert Suppression.objects.count() == 2


def test_a_repeated_no_moves_its_date_and_stays_one():
    make.published()
    no()
    no(now=make.days(5))
    assert Suppression.objects.get().since == make.days(5)


def test_the_answer_can_be_told_again():
    make.published()
    done = no()
    assert withdraw.stored(done.entry) == done


def test_suppressions_survive_when_states_go():
    make.published()
    make.captured()
    no()
    ConsentState.objects.all().delete()
    assert suppression.is_suppressed(ADA, make.live(), "email", marketing=True)


@pytest.mark.parametrize("purposes", [[], ["nonsense"], ["contract-administration"]])
def test_only_consent_and_marketing_can_be_withdrawn_from(purposes):
    make.live("contract-administration", "b")
    with pytest.raises(Invalid) as refused:
        no(purposes=purposes)
    assert "purposes" in refused.value.fields


@pytest.mark.django_db(transaction=True)
def test_choosing_and_withdrawing_at_once_leaves_what_the_events_add_up_to():
    make.published()
    start, errors = threading.Barrier(6), []

    def run(number):
        try:
            start.wait()
            for step in range(3):
                now = make.days(number + 10 * step)
                make.captured(now=now) if number % 2 else no(now=now)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert DataSubject.objects.count() == 1
    assert rebuild.differences() == 0
    # The last word was a yes on day 25, after the no of day 24.
    assert make.reason(now=make.days(26)) == "+consent-given"
