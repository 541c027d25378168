"""The office: who may enter, what is shown masked, and that every button does one thing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import User
from ledger.models import Entry
from requests import answer, assigning
from requests.models import RightsRequest
from tests import make_office as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


@pytest.fixture
def access(mailoutbox):
    make.register(manual=True)
    make.person("newsletter", token="TOKEN-OF-GRACE")
    return make.confirmed("access", mailbox=mailoutbox, details="MY-WORDS").requests.get()


@pytest.fixture
def erasure(mailoutbox):
    make.register()
    make.person("newsletter", "contract-administration", "statutory-accounts", token="TOKEN-OF-GRACE")
    return make.confirmed("erasure", mailbox=mailoutbox).requests.get()


def address(name, rights_request, *more):
    return reverse(f"admin:rights-{name}", args=[rights_request.uuid, *more])


def test_an_outsider_is_sent_to_the_login(client, access):
    for url in (reverse("admin:rights-queue"), address("request", access)):
        response = client.get(url)
        assert response.status_code == 302
        assert reverse("admin:login") in response["Location"]


def test_staff_without_a_role_find_nothing(client, access):
    client.force_login(make.staff("plain", group=""))
    assert client.get(reverse("admin:rights-queue")).status_code == 404
    assert client.post(address("reveal", access)).status_code == 404


def test_an_auditor_reads_and_cannot_act(client, access):
    client.force_login(make.staff("auditor", group="auditor"))
    assert client.get(address("request", access)).status_code == 200
    assert client.post(address("prepare", access)).status_code == 404


def test_the_queue_says_when_each_is_due(officer, access):
    RightsRequest.objects.filter(pk=access.pk).update(due_on="2020-01-06")
    page = officer.get(reverse("admin:rights-queue")).content.decode()
    assert access.reference in page
    assert "Monday 6 January 2020" in page
    assert "overdue" in page


def test_an_empty_queue_says_so(officer):
    make.controller()
    assert "Nothing is open" in officer.get(reverse("admin:rights-queue")).content.decode()


def test_the_home_lists_what_is_due(officer, access):
    RightsRequest.objects.update(due_on=timezone.localdate() + timedelta(days=20))
    page = officer.get(reverse("admin:index")).content.decode()
    assert "New, and nobody has taken it" in page
    assert access.reference in page
    by = User.objects.get()
    assigning.assign(access.case, to=by, by=by, now=make.NOW)
    page = officer.get(reverse("admin:index")).content.decode()
    assert "Due next" in page
    assert access.reference in page


def test_the_queue_has_pages_without_counting(officer, access, mailoutbox):
    from requests import queue

    for number in range(4):
        make.make_requests.case("access", email=f"p{number}@example.com", now=make.NOW - timedelta(days=number))
    RightsRequest.objects.filter(pk=access.pk).update(due_on=None)
    everybody, seen, after = make.staff("dpo2"), [], ""
    while True:
        page = queue.open_requests(everybody, after=after, size=2)
        seen += [row.pk for row in page.requests]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen[-1] == access.pk


def test_search_redirects_to_an_id(officer, access):
    response = officer.post(reverse("admin:rights-find"), {"reference": access.reference.lower()})
    assert response["Location"] == address("request", access)


def test_the_person_is_masked_until_asked_for_and_asking_is_an_event(officer, access):
    page = officer.get(address("request", access)).content.decode()
    assert "grace@example.com" not in page
    assert "MY-WORDS" not in page
    shown = officer.post(address("reveal", access)).content.decode()
    assert "grace@example.com" in shown
    assert "MY-WORDS" in shown
    assert Entry.objects.filter(kind="case.viewed", object=access.case.uuid).count() == 1


def test_get_changes_nothing(officer, access):
    before = Entry.objects.count()
    officer.get(address("request", access))
    for name in ("reveal", "move", "prepare", "copy", "review", "release", "decide"):
        assert officer.get(address(name, access)).status_code == 405
    assert Entry.objects.count() == before


def test_access_from_task_to_release(officer, access):
    task = access.tasks.get(system__slug="crm")
    searched = {"terms": "Grace", "places": "Tickets"}
    officer.post(address("task", access, task.uuid), {"outcome": "nothing_found", **searched})
    officer.post(address("prepare", access))
    assert "TOKEN-OF-GRACE" in officer.post(address("copy", access)).getvalue().decode()
    review = officer.post(address("review", access)).content.decode()
    assert "grace@example.com" in review
    assert access.package.sha256 in review
    response = officer.post(address("release", access), follow=True)
    assert "The answer is sent." in response.content.decode()
    access.refresh_from_db()
    assert access.state == "fulfilled"


def test_a_task_needs_a_reason_for_a_gap(officer, access):
    task = access.tasks.get(system__slug="crm")
    response = officer.post(address("task", access, task.uuid), {"outcome": "failed"}, follow=True)
    assert "Say why" in response.content.decode()
    task.refresh_from_db()
    assert task.outcome == "pending"


def test_the_answer_is_not_shown_before_it_can_go(officer, access):
    response = officer.post(address("review", access), follow=True)
    assert "Make the copy first" in response.content.decode()


def test_erasure_from_decisions_to_answer(officer, erasure):
    page = officer.get(address("request", erasure)).content.decode()
    assert "Proposal:" in page
    officer.post(
        address("decide", erasure), {"purpose": "newsletter", "reason": "consent-withdrawn", "note": "Gladly."}
    )
    officer.post(address("confirm-all", erasure))
    review = officer.post(address("review", erasure)).content.decode()
    assert "cannot be undone" in review
    assert "Gladly." in review
    officer.post(address("release", erasure))
    erasure.refresh_from_db()
    assert erasure.state == "partly_fulfilled"


def test_a_reason_must_fit_the_right(officer, erasure):
    response = officer.post(address("decide", erasure), {"purpose": "newsletter", "reason": "copy-given"}, follow=True)
    assert "does not go with" in response.content.decode()


def test_taking_up_again_starts_over(officer, erasure):
    officer.post(address("confirm-all", erasure))
    officer.post(address("release", erasure))
    officer.post(address("move", erasure), {"to": "in_progress"})
    erasure.refresh_from_db()
    assert erasure.state == "in_progress"
    assert erasure.result == {}
    assert not erasure.decisions.exists()


def test_withdrawing_ends_the_block(officer, access):
    officer.post(address("move", access), {"to": "withdrawn"})
    assert not access.case.subject.erasure_blocks.filter(released_at=None).exists()


def test_a_hand_move_cannot_claim_an_answer(officer, access):
    officer.post(address("move", access), {"to": "in_progress"})
    officer.post(address("move", access), {"to": "fulfilled"})
    access.refresh_from_db()
    assert access.state == "in_progress"


def test_the_sent_letter_can_be_read_again(officer, access):
    make.answered(access)
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    written = reverse("admin:letter", args=[access.letters.get().uuid])
    assert "Dear Grace Hopper" in officer.post(written).content.decode()
    assert officer.get(written).status_code == 405


def test_what_was_refused_keeps_its_words_beside_the_reason(officer, access):
    task = access.tasks.exclude(system__connector="builtin").get()
    typed = {"outcome": "done", "terms": "grace@example.com", "since": "2026-13-45"}
    page = officer.post(address("task", access, task.uuid), typed)
    assert 'name="terms" maxlength="2000" value="grace@example.com">' in page.text
    assert '<option value="done" selected>' in page.text
    assert page.text.count('class="of-late of-refused"') == 1
    conversation = officer.post(reverse("admin:case-reply", args=[access.case.uuid]), {"text": "  \r\n "})
    assert 'role="alert"' in conversation.text
    assert "Write to the person" in conversation.text
