"""A connected system is asked about people who exercised a right, by a key of its own, and answers for itself."""

import pytest
from rest_framework.test import APIClient

from core import apikeys
from ledger.models import Entry
from requests import answer, decisions
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_office as make

pytestmark = pytest.mark.django_db
LIST = "/api/v1/systems/requests/"
LOOKED = {"terms": "Grace Hopper", "places": "contacts"}


@pytest.fixture
def crm():
    make.register(manual=True)
    key = apikeys.create("crm", ["systems:tasks"], system="crm")[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


def waiting(api):
    return api.get(LIST).json()["results"]


def test_a_system_is_asked_once_we_know_about_whom_and_of_a_deletion_once_it_is_decided(crm, mailoutbox):
    claims = [Claim("email", make.EMAIL), Claim("external_id", "C-7", "crm")]
    grace = people.find_or_create(claims, now=make.NOW, actor="test:office")
    make.person("newsletter", "contract-administration")
    make.make_requests.case("access", email="nobody@example.com", now=make.NOW)
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    [task] = waiting(crm)
    assert (task["right"], task["subject"], task["known_as"]) == ("access", str(grace.uuid), ["C-7"])
    address = f"{LIST}{task['id']}/"
    unsearched = crm.post(address, {"outcome": "nothing_found"}, format="json")
    assert (unsearched.status_code, unsearched.json()["code"]) == (409, "not-searched")
    done = crm.post(address, {"outcome": "done", "count": 3, "searched": LOOKED}, format="json").json()
    assert (done["outcome"], bool(done["receipt"])) == ("done", True)
    assert waiting(crm) == []
    erasure = case.requests.get(right="erasure")
    unasked = erasure.tasks.get(system__slug="crm")
    assert crm.get(f"{LIST}{unasked.uuid}/").status_code == 404

    decisions.confirm_all(erasure, actor=make.OFFICER, now=make.NOW)
    [task] = waiting(crm)
    assert (task["right"], task["purposes"]) == ("erasure", ["newsletter"])
    answers = [crm.post(f"{LIST}{task['id']}/", {"outcome": "done"}, format="json").json() for _time in range(2)]
    assert answers[0] == answers[1]
    assert Entry.objects.filter(kind="task.answered", object=erasure.uuid).count() == 1
    assert waiting(crm) == []


def test_a_system_sees_no_task_of_another(crm, mailoutbox):
    make.person("newsletter")
    case = make.confirmed("access", mailbox=mailoutbox)
    ours = case.requests.get().tasks.get(system__slug="kraken-privacy")
    assert crm.get(f"{LIST}{ours.uuid}/").status_code == 404
    assert crm.post(f"{LIST}{ours.uuid}/", {"outcome": "done"}, format="json").status_code == 404


def test_who_is_gone_here_is_still_found_there_until_the_system_has_answered(crm, mailoutbox):
    claims = [Claim("email", make.EMAIL), Claim("external_id", "C-7", "crm")]
    grace = people.find_or_create(claims, now=make.NOW, actor="test:office").uuid
    make.person("newsletter")
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(erasure, actor=make.OFFICER, now=make.NOW)
    answer.execute_erasure(erasure, actor=make.OFFICER, now=make.NOW)
    assert not DataSubject.objects.exists()
    [task] = waiting(crm)
    assert (task["subject"], task["known_as"], task["purposes"]) == (str(grace), ["C-7"], ["newsletter"])
    done = crm.post(f"{LIST}{task['id']}/", {"outcome": "done"}, format="json").json()
    assert (done["outcome"], done["subject"], done["known_as"]) == ("done", None, [])
    assert erasure.tasks.get(system__slug="crm").known_as is None
