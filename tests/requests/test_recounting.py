"""A public holiday is entered or removed: open dates move, closed ones stay, and the ledger says what moved them."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from core import holidays
from core.models import BankHoliday
from ledger.models import Entry
from requests import recounting, tasks
from requests.models import RightsRequest
from tests import make_office as make
from tests import make_requests
from tests.make_complaints import complain

pytestmark = pytest.mark.django_db
# Due on Tuesday 22 December 2026.
PROCLAIMED = {"date": date(2026, 12, 22), "division": "england-and-wales", "title": "A royal wedding", "source": "hand"}


@pytest.fixture(autouse=True)
def register():
    make.register()


def due(rights_request):
    return RightsRequest.objects.get(pk=rights_request.pk).due_on


def recount():
    return recounting.recount(now=make.NOW, actor=make.OFFICER)


def test_an_open_date_moves_with_evidence_and_a_second_run_changes_nothing():
    request = make_requests.case("access", now=make.NOW).requests.get()
    assert recount() == 0
    BankHoliday.objects.create(**PROCLAIMED)
    assert recount() == 1
    assert due(request) == date(2026, 12, 23)
    entry = Entry.objects.get(kind="request.clock-set", object=request.uuid)
    assert '"because":"holidays"' in entry.body
    assert '"from":"2026-12-22"' in entry.body
    assert '"to":"2026-12-23"' in entry.body
    assert recount() == 0
    BankHoliday.objects.filter(title="A royal wedding").delete()
    assert recount() == 1
    assert due(request) == date(2026, 12, 22)


def test_another_division_and_closed_requests_stay():
    request = make_requests.request("access", state="refused", now=make.NOW)
    other = make_requests.case("access", email="b@example.com", now=make.NOW).requests.get()
    BankHoliday.objects.create(**{**PROCLAIMED, "division": "scotland"})
    assert recount() == 0
    BankHoliday.objects.create(**PROCLAIMED)
    assert recount() == 1
    assert (due(request), due(other)) == (date(2026, 12, 22), date(2026, 12, 23))


def test_the_notice_of_an_extension_does_not_move(mailoutbox):
    request = make_requests.case("access", now=make.NOW).requests.get()
    BankHoliday.objects.create(**PROCLAIMED)
    recount()
    assert RightsRequest.objects.get(pk=request.pk).extension_notice_by == date(2026, 12, 22)


def test_complaints_are_acknowledged_by_a_working_day_too():
    complaint = complain(now=make.NOW)
    complaint.acknowledged_at = None
    complaint.save(update_fields=["acknowledged_at"])
    before = complaint.acknowledge_by
    BankHoliday.objects.create(**{**PROCLAIMED, "date": before})
    assert recount() == 1
    complaint.refresh_from_db()
    assert complaint.acknowledge_by > before
    assert Entry.objects.filter(kind="complaint.clock-set", object=complaint.uuid).count() == 1


def test_the_task_does_it_and_a_staff_action_too(client):
    request = make_requests.case("access", now=make.NOW).requests.get()
    row = BankHoliday.objects.create(**PROCLAIMED)
    assert tasks.recount() == 1
    client.force_login(make.staff())
    BankHoliday.objects.filter(pk=row.pk).update(date=date(2026, 12, 21))
    given = {"action": "recount", "_selected_action": [row.pk]}
    page = client.post(reverse("admin:core_bankholiday_changelist"), given, follow=True).content.decode()
    assert "1 date moved." in page
    assert due(request) == date(2026, 12, 22)


def test_entering_one_by_hand_is_evidence_and_tells_the_worker(client, monkeypatch, django_capture_on_commit_callbacks):
    hinted = []
    monkeypatch.setattr("core.hints.hint", lambda *given: hinted.append(given))
    client.force_login(make.staff())
    given = {**PROCLAIMED, "date": "2026-12-22"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:core_bankholiday_add"), given)
    row = BankHoliday.objects.get(title="A royal wedding")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:core_bankholiday_delete", args=[row.pk]), {"post": "yes"})
    assert not BankHoliday.objects.filter(pk=row.pk).exists()
    assert hinted == [("requests.tasks.recount",)] * 2
    told = [entry.body for entry in Entry.objects.filter(kind="holidays.changed").order_by("id")]
    assert '"what":"entered"' in told[0]
    assert '"what":"removed"' in told[1]
    assert "2026-12-22" in told[0]


def test_a_thousand_open_requests_are_looked_at_in_no_time(django_assert_max_num_queries):
    make_requests.case("access", now=make.NOW)
    with django_assert_max_num_queries(6):
        assert recount() == 0


def test_the_working_day_helper_agrees():
    BankHoliday.objects.create(**PROCLAIMED)
    assert not holidays.is_working_day(PROCLAIMED["date"], "england-and-wales")
    assert holidays.is_working_day(PROCLAIMED["date"] + timedelta(days=1), "england-and-wales")
