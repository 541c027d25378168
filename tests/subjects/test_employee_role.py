"""Our employee is only who is said to be, where the register says that a purpose is about employees."""

from datetime import date

import pytest

from subjects import organisations, people
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests import make_api, make_imports, make_register

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@example.org"}
BY = {"now": make_imports.NOW, "actor": "test"}


@pytest.fixture(autouse=True)
def register():
    make_imports.register()


@pytest.fixture
def staff():
    """A purpose about employees: of ours, or of customers."""
    return make_register.purpose("staff", "b", categories=("name",), subject_categories=["employee"])


def collect(**given):
    part = {"category": "name", "purposes": ["staff"], "content": "Ada", "source": "website", "nature": "provided"}
    body = {"identity": ADA, "items": [part | {"collected_at": "2026-03-03T12:00:00Z"}], "notice": "1", **given}
    return make_api.client("subjects:write").post("/api/v1/collect/", body, format="json")


def tie(slug="staff"):
    return Relationship.objects.get(subject=people.find([Claim("email", ADA["email"])]), purpose__slug=slug)


def test_the_staff_of_a_customer_leave_with_its_contract(staff):
    assert collect(organisation={"name": "Acme Ltd", "legal_type": "company"}).status_code == 201
    assert tie().role == "prospect"
    organisations.amend(tie().subject.organisation, contract_ended_on=date(2026, 6, 30), **BY)
    assert tie().contract_ended_on == date(2026, 6, 30)


def test_who_speaks_for_nobody_is_ours(staff):
    assert collect().status_code == 201
    assert tie().role == "employee"


def test_who_is_said_to_be_is_ours_whomever_they_speak_for(staff):
    company = {"name": "Acme Ltd", "legal_type": "company"}
    assert collect(organisation=company, relationship={"role": "employee"}).status_code == 201
    assert tie().role == "employee"


def test_nobody_is_an_employee_for_a_purpose_about_others(staff):
    make_register.purpose("support", "b", categories=("name",), subject_categories=["customer-contact"])
    refused = collect(relationship={"role": "employee", "purpose": "support"})
    [error] = refused.json()["errors"]
    assert (error["field"], refused.status_code) == ("relationship.role", 400)
    assert not Relationship.objects.exists()
    both = [{"category": "name", "purposes": ["staff", "support"], "content": "Ada", "source": "website"}]
    both[0] |= {"nature": "provided", "collected_at": "2026-03-03T12:00:00Z"}
    assert collect(items=both, relationship={"role": "employee", "purpose": "staff"}).status_code == 201
    assert (tie().role, tie("support").role) == ("employee", "customer_contact")


def test_nor_does_a_file_make_anybody_one():
    job = make_imports.staged("people", [make_imports.person(organisation="Acme Ltd", role="Employee")])
    said = "The register does not say that the purpose contract-administration is about employees of ours."
    assert make_imports.errors(job) == {2: [("role", said)]}
