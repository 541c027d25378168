"""The pages on which data comes in, by hand and from files, and on which the request log goes out."""

import csv
import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from imports.models import Import
from ledger.models import Entry
from requests.models import CaseFile, RightsRequest
from subjects import people, relationships
from subjects.identifiers import Claim
from subjects.models import DataSubject, PersonalDataItem, Relationship
from tests import make_imports as make
from tests import make_office

pytestmark = pytest.mark.django_db
FILE = (
    "Mail,Full name,Role,Purpose,Source,Date added\n"
    "ada@example.com,Ada Byron,customer,contract-administration,website,01/03/2026\n"
    "wrong,=1+1,customer,contract-administration,website,01/03/2026\n"
)


@pytest.fixture
def officer(client):
    make.register()
    client.force_login(make_office.staff())
    return client


def upload(client, text=FILE, kind="people"):
    file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    return client.post(reverse("admin:import-upload"), {"kind": kind, "file": file})


def address(name, job):
    return reverse(f"admin:import{name}", args=[job.uuid])


def test_from_upload_to_commit(officer):
    assert "No file has come in yet" in officer.get(reverse("admin:data-in")).text
    assert upload(officer).status_code == 302
    job = Import.objects.get()
    page = officer.get(address("", job)).text
    assert '<option value="item:name" selected>' in page
    columns = ["email", "item:name", "role", "purposes", "source", "collected"]
    page = officer.post(address("-choose", job), {"column": columns}).text
    assert "Choose the column that holds this" in page
    officer.post(address("-choose", job), {"column": columns, "fixed:notice": "1"})
    page = officer.get(address("", job)).text
    assert "1 ready" in page
    assert "1 with errors" in page
    assert "Line 3" in page
    assert "This is not a possible e-mail address." in page
    assert "1 March 2026" in page
    officer.post(address("-commit", job))
    page = officer.get(address("", job)).text
    assert "1 taken in" in page
    assert people.find([Claim("email", "ada@example.com")])
    bad = officer.post(address("-errors", job)).getvalue().decode()
    assert "'=1+1" in bad
    assert Entry.objects.filter(kind="import.downloaded", object=job.uuid).exists()
    officer.post(address("-erase", job))
    job.refresh_from_db()
    assert job.state == Import.State.ERASED
    assert "The rows of the file are erased here." in officer.get(address("", job)).text
    assert "ada@example.com" not in officer.get(address("", job)).text


def test_headings_are_remembered(officer):
    upload(officer, "Contact address,Xyz\nada@example.com,Ada\n")
    first = Import.objects.get()
    fixed = {"purposes": "contract-administration", "source": "website", "collected": "2026-01-01", "notice": "1"}
    given = {f"fixed:{name}": text for name, text in fixed.items()}
    officer.post(address("-choose", first), {"column": ["email", "item:name"], **given})
    officer.post(address("-commit", first))
    upload(officer, "contact ADDRESS,Xyz\ngrace@example.com,Grace\n")
    second = Import.objects.exclude(pk=first.pk).get()
    assert '<option value="email" selected>' in officer.get(address("", second)).text


def test_first_and_last_name_are_one_name(officer):
    upload(officer, "First name,Last name,Email\nAda,Byron,ada@example.com\n")
    page = officer.get(address("", Import.objects.get())).text
    assert page.count('<option value="item:name" selected>') == 2
    # What every row has of its own is not asked for once and for all.
    assert 'name="fixed:notice"' in page
    assert 'name="fixed:email"' not in page


def test_a_file_that_is_none_is_refused_with_a_sentence(officer):
    page = upload(officer, "a,b\n")
    assert "There is nothing below the headings." in page.text
    assert not Import.objects.exists()


def test_who_may_only_look_sees_counts_and_no_values(officer, client):
    upload(officer)
    job = Import.objects.get()
    client.force_login(make_office.staff("auditor", group="auditor"))
    page = client.get(address("", job)).text
    assert "2 not checked yet" in page
    assert "ada@example.com" not in page
    for name in ("-choose", "-commit", "-errors", "-erase"):
        assert client.post(address(name, job)).status_code == 404


def test_a_registrar_brings_in_the_register_and_no_people(officer, client):
    upload(officer)
    people_file = Import.objects.get()
    client.force_login(make_office.staff("registrar", group="registrar"))
    assert client.get(address("", people_file)).status_code == 404
    page = upload(client)
    assert "Select a valid choice" in page.text
    assert upload(client, "Activity\nPayroll\n", kind="register").status_code == 302


PERSON = {
    "email": "ada@example.com",
    "organisation": "Analytical Ltd",
    "role": "prospect",
    "purposes": ["direct-sales"],
    "ground_why": "Asked for a quote.",
    "ground_who": "Grace Hopper",
    "ground_when": "2026-10-01",
    "source": "in_person",
    "collected": "2026-10-01",
    "notice": "1",
    "item:name": "Ada Byron",
}


def test_a_person_is_entered_with_the_ground(officer):
    assert officer.get(reverse("admin:person-add")).status_code == 200
    found = officer.post(reverse("admin:person-add"), PERSON)
    subject = DataSubject.objects.get()
    assert found["Location"] == reverse("admin:person", args=[subject.uuid])
    tie = Relationship.objects.get(subject=subject)
    assert tie.ground == "mutual-interest"
    assert relationships.note_of(tie) == "Established by Grace Hopper on 1 October 2026: Asked for a quote."
    assert PersonalDataItem.objects.get().source == "in_person"


def test_a_person_is_entered_with_the_end_of_the_contract(officer):
    dates = {"contract_started_on": "2026-01-01", "contract_ended_on": "2025-12-31"}
    given = PERSON | {"purposes": ["contract-administration"], **dates}
    assert "A contract cannot end before it begins." in officer.post(reverse("admin:person-add"), given).text
    assert not DataSubject.objects.exists()
    officer.post(reverse("admin:person-add"), given | {"contract_ended_on": "2026-06-30"})
    assert str(Relationship.objects.get().contract_ended_on) == "2026-06-30"


def test_a_person_from_a_third_party_needs_the_evidence(officer):
    page = officer.post(reverse("admin:person-add"), PERSON | {"source": "third_party"})
    assert "Say what shows that this source was allowed to share it." in page.text
    assert not DataSubject.objects.exists()


def test_a_person_without_anything_to_be_found_by(officer):
    page = officer.post(reverse("admin:person-add"), PERSON | {"email": "", "ground_when": "2099-01-01"})
    assert "Give at least one of e-mail, phone" in page.text
    assert "This lies in the future." in page.text


def test_the_request_log_names_nobody(officer):
    make.committed("cases", [
        {"reference": "Smith 1", "right": "access", "name": "Smith", "channel": "letter", "received": "2024-01-10",
         "closed": "2024-02-20", "status": "refused"},
        {"reference": "Smith 2", "right": "erasure", "name": "Smith", "channel": "phone", "received": "2026-11-02"},
    ])  # fmt: skip
    text = officer.get(reverse("admin:request-log")).getvalue().decode("utf-8-sig")
    assert "Smith" not in text
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["outcome"], first["days_taken"], first["days_late"]) == ("refused", "41", "8")
    assert (second["state"], second["due_on"], second["outcome"]) == ("received", "2026-12-02", "")
    assert date.fromisoformat(first["answered_on"]) == date(2024, 2, 20)


def test_an_old_request_shows_its_old_reference_and_is_found_by_it(officer):
    make.committed("cases", [{"reference": "SAR-7", "right": "access", "name": "A", "channel": "letter",
                              "received": "2026-11-02"}])  # fmt: skip
    found = officer.post(reverse("admin:people"), {"text": "SAR-7"})
    assert "elsewhere SAR-7" in officer.get(found["Location"]).text


def test_a_caseworker_takes_along_only_what_they_see(officer, client):
    make_case = {"right": "access", "name": "A", "channel": "letter", "received": "2026-11-02"}
    make.committed("cases", [make_case])
    CaseFile.objects.update(owner=make_office.staff("other"))
    client.force_login(make_office.staff("worker", group="caseworker"))
    assert client.get(reverse("admin:request-log")).getvalue().decode().count("KP-") == 0
    assert RightsRequest.objects.count() == 1
