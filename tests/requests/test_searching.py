"""Nothing found is an answer only with a record of the search (Art 15(1A)); letter and copy say what was searched."""

import io
import zipfile
from datetime import date

import pytest
from django.urls import reverse

from core.errors import DomainError
from ledger.models import Entry
from requests import answer, expiry, letters, package, searching, systems
from requests.models import Search
from tests import make_office as make

pytestmark = pytest.mark.django_db
FULL = searching.Log(
    terms="Grace Hopper; grace@example.com.",
    places="Contacts and tickets",
    custodians="Head of sales",
    left_out="Backup tapes before 2020",
    why="Restoring them takes weeks and they hold nothing else about customers",
    since=date(2020, 1, 1),
    until=date(2026, 11, 20),
)


@pytest.fixture
def task(mailoutbox):
    make.register(manual=True)
    make.person("newsletter")
    access = make.confirmed("access", mailbox=mailoutbox).requests.get()
    return access.tasks.select_related("system", "request__case").get(system__slug="crm")


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def say(task, **given):
    return systems.answer(task, actor=make.OFFICER, now=make.NOW, **given)


@pytest.mark.parametrize("outcome", ["nothing_found", "done"])
def test_an_outcome_alone_is_refused(task, outcome):
    with pytest.raises(DomainError) as refusal:
        say(task, outcome=outcome)
    assert refusal.value.code == "not-searched"
    task.refresh_from_db()
    assert task.outcome == "pending"


def test_other_answers_and_other_rights_need_no_search(task, mailoutbox):
    say(task, outcome="failed", reason="system-unavailable")
    say(task, outcome="retained", reason="legal-claims")
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    say(erasure.tasks.get(system__slug="crm"), outcome="nothing_found")


@pytest.mark.parametrize(
    ("log", "field"),
    [
        (searching.Log(places="Tickets"), "terms"),
        (searching.Log(terms="Grace"), "places"),
        (searching.Log(terms="Grace", places="Tickets", left_out="Tapes"), "why"),
        (searching.Log(terms="Grace", places="x", since=date(2026, 2, 1), until=date(2026, 1, 1)), "until"),
        (searching.Log(terms="x" * 2001, places="x"), "terms"),
    ],
)
def test_a_search_is_told_whole(task, log, field):
    with pytest.raises(DomainError) as refusal:
        say(task, outcome="nothing_found", searched=log)
    assert field in refusal.value.fields


def test_the_letter_and_the_copy_say_what_was_searched(task):
    say(task, outcome="nothing_found", searched=FULL)
    rights_request = task.request
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    letter = letters.parts_of(letters.read(letters.latest(rights_request))["html"])["searched"]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(rights_request.package))))
    page = letters.parts_of(archive.read("index.html").decode())["searched"]
    for text in (letter, page):
        assert "We looked for: Grace Hopper; grace@example.com. In: Contacts and tickets." in text
        assert "1 January 2020" in text
        assert "We did not search: Backup tapes before 2020. The reason: Restoring them" in text
        assert "Head of sales" not in text
        assert "We took everything" in text


def test_a_search_is_sealed_and_ends_with_its_case(task):
    say(task, outcome="nothing_found", searched=FULL)
    found = Search.objects.get()
    assert b"Grace" not in bytes(found.sealed)
    bodies = Entry.objects.filter(kind="task.searched").values_list("body", flat=True)
    assert len(bodies) == 1
    assert "Grace" not in bodies[0]
    answer.release_access(task.request, actor=make.OFFICER, now=make.NOW)
    expiry.expire_case(task.request.case, now=make.NOW)
    found.refresh_from_db()
    assert found.sealed is None
    assert searching.logs(task.request) == {}


def test_over_http_it_is_written_down_and_read_only_when_asked_for(officer, task):
    address = reverse("admin:rights-task", args=[task.request.uuid, task.uuid])
    page = officer.post(address, {"outcome": "nothing_found"}, follow=True).content.decode()
    assert "only with a record of the search" in page
    typed = {"terms": "Grace Hopper", "places": "Tickets", "since": "2026-01-01", "custodians": "Head of sales"}
    officer.post(address, {"outcome": "nothing_found", **typed})
    page = officer.get(reverse("admin:rights-request", args=[task.request.uuid])).content.decode()
    assert "How it was searched was recorded" in page
    assert "Head of sales" not in page
    shown = officer.post(reverse("admin:rights-reveal", args=[task.request.uuid])).content.decode()
    assert "Head of sales" in shown
    page = officer.post(address, {"outcome": "done", "since": "soon"}, follow=True).content.decode()
    assert "Give a date" in page
