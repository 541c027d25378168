"""A case from submission to confirmed mailbox: what is stored, what is asked, what is written to the requester."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg import _queries

from consents.models import Suppression
from consents.suppression import hashes_of
from core.errors import Invalid
from core.models import BankHoliday, Controller, DataKey, Outbox, RuleSet
from core.outbox import deliver_due
from core.vault import Unreadable
from ledger.models import Entry
from processing.models import System
from requests import filing, references
from requests.intake import LinkUnusable, claim_of, confirm, send_new_link
from requests.models import CaseFile, RequestEvent, RightsRequest, Task
from subjects.identifiers import Claim
from subjects.models import DataSubject, ErasureBlock, SubjectIdentifier
from subjects.people import find_or_create
from tests import make_office, make_requests
from tests.make_requests import EMAIL, NOW, token_in
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db


def known(email=EMAIL):
    return find_or_create([Claim("email", email)], now=NOW, actor="test")


def test_each_right_has_reference_clock_tasks_and_evidence():
    make_requests.system("crm", "manual")
    make_requests.system()
    case = make_requests.case("access", "erasure", "access")
    access, erasure = case.requests.order_by("pk")
    assert (access.right, erasure.right) == ("access", "erasure")
    assert access.reference != erasure.reference
    assert references.tidy(access.reference.lower().replace("-", " ")) == access.reference
    assert access.due_on == erasure.due_on == date(2026, 12, 4)
    assert (access.extension_notice_by, access.target_on) == (date(2026, 12, 4), date(2026, 12, 2))
    # The CRM serves no live purpose here; this database is always asked.
    assert list(Task.objects.values_list("system__slug", "outcome")) == [("kraken-privacy", "pending")] * 2
    assert System.objects.count() == 2
    entries = Entry.objects.filter(kind="request.received")
    assert {entry.object for entry in entries} == {access.uuid, erasure.uuid}
    assert RequestEvent.objects.filter(old="", new="received").count() == 2
    assert case.rule_set.slug == "uk-2026-06"


def test_nobody_is_looked_up_or_made_before_the_mailbox_is_confirmed():
    person = known()
    case = make_requests.case()
    assert case.subject is None
    assert not ErasureBlock.objects.exists()
    assert DataSubject.objects.get() == person


def test_the_same_work_for_known_and_unknown():
    known()
    make_requests.case(email="warm@example.com")
    with CaptureQueriesContext(connection) as for_known:
        make_requests.case()
    with CaptureQueriesContext(connection) as for_unknown:
        make_requests.case(email="nobody@example.com")
    assert len(for_known) == len(for_unknown)


def test_what_was_claimed_is_sealed_and_readable_with_the_key_only():
    case = make_requests.case(details="my old flat in Leeds")
    assert claim_of(case)["details"] == "my old flat in Leeds"
    stored = bytes(CaseFile.objects.get().claim)
    assert b"Grace" not in stored
    assert b"Leeds" not in stored
    DataKey.objects.filter(owner="case").delete()
    with pytest.raises(Unreadable):
        claim_of(case)


def test_the_local_day_of_arrival_counts_not_the_one_in_utc():
    late = datetime(2026, 8, 30, 23, 30, tzinfo=UTC)  # Monday 31 August, half past midnight in London
    case = make_requests.case(now=late)
    assert case.received_on == date(2026, 8, 31)
    assert case.requests.get().due_on == date(2026, 9, 30)


def test_a_letter_that_arrived_earlier():
    case = make_requests.case(channel="letter", received_on=date(2026, 10, 30), email="")
    assert case.requests.get().due_on == date(2026, 11, 30)
    assert not Outbox.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"received_on": date(2026, 11, 5)}, "received_on"),
        ({"received_on": date(1999, 1, 1)}, "received_on"),
        ({"email": "not an address"}, "requester.email"),
        ({"email": "", "name": " "}, "requester"),
        ({"name": "x" * 201}, "requester.name"),
        ({"details": "x" * 5001}, "details"),
        ({"details": "nul\x00"}, "details"),
    ],
)
def test_impossible_input_is_refused_and_named(given, field):
    with pytest.raises(Invalid) as error:
        make_requests.case(**given)
    assert list(error.value.fields) == [field]
    assert not CaseFile.objects.exists()


@pytest.mark.parametrize("rights", [["everything"], ["access", ""]])
def test_unknown_rights_are_refused(rights):
    with pytest.raises(Invalid) as error:
        make_requests.case(*rights)
    assert "rights" in error.value.fields


def test_a_form_sent_twice_is_one_case(mailoutbox):
    token = uuid4()
    first = make_requests.case(case_uuid=token)
    second = make_requests.case(case_uuid=token)
    assert first.pk == second.pk
    assert RightsRequest.objects.count() == Outbox.objects.count() == 1


def test_the_acknowledgement_says_what_it_must(mailoutbox):
    case = make_requests.case("access", "erasure", name="Mallory http://spam.example", details="BUY NOW")
    deliver_due(now=NOW)
    mail = mailoutbox[0]
    assert mail.to == [EMAIL]
    html = mail.alternatives[0][0]
    for part in (mail.body, html):
        for request in case.requests.all():
            assert request.reference in part
            assert str(request.get_right_display()) in part
        assert "Wednesday 4 November 2026" in part
        assert "Friday 4 December 2026" in part
        assert "/rights/confirm/" in part
        assert "complain to" in part
        assert "ico.org.uk" in part
        # Anyone can type anything into the form, so nothing typed is carried to a mailbox.
        assert "Mallory" not in part
        assert "BUY" not in part
    assert "\n\n\n" not in mail.body


def test_no_more_than_five_acknowledgements_a_day_to_one_address():
    for _ in range(7):
        make_requests.case()
    assert CaseFile.objects.count() == 7
    assert Outbox.objects.count() == 5


def test_confirming_verifies_the_one_person_and_protects_the_access_request(mailoutbox):
    person = known()
    make_requests.case("access", "erasure")
    token = token_in(mailoutbox)
    later = NOW + timedelta(hours=1)
    case = confirm(token, now=later)
    assert (case.subject, case.confirmed_at) == (person, later)
    link = SubjectIdentifier.objects.get()
    assert (link.verified_at, link.verified_how) == (later, "confirmation-link")
    block = ErasureBlock.objects.get()
    assert (block.subject, block.kind) == (person, "access_request")
    assert block.placed_for == case.requests.get(right="access").uuid
    entries = Entry.objects.count()
    assert confirm(token, now=later + timedelta(hours=1)).confirmed_at == later
    assert Entry.objects.count() == entries


def test_confirming_selects_nobody_unknown_or_through_a_shared_mailbox(mailoutbox):
    make_requests.case(email="stranger@example.com")
    assert confirm(token_in(mailoutbox), now=NOW).subject is None
    assert not DataSubject.objects.exists()
    person = known()
    SubjectIdentifier.objects.update(is_shared=True)
    make_requests.case()
    assert confirm(token_in(mailoutbox), now=NOW).subject is None
    assert DataSubject.objects.get() == person
    assert not ErasureBlock.objects.exists()


@pytest.mark.parametrize("late", [timedelta(days=14), timedelta(days=99)])
def test_an_expired_link_confirms_nothing(mailoutbox, late):
    make_requests.case()
    token = token_in(mailoutbox)
    with pytest.raises(LinkUnusable):
        confirm(token, now=NOW + late)
    with pytest.raises(LinkUnusable):
        confirm("unknown", now=NOW)
    assert CaseFile.objects.get().confirmed_at is None


def test_a_new_link_replaces_the_old_one(mailoutbox):
    case = make_requests.case()
    old = token_in(mailoutbox)
    later = NOW + timedelta(days=20)
    reference = case.requests.get().reference
    send_new_link(email=EMAIL.upper(), reference=reference.lower(), now=later)
    new = token_in(mailoutbox, now=later)
    assert new != old
    with pytest.raises(LinkUnusable):
        confirm(old, now=later)
    assert confirm(new, now=later).is_confirmed


def test_a_new_link_only_for_the_address_of_the_case_and_not_in_a_row():
    case = make_requests.case()
    reference = case.requests.get().reference
    later = NOW + timedelta(minutes=5)
    send_new_link(email="other@example.com", reference=reference, now=later)
    send_new_link(email=EMAIL, reference="KP-2222-2222", now=later)
    send_new_link(email="nonsense", reference="nonsense", now=later)
    send_new_link(email=EMAIL, reference=reference, now=NOW + timedelta(seconds=30))
    assert Outbox.objects.count() == 1
    send_new_link(email=EMAIL, reference=reference, now=later)
    send_new_link(email=EMAIL, reference=reference, now=later + timedelta(seconds=30))
    assert Outbox.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "meant"), [("kp 2345-bcdf", "KP-2345-BCDF"), ("2345BCDF", "KP-2345-BCDF"), ("KP-1", "")]
)
def test_references_forgive_how_they_are_typed(text, meant):
    assert references.tidy(text) == meant


@pytest.mark.parametrize(("right", "stopped"), [("withdrawal", True), ("objection", True), ("access", False)])
def test_a_no_stops_marketing_at_once_without_any_proof(right, stopped):
    make_requests.case(right)
    assert Suppression.objects.filter(hash__in=hashes_of([Claim("email", EMAIL)]), purpose=None).exists() is stopped


def another_time_zone():
    make_office.register()
    Controller.objects.update(time_zone="Pacific/Auckland")


def another_holiday():
    BankHoliday.objects.create(
        date=date(2026, 12, 4), division="england-and-wales", title="A royal wedding", source="hand"
    )


def another_law():
    old = RuleSet.objects.get(slug="uk-2026-06")
    RuleSet.objects.filter(pk=old.pk).update(effective_to=date(2026, 11, 4))
    RuleSet.objects.create(
        jurisdiction="UK", slug="uk-new", effective_from=date(2026, 11, 4), params=old.params, source="-"
    )


@pytest.mark.parametrize(
    ("change", "stands"),
    [
        (another_time_zone, (date(2026, 11, 5), date(2026, 12, 7), "uk-2026-06")),
        (another_holiday, (date(2026, 11, 4), date(2026, 12, 7), "uk-2026-06")),
        (another_law, (date(2026, 11, 4), date(2026, 12, 4), "uk-new")),
    ],
)
def test_what_a_process_recalls_is_never_out_of_date(change, stands):
    # In the evening here, in the morning of the next day there.
    evening = NOW.replace(hour=20)
    before, entries = make_requests.case(now=evening), Entry.objects.count()
    change()
    after = make_requests.case(now=evening)
    read = CaseFile.objects.get(pk=after.pk)
    assert (read.received_on, after.requests.get().due_on, read.rule_set.slug) == stands
    assert before.requests.get().due_on == date(2026, 12, 4)
    # What did not count left nothing behind.
    assert Entry.objects.filter(kind="request.received").count() == 2 == entries + 1
    assert DataKey.objects.filter(owner="case").count() == Outbox.objects.count() == 2


def test_where_nothing_is_stopped_there_is_nothing_beside_the_one_statement():
    make_requests.case()
    # Savepoints and everything that goes through Django's cursor.
    with CaptureQueriesContext(connection) as beside:
        make_requests.case()
    assert beside.captured_queries == []


def test_the_one_statement_is_short_enough_for_psycopg_to_remember():
    assert len(filing.FILE.encode()) <= _queries.MAX_CACHED_STATEMENT_LENGTH


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_send_at_once_make_one_case():
    token, made, start = uuid4(), [], threading.Barrier(2)

    def tab():
        try:
            start.wait(PATIENCE)
            made.append(make_requests.case(case_uuid=token).pk)
        finally:
            connection.close()

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    assert RightsRequest.objects.count() == Outbox.objects.count() == 1
