"""The queue's filters and the views a user keeps."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from office.filters import Filters
from office.models import SavedView
from requests.models import CaseFile, RightsRequest
from tests import make_office, make_requests

pytestmark = pytest.mark.django_db
QUEUE = "admin:rights-queue"


@pytest.fixture
def me(client):
    user = make_office.staff()
    client.force_login(user)
    return user


@pytest.fixture
def rows(me):
    make_office.register()
    found = {}
    for name, right, days, owner in (
        ("late", "access", -3, me),
        ("soon", "erasure", 5, None),
        ("far", "access", 28, None),
    ):
        case = make_requests.case(right, email=f"{name}@example.com")
        CaseFile.objects.filter(pk=case.pk).update(owner=owner)
        found[name] = case.requests.get()
        RightsRequest.objects.filter(case=case).update(due_on=timezone.now().date() + timedelta(days=days))
    CaseFile.objects.filter(pk=found["far"].case_id).update(confirmed_at=timezone.now())
    return found


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "late soon far"),
        ({"right": "access"}, "late far"),
        ({"state": "received"}, "late soon far"),
        ({"state": "in_progress"}, ""),
        ({"within": "7"}, "late soon"),
        ({"owner": "me"}, "late"),
        ({"owner": "nobody"}, "soon far"),
        ({"unconfirmed": "1"}, "late soon"),
        ({"overdue": "1"}, "late"),
        ({"overdue": "1", "right": "erasure"}, ""),
        ({"right": "nonsense", "state": "nonsense", "within": "x", "owner": "-1", "overdue": "yes"}, "late soon far"),
    ],
)
def test_filters(client, rows, given, shown):
    page = client.get(reverse(QUEUE), given).content.decode()
    assert {name for name, row in rows.items() if row.reference in page} == set(shown.split())


def test_a_filter_stays_on_the_next_page(client, rows, monkeypatch):
    monkeypatch.setattr("requests.queue.open_requests.__kwdefaults__", {"after": "", "size": 1, "where": None})
    page = client.get(reverse(QUEUE), {"right": "access"}).content.decode()
    link = page.partition("right=access&amp;after=")[2].partition('"')[0]
    assert rows["far"].reference in client.get(f"{reverse(QUEUE)}?right=access&after={link}").content.decode()


def test_saved_views_are_the_users_own(client, me, rows):
    client.post(reverse("admin:rights-view-save"), {"name": " Mine,  late ", "owner": "me", "overdue": "1"})
    view = SavedView.objects.get(owner=me)
    assert (view.name, view.filters) == ("Mine, late", {"owner": "me", "overdue": "1"})
    assert "Mine, late" in client.get(reverse(QUEUE)).content.decode()
    client.force_login(make_office.staff("other"))
    assert "Mine, late" not in client.get(reverse(QUEUE)).content.decode()
    assert client.post(reverse("admin:rights-view-forget", args=[view.uuid])).status_code == 404
    client.force_login(me)
    client.post(reverse("admin:rights-view-forget", args=[view.uuid]))
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("given", [{"name": "x"}, {"name": "", "overdue": "1"}, {"name": "n" * 41, "overdue": "1"}])
def test_a_view_needs_a_name_and_a_filter(client, me, given):
    client.post(reverse("admin:rights-view-save"), given)
    assert not SavedView.objects.exists()


def test_reading_what_was_written():
    filters = Filters.read({"right": "access", "within": "7", "owner": "12"})
    assert Filters.read(filters.chosen) == filters
    assert Filters().chosen == {}
