"""Who works on a case, who sees it, and who may not send an answer alone."""

import json

import pytest
from django.urls import reverse

from ledger.models import Entry
from requests import answer, assigning, decisions, queue
from requests.models import RightsRequest
from requests.two_people import TwoPeopleNeeded
from tests import make_office as make

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def worker():
    return make.staff("worker", group="caseworker")


@pytest.fixture
def other():
    return make.staff("other", group="caseworker")


@pytest.fixture
def access(mailoutbox):
    make.register()
    make.person("newsletter")
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


def released():
    return [
        json.loads(body)["data"]
        for body in Entry.objects.filter(kind="request.released").values_list("body", flat=True)
    ]


def test_caseworkers_see_what_is_free_and_what_is_theirs(access, worker, other):
    auditor, stranger = make.staff("auditor", group="auditor"), make.staff("x", group="registrar")
    assert RightsRequest.objects.visible_to(worker).get() == access
    assigning.assign(access.case, worker, by=worker, now=NOW)
    seen = [bool(RightsRequest.objects.visible_to(one)) for one in (worker, other, auditor, stranger)]
    assert seen == [True, False, True, False]
    assert queue.open_requests(other).requests == []
    with pytest.raises(assigning.Taken):
        assigning.assign(access.case, other, by=other, now=NOW)
    with pytest.raises(assigning.Taken):
        assigning.assign(access.case, None, by=other, now=NOW)
    assigning.assign(access.case, None, by=worker, now=NOW)
    assert RightsRequest.objects.visible_to(other).exists()
    kinds = Entry.objects.filter(kind="case.assigned", object=access.case.uuid)
    assert kinds.count() == 2


def test_the_dpo_hands_on_and_only_to_somebody_who_can(access, worker):
    dpo = make.staff()
    assigning.assign(access.case, worker, by=dpo, now=NOW)
    with pytest.raises(assigning.NotACaseworker):
        assigning.assign(access.case, make.staff("auditor", group="auditor"), by=dpo, now=NOW)
    assert assigning.workers() == [dpo, worker]


def test_buttons_to_take_and_to_give_back(access, client, worker):
    client.force_login(worker)
    page = reverse("admin:rights-request", args=[access.uuid])
    assert "Take it" in client.get(page).content.decode()
    client.post(reverse("admin:rights-assign", args=[access.uuid]), {"to": worker.uuid})
    assert "Give it back" in client.get(page).content.decode()
    for wrong in ("nobody", "00000000-0000-4000-8000-000000000009"):
        assert client.post(reverse("admin:rights-assign", args=[access.uuid]), {"to": wrong}).status_code == 404


def test_without_the_rule_one_person_does_it_all(access, worker):
    answer.prepare_access(access, actor=worker.actor, now=NOW)
    answer.release_access(access, actor=worker.actor, now=NOW)
    assert released() == [{"rule": "off", "exception": ""}]


def test_whoever_made_the_copy_does_not_send_it(access, worker, settings):
    settings.TWO_PERSON_RELEASE = True
    with pytest.raises(TwoPeopleNeeded):
        answer.release_access(access, actor=worker.actor, now=NOW)
    answer.prepare_access(access, actor=worker.actor, now=NOW)
    with pytest.raises(TwoPeopleNeeded):
        answer.release_access(access, actor=worker.actor, now=NOW)
    assert not released()
    answer.release_access(access, actor=make.staff("approver", group="approver").actor, now=NOW)
    assert released() == [{"rule": "two-person", "exception": ""}]


def test_whoever_decided_does_not_delete(mailoutbox, worker, settings):
    settings.TWO_PERSON_RELEASE = True
    make.register()
    make.person("newsletter")
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(erasure, actor=worker.actor, now=NOW)
    with pytest.raises(TwoPeopleNeeded):
        answer.execute_erasure(erasure, actor=worker.actor, now=NOW)
    answer.execute_erasure(erasure, actor="user:somebody-else", now=NOW)
    erasure.refresh_from_db()
    assert erasure.state == "fulfilled"


def test_a_sole_officer_says_why(access, client, settings):
    settings.TWO_PERSON_RELEASE = settings.SOLE_OFFICER = True
    dpo = make.staff()
    client.force_login(dpo)
    answer.prepare_access(access, actor=dpo.actor, now=NOW)
    review, release = (reverse(f"admin:rights-{name}", args=[access.uuid]) for name in ("review", "release"))
    assert "without a second person" in client.post(review).content.decode()
    page = client.post(release, follow=True).content.decode()
    assert "Say why you send an answer that you prepared yourself." in page
    client.post(release, {"exception": "sole-officer"})
    assert released() == [{"rule": "two-person", "exception": "sole-officer"}]
    access.refresh_from_db()
    assert access.state == "fulfilled"


def test_with_the_rule_a_caseworker_has_no_button_to_send(access, client, worker, settings):
    settings.TWO_PERSON_RELEASE = True
    answer.prepare_access(access, actor=make.OFFICER, now=NOW)
    client.force_login(worker)
    page = client.post(reverse("admin:rights-review", args=[access.uuid])).content.decode()
    assert "Send the answer" not in page
    assert client.post(reverse("admin:rights-release", args=[access.uuid])).status_code == 404
