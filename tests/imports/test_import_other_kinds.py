"""Old requests, suppression lists and the register, each through the door that the app itself has."""

from datetime import UTC, date, datetime

import pytest

from consents import permission, suppression
from consents.models import ConsentEvent, ConsentState, Suppression
from core.models import Outbox
from ledger.models import Entry
from processing.models import DataCategory, ProcessingActivity, PurposeVersion, Recipient, System
from requests.models import CaseFile, RightsRequest
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_imports as make
from tests import make_office

pytestmark = pytest.mark.django_db
CASE = {"reference": "SAR-7", "right": "SAR", "name": "Grace", "channel": "letter", "received": "22/10/2026"}
ROW = {
    "Processing activity": "Payroll",
    "Owner": "Finance",
    "Security": "Locked cabinets.",
    "Purpose": "Paying salaries",
    "Legal basis": "Art. 6(1)(b)",
    "Data subjects": "Employees",
    "Data categories": "Name; Bank details",
    "Recipients": "Pay Ltd (processor); HMRC (authority)",
    "Systems": "Sage",
    "Sources": "Data subject",
    "Retention": "6 years after the end of the contract.",
}


@pytest.fixture
def register():
    return make.register()


def test_an_open_request_keeps_its_reference_and_its_true_clock(register):
    make.system()
    make.committed("cases", [CASE])
    found = RightsRequest.objects.get()
    assert (found.external_reference, found.right, found.state) == ("SAR-7", "access", "received")
    assert found.case.received_on == date(2026, 10, 22)
    assert found.due_on == date(2026, 11, 23)  # the 22nd is a Sunday
    assert found.tasks.exists()
    assert not Outbox.objects.filter(kind="mail").exists()


def test_nobody_is_written_to(register):
    make.committed("cases", [CASE | {"email": "grace@example.com"}])
    assert not Outbox.objects.filter(kind="mail").exists()
    assert CaseFile.objects.get().claim_blind


@pytest.mark.parametrize(
    ("word", "state"),
    [("Completed", "fulfilled"), ("Partly fulfilled", "partly_fulfilled"), ("rejected", "refused"),
     ("withdrawn", "withdrawn"), ("", "fulfilled")],
)  # fmt: skip
def test_a_past_request_is_closed_with_its_outcome_and_dates(register, word, state):
    make.committed("cases", [CASE | {"received": "2024-01-10", "closed": "2024-02-01", "status": word}])
    found = RightsRequest.objects.get()
    assert found.state == state
    assert found.answered_at == datetime(2024, 2, 1, 12, tzinfo=UTC)
    assert found.case.closed_at == found.answered_at
    assert found.due_on == date(2024, 2, 12)
    assert not found.tasks.exists()
    # The evidence says when it was written down, and that it was taken over.
    moved = Entry.objects.filter(kind="request.moved", object=found.uuid)
    assert {entry.at for entry in moved} == {make.NOW}
    assert set(found.events.exclude(old="").values_list("reason", flat=True)) == {"taken-over"}


def test_errors_of_cases(register):
    rows = [
        CASE | {"right": "everything"},
        CASE | {"received": "2017-01-01"},
        CASE | {"status": "closed"},
        CASE | {"status": "open", "closed": "2026-11-01"},
        CASE | {"closed": "2026-10-01"},
        CASE | {"name": ""},
        CASE | {"channel": "pigeon"},
        CASE | {"reference": "X", "right": "access; erasure"},
        CASE | {"reference": "X", "right": "access; erasure", "name": "Another"},
    ]
    job = make.staged("cases", rows)
    assert make.counts(job) == {"ready": 1, "wrong": 8}
    named = {line: column for line, ((column, _text), *_more) in make.errors(job).items()}
    # "about the same" is looked for first: one reference, one right.
    assert named[2] == "right"
    assert make.errors(job)[10] == [("", "Line 9 is about the same already.")]


def test_each_error_of_a_case_has_its_column(register):
    rows = [
        CASE | {"reference": "1", "received": "2017-01-01"},
        CASE | {"reference": "2", "status": "closed"},
        CASE | {"reference": "3", "status": "open", "closed": "2026-11-01"},
        CASE | {"reference": "4", "closed": "2026-10-01"},
        CASE | {"reference": "5", "name": ""},
        CASE | {"reference": "6", "channel": "pigeon"},
    ]
    named = [errors[0][0] for errors in make.errors(make.staged("cases", rows)).values()]
    assert named == ["received", "closed", "closed", "closed", "name", "channel"]


def test_a_reference_is_not_taken_over_twice(register):
    make.committed("cases", [CASE])
    job = make.staged("cases", [CASE | {"name": "Grace Hopper"}])
    assert make.errors(job) == {2: [("reference", "A request about this right has this reference already.")]}


def test_a_suppression_list_keeps_hashes_only_and_stops_marketing(register):
    make.committed("suppressions", [{"email": "ADA@example.com"}, {"email": "", "phone": "01642 688 300"}])
    assert Suppression.objects.filter(lifted_at=None, purpose=None, reason="objection").count() == 2
    assert not DataSubject.objects.exists()
    assert suppression.is_suppressed([Claim("email", "ada@example.com")], register["newsletter"], marketing=True)
    assert Outbox.objects.filter(kind="journal").count() == 2


def test_an_import_never_lifts_and_never_moves_a_no_back(register):
    make.committed("suppressions", [{"email": "ada@example.com"}])
    before = Suppression.objects.get()
    make.committed("suppressions", [{"email": "ada@example.com", "since": "2020-01-01"}])
    make.committed("people", [make.person(purposes="newsletter")])
    after = Suppression.objects.get()
    assert (after.since, after.lifted_at) == (before.since, None)


def test_a_no_from_long_ago_does_not_undo_a_later_yes(register):
    subject = people.find_or_create([Claim("email", "ada@example.com")], now=make.NOW, actor="test")
    make_office.consent(subject)
    make.committed("suppressions", [{"email": "ada@example.com", "purpose": "newsletter", "since": "2020-01-01"}])
    assert ConsentState.objects.get(subject=subject.uuid, channel="email").status == "given"
    make.committed("suppressions", [{"email": "ada@example.com", "purpose": "newsletter"}])
    assert ConsentState.objects.get(subject=subject.uuid, channel="email").status == "withdrawn"
    verdict = permission.may_process(Claim("email", "ada@example.com"), "newsletter", "email", now=make.NOW)
    assert not verdict.allowed


def test_errors_of_a_suppression_list(register):
    rows = [{"email": "x"}, {"purpose": "newsletter"}, {"email": "a@example.com", "purpose": "statutory-accounts"}]
    job = make.staged("suppressions", rows, columns=["email", "purpose"])
    errors = make.errors(job)
    assert [errors[line][0][0] for line in (2, 3, 4)] == ["email", "email", "purpose"]


CHOICE = {"email": "ada@example.com", "purpose": "Newsletter", "channel": "E-mail", "status": "Yes"}
CHOICE |= {"at": "01/02/2026", "evidence": "MailTool list 7"}


def test_choices_are_taken_in_as_by_the_command_and_undo_no_no(register):
    rows = [
        CHOICE,
        CHOICE | {"email": "bob@example.com", "at": "2026-02-01T10:00:00Z", "status": "opted out", "evidence": ""},
        CHOICE | {"email": "gone@example.com"},
        CHOICE | {"email": "x", "channel": "pigeon"},
        CHOICE | {"email": "cyd@example.com", "evidence": ""},
        CHOICE | {"email": "dan@example.com", "channel": ""},
    ]
    make.committed("suppressions", [{"email": "gone@example.com", "since": "2026-01-01"}])
    job = make.committed("choices", rows)
    assert make.counts(job) == {"done": 2, "wrong": 4}
    states = dict(ConsentState.objects.values_list("status", "effective_at"))
    assert states["given"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert permission.check("newsletter", "email", "email", ["ada@example.com"], now=make.NOW)[0].allowed
    told = {line: [name for name, _sentence in found] for line, found in make.errors(job).items()}
    assert told == {4: [""], 5: ["channel"], 6: ["evidence"], 7: ["channel"]}
    assert "An import does not undo it." in make.errors(job)[4][0][1]
    # Brought in again it makes nothing again, by whatever door.
    events = ConsentEvent.objects.count()
    assert make.counts(make.committed("choices", [CHOICE | {"evidence": "The same"}])) == {"done": 1}
    assert ConsentEvent.objects.count() == events


def test_a_register_becomes_drafts():
    make.committed("register", [ROW])
    version = PurposeVersion.objects.get()
    assert (version.purpose.slug, version.status, version.basis) == ("paying-salaries", "draft", "b")
    assert version.content()["categories"] == ["bank-details", "name"]
    assert version.content()["sources"] == ["correspondence"]
    assert Recipient.objects.get(slug="hmrc").ground == "required_by_law"
    assert System.objects.get(slug="sage").connector == "manual"
    assert ProcessingActivity.objects.get().owner == "Finance"


def test_the_register_is_not_overwritten_by_a_spreadsheet():
    DataCategory.objects.create(slug="name", label="Your name")
    make.committed("register", [ROW | {"Data categories": "your NAME"}])
    assert DataCategory.objects.get().label == "Your name"


def test_errors_of_a_register():
    rows = [
        ROW | {"Legal basis": "because"},
        ROW | {"Data categories": "Health"},
        ROW | {"Recipients": "Somebody"},
        ROW | {"Recipients": "Acme Inc (processor, US)"},
        ROW | {"Retention": ""},
    ]
    rows = [row | {"Purpose": f"Purpose {number}"} for number, row in enumerate(rows)]
    job = make.staged("register", [*rows, ROW, ROW | {"Retention": "For ever."}])
    assert make.counts(job) == {"ready": 1, "wrong": 6}
    errors = make.errors(job)
    assert [errors[line][0][0] for line in range(2, 7)] == [
        *("Legal basis", "Data categories", "Recipients", "Recipients", "Retention"),
    ]
    assert errors[8] == [("", "Line 7 is about the same already.")]
