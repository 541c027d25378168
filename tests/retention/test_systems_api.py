"""A connected system asks what it has to erase, by a key of its own, and says what it did."""

import json
from datetime import date
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from core import apikeys
from core.models import ApiKey, DataKey, Owner
from ledger.feed import event
from ledger.models import Entry
from office import merging
from requests import rows
from retention import certificate, shares
from retention.models import SystemRecord, SystemTask
from retention.purge import purge
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_staff
from tests.make_register import system
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD, LIST = date(2025, 1, 1), "/api/v1/systems/erasures/"


def caller(slug, *scopes):
    key = apikeys.create(slug, scopes or ["systems:tasks"], system=slug)[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


def known(number, *claims):
    who = [Claim("email", f"person{number}@example.org"), *claims]
    return people.find_or_create(who, now=NOW, actor="test")


@pytest.fixture
def world():
    """Of the first person a record goes, of the second a purpose of one, the third is gone; the fourth is invented."""
    for slug in ("crm", "accounting", "mailbox"):
        system(slug, "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm", "accounting"))
    first = known(1, Claim("external_id", "C-1", "crm"), Claim("customer_number", "10001"))
    third = known(3, Claim("external_id", "C-3", "crm"), Claim("external_id", "M-3", "mailbox"))
    item(first, ["surveys"], TODAY)
    items = [item(first, ["newsletter"], OLD), item(person(2), ["newsletter", "surveys"], OLD)]
    gone = [third.uuid, person(4).uuid]
    item(third, ["newsletter"], OLD)
    item(person(4), ["newsletter"], OLD)
    DataSubject.objects.filter(pk=person(4).pk).update(is_test=True)
    told = [(one.subject.uuid, one.uuid) for one in items]
    purge(rule(letters), as_of=TODAY, commit=True, now=NOW, batch=2)
    return told, gone


def records(api, task):
    answer = api.get(f"{LIST}{task}/records/").json()
    assert (answer["more"], answer["listed"]) == (False, bool(answer["records"]))
    return {(one["subject"], one["item"], *one["known_as"]) for one in answer["records"]}


def test_each_system_sees_its_own_records_by_its_own_ids_and_nobody_elses(world):
    [(first, record), (second, half)], [third, invented] = world
    crm, accounting = caller("crm"), caller("accounting")
    [task] = crm.get(LIST).json()["results"]
    assert (task["purpose"], task["event"], task["rows"], task["outcome"]) == ("newsletter", "collection", 4, "pending")
    assert records(crm, task["id"]) == {
        (str(first), str(record), "C-1"),
        (str(second), str(half)),
        (str(third), None, "C-3"),
    }
    # Whoever stays is told with a copy of their data.
    told = shares.about(DataSubject.objects.get(uuid=first))
    assert {(one["system"], *one["known_as"]) for one in told} == {("accounting", "10001"), ("crm", "C-1")}
    [other] = accounting.get(LIST).json()["results"]
    # It has no id of its own of them, so it finds the first by our number; the mailbox's id is the mailbox's.
    assert {names for _subject, _item, *names in records(accounting, other["id"]) for names in names} == {"10001"}
    for address in (f"{LIST}{other['id']}/", f"{LIST}{other['id']}/records/"):
        assert crm.get(address).status_code == 404
    assert crm.post(f"{LIST}{other['id']}/", {"outcome": "done"}, format="json").status_code == 404
    assert caller("mailbox").get(LIST).json()["results"] == []
    # In the feed the invented one is marked.
    gone = [event(entry.body) for entry in Entry.objects.filter(kind="subject.erased")]
    assert {(one["subject"], one["test"]) for one in gone} == {(str(third), False), (str(invented), True)}


def test_a_copy_tells_it_once_for_each_task_under_every_id_of_the_person(world, django_assert_num_queries):
    [(first, _record), (second, _half)], _gone = world
    kept, other = DataSubject.objects.get(uuid=second), DataSubject.objects.get(uuid=first)
    merging.merge(kept, other, now=NOW, actor="user:1")
    # Twice for the parts, then the records and the keys of all their tasks.
    with django_assert_num_queries(4):
        told = shares.about(kept)
    assert {(one["id"], one["system"], *one["known_as"]) for one in told} == {
        (str(task.uuid), task.system.slug, {"crm": "C-1", "accounting": "10001"}[task.system.slug])
        for task in SystemTask.objects.all()
    }
    # So it can be left out of a copy, as what stands beside the records can.
    assert [rows.has(kept, UUID(one["id"])) for one in told] == [True, True]


def test_the_answer_closes_the_task_ends_what_was_kept_for_it_and_is_one_receipt(world):
    crm = caller("crm")
    [task] = crm.get(LIST).json()["results"]
    run = SystemTask.objects.get(uuid=task["id"]).run
    assert kept_for(run) == ["accounting", "crm"]
    address = f"{LIST}{task['id']}/"
    refused = crm.post(address, {"outcome": "retained"}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "reason")
    assert refused["Content-Type"] == "application/problem+json"
    assert crm.post(address, {"outcome": "pending"}, format="json").status_code == 400
    failed = {"outcome": "failed", "reason": "system-unavailable"}
    assert crm.post(address, failed, format="json").json()["outcome"] == "failed"
    # It is owed still, so it stays listed with its records.
    assert len(crm.get(LIST).json()["results"]) == 1
    assert len(records(crm, task["id"])) == 3
    done = [crm.post(address, {"outcome": "done"}, format="json").json() for _time in range(2)]
    assert done[0] == done[1]
    receipts = [json.loads(entry.body) for entry in Entry.objects.filter(kind="retention.answered").order_by("pk")]
    assert [one["data"]["outcome"] for one in receipts] == ["failed", "done"]
    assert done[0]["receipt"] == receipts[-1]["id"]
    assert receipts[-1]["actor"].startswith("api:")
    assert crm.get(LIST).json()["results"] == []
    assert not records(crm, task["id"])
    assert not crm.get(f"{address}records/").json()["listed"]
    # Its list is gone, so it cannot be owed again; what it says of an ended task it may correct.
    again = crm.post(address, failed, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "answered")
    kept = {"outcome": "retained", "reason": "legal-claims"}
    assert crm.post(address, kept, format="json").json()["outcome"] == "retained"
    assert not DataKey.objects.filter(owner=Owner.SHARE, owner_id=task["id"]).exists()
    assert set(SystemRecord.objects.values_list("system__slug", flat=True)) == {"accounting"}
    assert SystemTask.objects.get(system__slug="accounting").outcome == "pending"
    assert kept_for(run) == ["accounting"]


def kept_for(run):
    """As the certificate says it."""
    [store] = [one for one in certificate.certificate(run)["stores"] if one["store"] == "ids-for-systems"]
    return store["systems"]


def test_staff_see_what_to_erase_where_nobody_asks_by_itself(world, admin_client, client):
    task = SystemTask.objects.get(system__slug="accounting")
    address = reverse("admin:forgetting-system-records", args=[task.uuid])
    assert admin_client.get(address).status_code == 405
    page = admin_client.post(address).text
    assert ("10001" in page, "C-1" in page, "no id of that system" in page) == (True, False, True)
    [entry] = Entry.objects.filter(kind="retention.records-shown")
    assert (entry.object, "10001" in entry.body) == (task.run.uuid, False)
    answer = reverse("admin:forgetting-system-answer", args=[task.uuid])
    admin_client.post(answer, {"outcome": "nothing_found"})
    over = admin_client.post(address).text
    assert ("so the list is gone" in over, 'value="failed"' in page, 'value="failed"' in over) == (True, True, False)
    refused = admin_client.post(answer, {"outcome": "failed", "reason": "backup-only"}, follow=True)
    assert "not open it again" in refused.text
    # Who keeps the register sees no person.
    client.force_login(make_staff.account("reg", "registrar"))
    assert (client.post(address).status_code, client.get(reverse("admin:forgetting-systems")).status_code) == (404, 200)


def test_a_key_that_has_expired_is_none(world, admin_client):
    page, key = reverse("admin:forgetting-systems"), apikeys.create("crm", ["systems:tasks"], system="crm")[0]
    assert "It has a key" in admin_client.get(page).text
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert "It has a key" not in admin_client.get(page).text


def test_a_key_that_names_no_system_or_lacks_the_scope_is_told_so():
    assert caller("crm", "events:read").get(LIST).status_code == 403
    refused = caller("crm").get(LIST)
    assert (refused.status_code, refused.json()["code"]) == (409, "key-without-system")
