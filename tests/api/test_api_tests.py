"""`test: true`: a call that only tries the API out touches nothing live, and everything it made says that it did."""

import json

import pytest
from django.contrib.auth.models import Group

from consents.models import ConsentState, Suppression
from core.models import Outbox, User
from core.roles import DPO
from ledger import feed
from ledger.models import Entry
from requests import queue
from requests.models import CaseFile, RightsRequest
from subjects.models import DataSubject, PersonalDataItem, Relationship
from tests import make_api as make
from tests import make_consents, make_requests
from tests.make_api import POSTS, client, send

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


@pytest.fixture
def refers():
    return make.world()


@pytest.fixture
def live(refers):
    """Ada, whom we know, with a consent and an item."""
    send(client(), POSTS["collect"], refers)
    send(client(), POSTS["consents"], refers)
    return DataSubject.objects.get()


def figures():
    """Everything that is counted, shown to staff, or decides about somebody."""
    return {
        "people": DataSubject.objects.filter(is_test=False).count(),
        "items": PersonalDataItem.objects.filter(subject__is_test=False).count(),
        "ties": list(Relationship.objects.filter(subject__is_test=False).order_by("pk").values()),
        "states": list(ConsentState.objects.exclude(subject__in=trial_people()).order_by("pk").values()),
        "suppressed": Suppression.objects.count(),
        "journal": Outbox.objects.filter(kind=Outbox.Kind.JOURNAL).count(),
        "cases": CaseFile.objects.filter(is_test=False).count(),
        "verdict": make_consents.reason(now=make_requests.NOW),
        "queue": [row.reference for row in queue.open_requests(officer()).requests],
    }


def trial_people():
    return DataSubject.objects.filter(is_test=True).values("uuid")


def officer():
    user, _new = User.objects.get_or_create(username="officer", is_staff=True)
    user.groups.add(*Group.objects.filter(name=DPO))
    return User.objects.get(pk=user.pk)


def trial(name, refers, **body):
    call = POSTS[name]
    response = send(client(), call, refers, {**call.body, **body, "test": True})
    assert response.status_code == call.status, response.content
    return response.json()


WRITES = [name for name, call in POSTS.items() if "test" in call.body]


def test_every_write_has_the_flag():
    assert set(WRITES) == set(POSTS) - {"permissions", "disclosure"}


@pytest.mark.parametrize("name", WRITES)
def test_a_trial_changes_nothing_live(live, refers, name):
    before = figures()
    trial(name, refers)
    assert figures() == before


@pytest.mark.parametrize("change", [{"purposes": "all-marketing"}, {"identity": {"email": "nobody@example.com"}}])
def test_a_trial_of_a_no_stops_nothing(live, refers, change):
    before = figures()
    trial("consents", refers)
    trial("withdraw", refers, **change)
    assert figures() == before


@pytest.mark.parametrize("right", ["objection", "withdrawal"])
def test_a_trial_request_stops_nothing_either(live, refers, right):
    before = figures()
    trial("requests", refers, rights=[right])
    assert figures() == before


@pytest.mark.parametrize("name", WRITES)
def test_the_feed_marks_what_a_trial_made(refers, name):
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    trial(name, refers)
    bodies = Entry.objects.filter(pk__gt=last, kind__in=feed.KINDS).values_list("body", flat=True)
    told = [feed.event(body) for body in bodies]
    assert told
    assert [event["kind"] for event in told if not event["test"]] == []


def test_moves_of_a_trial_request_are_marked(refers):
    reference = trial("requests", refers, rights=["access"])["requests"][0]["reference"]
    request = RightsRequest.objects.get(reference=reference)
    request.move("in_progress", actor="user:1", now=make_requests.NOW)
    assert json.loads(Entry.objects.filter(kind="request.moved").latest("pk").body)["data"]["test"] is True


def test_live_calls_are_not_marked(live, refers):
    bodies = Entry.objects.filter(kind__in=feed.KINDS).values_list("body", flat=True)
    assert not any(feed.event(body)["test"] for body in bodies)


def test_trials_do_not_use_up_the_acknowledgements_of_a_person(refers):
    for _again in range(8):
        trial("requests", refers)
    before = Outbox.objects.filter(kind=Outbox.Kind.MAIL).count()
    assert send(client(), POSTS["requests"], refers).status_code == 202
    assert Outbox.objects.filter(kind=Outbox.Kind.MAIL).count() == before + 1


@pytest.mark.parametrize("name", WRITES)
def test_a_trial_replays_as_a_trial(refers, name):
    api, call = client(), POSTS[name]
    body = {**call.body, "test": True}
    for _again in range(2):
        assert send(api, call, refers, body, **{"Idempotency-Key": "k"}).status_code == call.status
    assert not DataSubject.objects.filter(is_test=False).exists()
