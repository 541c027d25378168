"""A connected system is asked about people who exercised a right, by a key of its own, and answers for itself."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from core import apikeys
from core.errors import DomainError
from ledger.models import Entry
from requests import answer, decisions, found, leaving_out, proposing, restricting, systems, ways
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, PersonalDataItem
from tests import make_office as make
from tests import make_register, make_subjects

pytestmark = pytest.mark.django_db
LIST = "/api/v1/systems/requests/"
BY = {"actor": make.OFFICER, "now": make.NOW}
LOOKED = {"terms": "Grace Hopper", "places": "contacts"}


@pytest.fixture
def crm():
    make.register(manual=True)
    key = apikeys.create("crm", ["systems:tasks"], system="crm")[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


def waiting(api):
    return api.get(LIST).json()["results"]


def test_a_system_is_asked_once_we_know_about_whom_and_of_a_deletion_once_it_is_carried_out(crm, mailoutbox):
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

    decisions.confirm_all(erasure, **BY)
    with pytest.raises(DomainError, match="access-first"):
        answer.execute_erasure(erasure, **BY)
    assert waiting(crm) == []
    assert crm.get(f"{LIST}{unasked.uuid}/").status_code == 404

    answer.prepare_access(case.requests.get(right="access"), **BY)
    answer.execute_erasure(erasure, **BY)
    [task] = waiting(crm)
    assert (task["right"], task["purposes"]) == ("erasure", ["newsletter"])
    answers = [crm.post(f"{LIST}{task['id']}/", {"outcome": "done"}, format="json").json() for _time in range(2)]
    assert answers[0] == answers[1]
    # One receipt of this database, one of the system.
    assert Entry.objects.filter(kind="task.answered", object=erasure.uuid).count() == 2
    assert waiting(crm) == []


def handed_in(api, task, content, **more):
    file = SimpleUploadedFile("contacts.json", content)
    return api.post(f"{LIST}{task['id']}/documents/", {"file": file}, format="multipart", **more)


def test_what_staff_have_taken_out_since_is_not_there_for_a_repetition(crm, mailoutbox):
    make.person("newsletter")
    asked = make.confirmed("access", mailbox=mailoutbox).requests.get()
    [task] = waiting(crm)
    once = {"Idempotency-Key": "1"}
    assert handed_in(crm, task, b"Met Bob.", headers=once).status_code == 201
    found.remove(asked.documents.get(), actor="user:a", now=make.NOW)
    again = handed_in(crm, task, b"Met Bob.", headers=once)
    assert (again.status_code, again.headers["Content-Type"]) == (404, "application/problem+json")
    assert not asked.documents.exists()


def test_a_system_hands_in_what_it_holds_and_staff_look_through_it_before_it_goes_out(crm, mailoutbox):
    make.person("newsletter")
    asked = make.confirmed("access", mailbox=mailoutbox).requests.get()
    [task] = waiting(crm)
    answers = [
        handed_in(crm, task, b'{"phone": "+44 20 7946 0000", "notes": "Met Bob."}', headers={"Idempotency-Key": "1"})
        for _time in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    document = asked.documents.get()
    assert answers[0].json() == {"id": str(document.uuid), "kind": "txt", "pages": 1}
    assert (document.system.slug, found.name_of(document)) == ("crm", "contacts.json")
    again = handed_in(crm, task, b'{"phone": "+44 20 7946 0000", "notes": "Met Bob."}')
    assert (again.status_code, [error["field"] for error in again.json()["errors"]]) == (400, ["file"])
    assert handed_in(crm, task, b"MZ\0\1").status_code == 409
    with pytest.raises(found.Unchecked):
        answer.prepare_access(asked, **BY)

    crm.post(f"{LIST}{task['id']}/", {"outcome": "done", "count": 1, "searched": LOOKED}, format="json")
    late = handed_in(crm, task, b"Something else")
    assert (late.status_code, late.json()["code"]) == (409, "task-answered")
    assert asked.documents.count() == 1


def test_a_system_hands_in_nothing_for_another_right_or_to_the_task_of_another(crm, mailoutbox):
    make.person("newsletter")
    case = make.confirmed("portability", "access", mailbox=mailoutbox)
    carried = case.requests.get(right="portability").tasks.get(system__slug="crm")
    assert handed_in(crm, {"id": carried.uuid}, b"Grace").json()["code"] == "not-access"
    make.make_requests.system("shop", "manual")
    other = APIClient(headers={"Authorization": f"Api-Key {apikeys.create('s', ['systems:tasks'], system='shop')[1]}"})
    task = case.requests.get(right="access").tasks.get(system__slug="crm")
    assert handed_in(other, {"id": task.uuid}, b"Grace").status_code == 404
    assert not case.requests.get(right="access").documents.exists()


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


def grant(found, code):
    for line in decisions.lines(found, now=make.NOW):
        decisions.decide(found, line.purpose, "grant", code, "", **BY)


def item_of(slug):
    return PersonalDataItem.objects.get(needs__purpose__slug=slug)


def test_an_erasure_tells_no_system_of_what_an_exemption_keeps(crm, mailoutbox):
    make.person("newsletter", "contract-administration")
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    why = leaving_out.Why("crime-and-tax", "HARM: the police asked.", is_silent=True)
    leaving_out.record_out(found, item_of("contract-administration").uuid, why, **BY)
    grant(found, "right-applies")
    answer.execute_erasure(found, **BY)
    [task] = waiting(crm)
    assert task["purposes"] == ["newsletter"]
    assert (task["reason"], task["outcome"]) == ("", "pending")


def test_where_a_purpose_is_spared_in_part_staff_do_it_by_hand(crm, mailoutbox):
    subject = make.person("newsletter", "contract-administration")
    kept = item_of("newsletter").uuid
    make_subjects.item(subject, "newsletter", content="Another", category="name", now=make.NOW)
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    leaving_out.record_out(found, kept, leaving_out.Why("crime-and-tax", "HARM: the police asked."), **BY)
    grant(found, "right-applies")
    answer.execute_erasure(found, **BY)
    owed = found.tasks.get(system__slug="crm")
    assert (owed.outcome, waiting(crm)) == ("pending", [])
    assert crm.get(f"{LIST}{owed.uuid}/").status_code == 404


def test_a_system_that_no_granted_purpose_uses_is_asked_to_erase_nothing(crm, mailoutbox):
    make_register.purpose("surveys", "a", categories=("name",))
    make.person("surveys", "contract-administration")
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    for line in decisions.lines(found, now=make.NOW):
        code = "right-applies" if line.purpose.slug == "surveys" else "legal-claims"
        decisions.decide(found, line.purpose, decisions.reason(code).outcome, code, "", **BY)
    answer.execute_erasure(found, **BY)
    assert found.tasks.get(system__slug="crm").outcome == "pending"
    assert waiting(crm) == []


@pytest.mark.parametrize(("right", "code"), [("restriction", "unlawful-kept"), ("objection", "marketing-stops")])
def test_a_restriction_and_an_objection_are_told_once_they_were_released(right, code, crm, mailoutbox, settings):
    settings.TWO_PERSON_RELEASE = True
    make.person("newsletter", "direct-sales")
    found = make.confirmed(right, mailbox=mailoutbox).requests.get()
    grant(found, code)
    with pytest.raises(DomainError):
        ways.release(found, **BY)
    assert waiting(crm) == []
    settings.TWO_PERSON_RELEASE = False
    ways.release(found, **BY)
    [task] = waiting(crm)
    assert (task["right"], task["purposes"]) == (right, ["direct-sales", "newsletter"])


def test_a_restriction_to_some_records_is_told_to_no_system(crm, mailoutbox):
    subject = make.person("newsletter")
    make_subjects.item(subject, "newsletter", content="Another", category="name", now=make.NOW)
    found = make.confirmed("restriction", mailbox=mailoutbox).requests.get()
    grant(found, "unlawful-kept")
    some = restricting.choices(found, found.decisions.get().purpose)[0].item.uuid
    restricting.limit_to(found, found.decisions.get().purpose, [some], **BY)
    ways.release(found, **BY)
    assert waiting(crm) == []


def test_a_correction_is_told_once_it_was_made(crm, mailoutbox):
    make.person("newsletter")
    found = make.confirmed("rectification", mailbox=mailoutbox).requests.get()
    proposing.propose(found, kind="item", about=item_of("newsletter").uuid, new="Grace Hopper", **BY)
    proposing.decide(found.corrections.get(), "inaccurate", "", **BY)
    assert waiting(crm) == []
    ways.release(found, **BY)
    assert [(one["right"], one["purposes"]) for one in waiting(crm)] == [("rectification", [])]


def test_an_answer_that_was_begun_before_the_deletion_keeps_the_ids_of_who_is_gone(crm, mailoutbox):
    claims = [Claim("email", make.EMAIL), Claim("external_id", "C-7", "crm")]
    people.find_or_create(claims, now=make.NOW, actor="test:office")
    make.person("newsletter")
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    stale = erasure.tasks.get(system__slug="crm")
    grant(erasure, "right-applies")
    answer.execute_erasure(erasure, **BY)
    systems.answer(stale, outcome="failed", reason="system-unavailable", **BY)
    [task] = waiting(crm)
    assert (task["known_as"], task["outcome"]) == (["C-7"], "failed")
