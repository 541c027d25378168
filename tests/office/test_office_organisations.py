"""Organisations: pages by key, and the end of a contract that counts for every contact."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.models import Entry
from office import organisations
from processing.models import Purpose
from subjects import relationships
from subjects.models import Organisation, Relationship
from subjects.organisations import amend, named, represent
from tests import make_office
from tests import make_people as make

pytestmark = pytest.mark.django_db
ENDED = date(2026, 6, 30)
BY = {"now": make.NOW, "actor": make.OFFICER}


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


@pytest.fixture
def acme():
    make_office.register()
    for number in range(2):
        ann = make.person(f"p{number}@example.com", "Ann", "contract-administration")
        organisation = represent(ann, name="Acme", **BY)
    represent(make.person("n@example.com", "Ann", "newsletter"), name="Acme", **BY)
    return organisation


def ends():
    return set(
        Relationship.objects.filter(purpose__slug="contract-administration").values_list("contract_ended_on", flat=True)
    )


def test_the_end_of_a_contract_counts_for_every_contact(acme):
    assert amend(acme, contract_ended_on=ENDED, **BY) == 2
    assert ends() == {ENDED}
    assert not Relationship.objects.filter(purpose__slug="newsletter").exclude(contract_ended_on=None).exists()
    assert Entry.objects.filter(kind="organisation.amended", object=acme.uuid).count() == 1
    assert Entry.objects.filter(kind="relationship.ended").count() == 2
    assert amend(acme, contract_ended_on=None, **BY) == 2
    assert ends() == {None}


def test_a_date_of_one_contact_alone_stays(acme):
    one = Relationship.objects.filter(purpose__slug="contract-administration").first()
    Relationship.objects.filter(pk=one.pk).update(contract_ended_on=date(2020, 1, 1))
    assert amend(acme, contract_ended_on=ENDED, **BY) == 1
    assert ends() == {ENDED, date(2020, 1, 1)}


def test_nothing_changed_is_no_evidence(acme):
    amend(acme, legal_type="company", **BY)
    before = Entry.objects.count()
    assert amend(acme, name=" Acme ", legal_type="company", contract_ended_on=None, **BY) == 0
    assert Entry.objects.count() == before


def test_the_same_end_again_reaches_those_it_missed(acme):
    amend(acme, contract_ended_on=ENDED, **BY)
    Relationship.objects.filter(subject__organisation=acme).update(contract_ended_on=None)
    assert amend(acme, contract_ended_on=ENDED, **BY) == 2
    assert ends() == {ENDED}


def test_who_joins_has_the_end_and_who_moves_on_the_other_contract(acme):
    amend(acme, contract_ended_on=ENDED, **BY)
    ann = make.person("new@example.com", "Ann", "contract-administration")
    represent(ann, name="Acme", **BY)
    assert ends() == {ENDED}
    relationships.touch(ann, Purpose.objects.get(slug="contract-administration"), at=make.NOW, channel="phone", **BY)
    assert ends() == {ENDED}
    running = named(name="Running Ltd")
    amend(running, contract_started_on=ENDED, **BY)
    represent(ann, name="Running Ltd", **BY)
    assert Relationship.objects.get(subject=ann).contract_ended_on is None


def test_the_form_and_its_errors(officer, acme):
    url = reverse("admin:organisation", args=[acme.uuid])
    given = {
        "name": "Acme",
        "legal_type": "company",
        "contract_started_on": "2026-07-01",
        "contract_ended_on": "2026-06-30",
    }
    assert "cannot end before it begins" in officer.post(url, given).content.decode()
    assert "Give a date" in officer.post(url, given | {"contract_ended_on": "soon"}).content.decode()
    saved = officer.post(url, given | {"contract_started_on": ""}, follow=True).content.decode()
    assert "The date counts for 2 relationships." in saved
    assert "p•••@e•••.com" in saved
    assert "p0@example.com" not in saved


def test_pages_by_key(acme):
    for name in ("B", "C", "D"):
        Organisation.objects.create(name=name)
    seen, after = [], ""
    while True:
        found = organisations.listed(after=after, size=2)
        seen += [row.name for row, _contacts in found.rows]
        after = found.after
        if not after:
            break
    assert seen == ["Acme", "B", "C", "D"]
    assert organisations.listed().rows[0] == (acme, 3)
    assert organisations.listed(after="nonsense").rows[0][0] == acme


def test_empty_states_teach(officer):
    assert "No organisation yet" in officer.get(reverse("admin:organisations")).content.decode()


def test_who_may(client, acme):
    url = reverse("admin:organisation", args=[acme.uuid])
    client.force_login(make_office.staff("auditor", group="auditor"))
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "X", "legal_type": "company"}).status_code == 404
    client.force_login(make_office.staff("plain", group=""))
    assert client.get(url).status_code == 404
