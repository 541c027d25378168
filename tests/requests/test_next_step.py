"""The page says what is next, and links to where it is done."""

from datetime import timedelta

import pytest
from django.urls import reverse

from core.outbox import deliver_due
from requests import answer, decisions, moves, next_step, restricting
from requests.casework import gather
from requests.models import Letter
from requests.questions import GROUNDS
from tests import make_office as make

pytestmark = pytest.mark.django_db


def steps(rights_request, *, now=make.NOW):
    rights_request.refresh_from_db()
    found = next_step.of(rights_request, gather(rights_request, now=now), today=now.date())
    return [(str(step.sentence), step.where) for step in found]


def where(rights_request, **when):
    return [anchor for _sentence, anchor in steps(rights_request, **when)]


@pytest.fixture
def access(mailoutbox):
    make.register(manual=True)
    make.person("newsletter", "contract-administration")
    return make.confirmed("access", mailbox=mailoutbox).requests.select_related("case__subject").get()


def test_silent_systems_come_first_and_are_named_in_a_part_answer_when_time_runs_out(access):
    assert where(access)[0] == "systems"
    late = make.NOW + timedelta(days=(access.due_on - make.NOW.date()).days - 2)
    sentence, anchor = steps(access, now=late)[0]
    assert anchor == "answer"
    assert "Answer in part" in sentence


def test_the_copy_comes_when_the_systems_have_answered(access):
    make.answered(access)
    assert "answer" in where(access)
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW)
    assert steps(access) == [("Look through the answer and send it.", "answer")]


def test_a_copy_that_is_asked_for_again_is_made_anew(access):
    make.answered(access)
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    access.refresh_from_db()
    moves.step(access, "in_progress", actor=make.OFFICER, now=make.NOW)
    assert ("Make the copy anew, and look through it.", "answer") in steps(access)
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW)
    assert "anew" not in str(steps(access))


def test_nothing_is_next_once_it_is_answered_except_a_letter_that_came_back(access):
    make.answered(access)
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    assert "Nothing" in steps(access)[0][0]
    Letter.objects.update(bounced_at=make.NOW)
    assert where(access) == ["letters"]


def test_what_an_answer_leaves_to_be_done(mailoutbox):
    make.register()
    make.person("contract-administration")
    case = make.confirmed(
        "restriction", "general", mailbox=mailoutbox, answers={"restriction": str(dict(GROUNDS)["contested"])}
    )
    restriction = case.requests.select_related("case__subject").get(right="restriction")
    decisions.confirm_all(restriction, actor=make.OFFICER, now=make.NOW)
    restricting.release(restriction, actor=make.OFFICER, now=make.NOW)
    assert [anchor for _sentence, anchor in steps(restriction)] == ["restricted", ""]
    assert "tell the person" in steps(restriction)[0][0]
    assert case.requests.get(right="general").reference in steps(restriction)[1][0]
    told = {"on": make.NOW.date(), "why": "It was checked.", "actor": make.OFFICER, "now": make.NOW}
    restricting.announce(restriction, **told)
    deliver_due(now=make.NOW)
    assert "End the restriction." in steps(restriction)[0][0]
    restricting.lift(restriction, actor=make.OFFICER, now=make.NOW)
    assert where(restriction) == [""]


def test_every_step_leads_to_a_place_on_the_page(access, client):
    client.force_login(make.staff("dpo", group="dpo"))
    page = client.get(reverse("admin:rights-request", args=[access.uuid])).content.decode()
    assert "What is next" in page
    for anchor in filter(None, where(access)):
        assert f'href="#{anchor}"' in page
        assert f'id="{anchor}"' in page


@pytest.mark.parametrize(("right", "anchor"), [("rectification", "corrections"), ("adm_review", "reviews")])
def test_what_is_decided_one_by_one_leads_to_its_own_place(right, anchor, mailoutbox, client):
    make.register()
    make.person("newsletter")
    request = make.confirmed(right, mailbox=mailoutbox).requests.select_related("case__subject").get()
    assert anchor in where(request)
    client.force_login(make.staff("dpo", group="dpo"))
    assert f'id="{anchor}"' in client.get(reverse("admin:rights-request", args=[request.uuid])).content.decode()
