"""People from a file: taken in once, through the same door as the API, each error at its line and column."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from core.models import DataKey
from imports import staging, work
from imports.models import Import, Row, Seen
from ledger.models import Entry
from processing.models import Purpose
from requests.models import RightsRequest
from retention import writebacks
from retention.models import Run, Tombstone, WriteBack
from subjects import erasure, items, people, relationships
from subjects.identifiers import Claim, suppression_hash
from subjects.models import DataSubject, Organisation, PersonalDataItem, Relationship
from tests import make_imports as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
GROUND = {"ground: who established it": "Grace Hopper", "ground: when": "2025-05-02", "ground: why": "Met at the fair."}

COLUMNS = ["email", "item:name", "purposes", "source", "collected", "notice", "record"]


@pytest.fixture(autouse=True)
def register():
    return make.register()


def test_a_person_with_everything():
    make.committed("people", [make.person(organisation="Analytical Ltd", role="customer", **GROUND)])
    subject = people.find([Claim("email", "ADA@example.com")])
    assert subject.organisation == Organisation.objects.get(name="Analytical Ltd")
    item = PersonalDataItem.objects.get(subject=subject)
    assert items.contents([item])[item.pk] == '"Ada Byron"'
    assert (item.category.slug, item.source) == ("name", "correspondence")
    tie = Relationship.objects.get(subject=subject)
    assert (tie.ground, tie.role, tie.started_on) == ("mutual-interest", "customer_contact", date(2026, 3, 1))
    assert relationships.note_of(tie) == "Established by Grace Hopper on 2 May 2025: Met at the fair."
    assert Entry.objects.filter(kind="notice.given", subject=subject.uuid).exists()


def test_the_dates_of_a_contract_reach_every_contact():
    acme = {"organisation": "Analytical Ltd", "contract since": "1 May 2020"}
    rows = [make.person(**acme), make.person(email="grace@example.com", **acme | {"contract ended": "2026-02-28"})]
    make.committed("people", rows)
    assert set(Relationship.objects.values_list("contract_ended_on", flat=True)) == {date(2026, 2, 28)}
    wrong = [make.person(organisation="Analytical Ltd", **{"contract ended": "2020-04-30"})]
    wrong += [make.person(**{"contract ended": "2026-02-28", "organisation": ""})]
    assert make.errors(make.staged("people", wrong)) == {
        2: [("contract ended", "A contract cannot end before it begins.")],
        3: [("organisation", "Name the organisation whose contract this is.")],
    }


def test_a_trial_leaves_nothing_behind():
    before = DataKey.objects.count()
    job = make.staged("people", [make.person(role="customer")])
    assert make.counts(job) == {"ready": 1}
    assert not DataSubject.objects.exists()
    assert not Entry.objects.exclude(kind="import.staged").exists()
    assert DataKey.objects.count() == before + 1


def test_errors_name_line_and_column_and_none_is_lost():
    rows = [
        make.person(email=""),
        make.person(email="not an address"),
        make.person(purposes="no-such-purpose"),
        make.person(source="rumour"),
        make.person(collected="31/02/2026"),
        make.person(collected="2099-01-01"),
        make.person(role="customer", **{**GROUND, "ground: why": ""}),
        make.person(notice=""),
        make.person(),
    ]
    job = make.staged("people", rows)
    assert make.counts(job) == {"ready": 1, "wrong": 8}
    errors = make.errors(job)
    assert errors[2][0] == ("email", "Give at least one of e-mail, phone, customer number or external id.")
    assert errors[3] == [("email", "This is not a possible e-mail address.")]
    assert errors[4][0][0] == "purposes"
    assert errors[5][0][0] == "source"
    assert errors[6] == [("collected", "Write a date like 2026-11-22 or 22/11/2026.")]
    assert errors[7] == [("collected", "This lies in the future.")]
    assert errors[8] == [("ground: why", "This is needed.")]
    assert errors[9] == [("notice", "This is needed.")]


def test_interest_and_a_third_party_need_the_evidence():
    rows = [
        make.person(purposes="direct-sales", source="third party"),
        make.person(purposes="direct-sales", source="third party", evidence="proof"),
        make.person(purposes="direct-sales", source="third party", evidence=str(uuid4())),
    ]
    job = make.staged("people", rows)
    assert make.counts(job) == {"ready": 1, "wrong": 2}
    assert make.errors(job) == {
        2: [("evidence", "Say what shows that this source was allowed to share it.")],
        3: [("evidence", "This is not the id of a piece of evidence (a UUID).")],
    }


def test_the_same_row_is_taken_in_once():
    job = make.committed("people", [make.person(), make.person(), make.person(email="grace@example.com")])
    assert make.counts(job) == {"done": 2, "known": 1}
    again = make.staged("people", [make.person(), make.person(email="new@example.com")])
    assert make.counts(again) == {"known": 1, "ready": 1}
    assert PersonalDataItem.objects.count() == 2


def test_two_files_with_the_same_row_at_once():
    first, second = (make.staged("people", [make.person()]) for _file in range(2))
    for job in (first, second):
        staging.commit(job, actor=make.OFFICER, now=make.NOW)
        work.advance(job, now=make.NOW)
    assert make.counts(second) == {"known": 1}
    assert PersonalDataItem.objects.count() == 1


def test_an_interrupted_commit_goes_on(monkeypatch):
    monkeypatch.setattr(work, "BATCH", 2)
    rows = [make.person(email=f"p{number}@example.com") for number in range(5)]
    job = make.staged("people", rows)
    staging.commit(job, actor=make.OFFICER, now=make.NOW)
    assert work._batch(job, now=make.NOW)
    # Here the worker dies; the sweep finds the rows.
    assert make.counts(job) == {"ready": 3, "done": 2}
    assert work.waiting() == [job]
    work.advance(job, now=make.NOW)
    assert make.counts(job) == {"done": 5}
    assert DataSubject.objects.count() == 5
    assert not work.waiting()


def test_what_is_taken_in_leaves_the_staging_and_the_rest_can_be_put_right():
    job = make.committed("people", [make.person(), make.person(email="wrong")])
    assert make.counts(job) == {"done": 1, "wrong": 1}
    assert job.rows.get(state=Row.State.DONE).sealed is None
    download = "".join(staging.bad_rows(job))
    assert download.startswith("\ufeffemail,name,")
    assert "email: This is not a possible e-mail address." in download
    right = make.committed("people", [], content=download.replace("wrong", "right@example.com").encode())
    assert make.counts(right) == {"done": 1}
    assert people.find([Claim("email", "right@example.com")])


def test_staging_is_erased_when_all_is_in_and_after_30_days():
    done = make.committed("people", [make.person()])
    assert (done.state, done.sealed) == (Import.State.ERASED, None)
    left = make.staged("people", [make.person(email="wrong")])
    staging.sweep(now=make.NOW + timedelta(days=29))
    left.refresh_from_db()
    assert left.state == Import.State.CHECKED
    staging.sweep(now=make.NOW + timedelta(days=31))
    left.refresh_from_db()
    assert left.state == Import.State.ERASED
    assert not Row.objects.exists()
    assert not DataKey.objects.filter(owner="import").exists()
    assert make.counts(left) == {"wrong": 1}
    staging.sweep(now=make.NOW + timedelta(days=800))
    assert not Seen.objects.exists()


def test_an_erased_person_does_not_come_back_from_an_old_file():
    run = Run.objects.create(request=uuid4(), as_of=make.NOW.date(), started_at=make.NOW, heartbeat_at=make.NOW)
    Tombstone.objects.create(
        run=run,
        scope=Tombstone.Scope.IDENTIFIER,
        hash=suppression_hash("email", "ada@example.com"),
        hash_key="t1",
        erased_at=datetime(2026, 6, 1, tzinfo=UTC),
        expires_on=date(2026, 12, 31),
    )
    job = make.staged("people", [make.person(), make.person(collected="2026-07-01")])
    assert make.counts(job) == {"wrong": 1, "ready": 1}
    assert "must not come back" in make.errors(job)[2][0][1]


def erased():
    """Somebody of whom another system had a record, and what it says of them in a file of before."""
    before = make.NOW - timedelta(days=90)
    ada = people.find_or_create([Claim("email", "ada@example.com")], now=before, actor="test")
    slug = "contract-administration"
    make_subjects.item(ada, slug, category="name", now=before, source_record="crm:4711")
    named = [Purpose.objects.get(slug=slug)]
    erasure.erase(subject=ada, purposes=named, request=uuid4(), actor="user:1", now=make.NOW - timedelta(days=1))
    return make.person(record="crm:4711")


def test_a_record_that_was_erased_is_listed_and_comes_once_staff_let_it_back():
    row = erased()
    job = make.staged("people", [row], columns=COLUMNS)
    assert make.errors(job) == {2: [("name", "This record was erased and must not be written back.")]}
    back = WriteBack.objects.get()
    assert (back.decision, back.system, back.category) == ("open", "kraken-privacy", "name")
    writebacks.decide(back, "admitted", actor="user:1", now=make.NOW)
    job = make.committed("people", [row], columns=COLUMNS)
    assert make.counts(job) == {"done": 1}
    assert PersonalDataItem.objects.count() == 1


def test_whoever_has_come_back_may_be_written_about():
    row = erased()
    people.find_or_create([Claim("email", "ada@example.com")], now=make.NOW, actor="test")
    rows = [row | {"record": "crm:4712"}, row]
    assert make.counts(make.staged("people", rows, columns=COLUMNS)) == {"ready": 1, "wrong": 1}


def test_a_ground_of_before_brings_nobody_back():
    row = erased()
    job = make.staged("people", [row | {"name": "", "record": "", "role": "customer", **GROUND}])
    assert "must not come back" in make.errors(job)[2][0][1]


def test_nothing_of_a_row_is_readable_while_it_waits():
    job = make.staged("people", [make.person(email="wrong", name="Ada Lovelace")])
    row = job.rows.get()
    for value in (row.sealed, row.errors, row.fingerprint, job.sealed):
        assert b"Ada" not in bytes(value)
    assert not RightsRequest.objects.exists()
