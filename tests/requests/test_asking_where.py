"""Nothing is "not found" before somebody asked where else to look; the answer says where, and proves nothing."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger.models import Entry
from requests import answer, asking, asking_where, casework, posting
from requests.models import Asking, Letter
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
STRANGER = "nobody@example.com"


@pytest.fixture(autouse=True)
def register():
    make.register()


@pytest.fixture
def access(mailoutbox):
    return make.confirmed("access", email=STRANGER, mailbox=mailoutbox).requests.get()


def after(days):
    return make.NOW + timedelta(days=days)


def release(rights_request, now=make.NOW):
    rights_request.refresh_from_db()
    return answer.release_access(rights_request, actor=make.OFFICER, now=now)


def ask(rights_request, now=make.NOW):
    return asking_where.ask(rights_request, actor=make.OFFICER, now=now)


def link_in(mailbox):
    deliver_due(now=timezone.now())
    return re.search(r"/rights/where/[^/\s]+/", mailbox[-1].body).group(0)


def test_nothing_found_waits_for_the_question(access):
    for attempt in (release, lambda one: casework.preview(one, now=make.NOW)):
        with pytest.raises(asking_where.AskFirst):
            attempt(access)
    due = access.due_on
    ask(access)
    access.refresh_from_db()
    assert access.due_on == due
    with pytest.raises(asking_where.AskFirst):
        release(access, now=after(13))
    release(access, now=after(14))
    assert Letter.objects.get(kind="nothing_found")


def test_it_never_waits_beyond_the_day_the_answer_is_due(access):
    ask(access, now=after(25))
    release(access, now=after(30))
    assert not access.is_open


def test_a_request_that_says_it_all_needs_no_question(access):
    asking_where.complete(access, actor=make.OFFICER, now=make.NOW)
    release(access)
    assert not access.is_open
    assert Entry.objects.filter(kind="where.complete", object=access.uuid).exists()


def test_the_page_behind_the_link_takes_the_answer_once(client, access, mailoutbox):
    ask(access)
    address = link_in(mailoutbox)
    assert "Where else should we look?" in client.get(address).content.decode()
    assert Asking.objects.get().is_in_force
    refused = client.post(address, {"addresses": " "})
    assert refused.status_code == 200
    assert "Say at least one thing" in refused.content.decode()
    assert client.post(address, {"addresses": "x" * 2001}).status_code == 200
    done = client.post(address, {"addresses": "ada@old.example", "employer": "Analytical Ltd"}, follow=True)
    assert "We have your answer" in done.content.decode()
    assert "ada@old.example" not in done.content.decode()
    asked = Asking.objects.get()
    assert asking.answer_of(asked)["employer"] == "Analytical Ltd"
    assert b"old.example" not in bytes(asked.answer)
    assert not Entry.objects.filter(body__contains="old.example").exists()
    assert "We have your answer" in client.post(address, {"addresses": "again"}, follow=True).content.decode()
    assert asking.answer_of(Asking.objects.get())["addresses"] == "ada@old.example"
    deliver_due(now=timezone.now())
    assert "where else to look" in mailoutbox[-1].body
    assert "old.example" not in mailoutbox[-1].body
    release(access)
    assert not access.is_open


def test_what_they_say_selects_nobody(client, access, mailoutbox):
    make.person("newsletter", email="ada@example.com", token="TOKEN-OF-ADA")
    ask(access)
    client.post(link_in(mailoutbox), {"addresses": "ada@example.com"})
    access.refresh_from_db()
    assert access.case.subject is None
    release(access)
    assert Letter.objects.get(kind="nothing_found")


def test_a_link_of_nobody_opens_nothing(client, access):
    assert client.get("/rights/where/unknown/").status_code == 404
    assert client.post("/rights/where/unknown/", {"addresses": "x"}).status_code == 404


def test_without_a_mailbox_it_goes_by_post():
    request = make_requests.case("access", email="", channel="letter", now=make.NOW).requests.get()
    asked = ask(request)
    assert asked.given_on is None
    with pytest.raises(asking.NotGivenYet):
        asking_where.told(request, day=make.NOW.date(), answer="Nowhere.", actor=make.OFFICER, now=make.NOW)
    posting.mark_posted(asked.letter, day=make.NOW.date(), actor=make.OFFICER, now=make.NOW)
    asking_where.told(request, day=after(3).date(), answer="At her sister's.", actor=make.OFFICER, now=after(3))
    asking_where.check(request, now=after(3))


def test_an_objection_and_a_try_never_wait(mailoutbox):
    objection = make_requests.case("objection", email="no@example.com", now=make.NOW).requests.get()
    asking_where.check(objection, now=make.NOW)
    tried = make_requests.case("access", email="t@example.com", is_test=True, now=make.NOW).requests.get()
    asking_where.check(tried, now=make.NOW)


def test_staff_ask_and_read_the_answer(client, access, mailoutbox):
    client.force_login(make.staff())
    page = client.get(reverse("admin:rights-request", args=[access.uuid])).content.decode()
    assert "Ask where else to look" in page
    page = client.post(reverse("admin:rights-where", args=[access.uuid]), follow=True).content.decode()
    assert "Asked. The letter is written." in page
    client.post(link_in(mailoutbox), {"period": "Around <b>1843</b>"})
    page = client.post(reverse("admin:rights-reveal", args=[access.uuid])).content.decode()
    assert "Around &lt;b&gt;1843&lt;/b&gt;" in page
    assert "Where else to look" in page
