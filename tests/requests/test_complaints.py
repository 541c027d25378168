"""A complaint: taken in, acknowledged in time, seen by the office, closed with an outcome."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from core.errors import Invalid
from core.models import Controller, User
from core.outbox import deliver_due
from ledger.models import Entry
from requests import complaints
from requests.expiry import CaseOpen, expire_case
from requests.intake import claim_of
from requests.models import CaseFile, Complaint
from tests.make_requests import EMAIL, NOW

pytestmark = pytest.mark.django_db
WORDS = "You wrote to me after I had said no."


def complain(email=EMAIL, **given):
    return complaints.open_complaint(
        requester={"name": "Grace Hopper", "email": email, "address": "" if email else "1 Sea Street"},
        answers={"complaint": WORDS, "wish": "Say sorry."},
        channel="web",
        received_at=NOW,
        locale="en-GB",
        actor="public",
        now=NOW,
        **given,
    )


def kinds():
    return list(Entry.objects.order_by("id").values_list("kind", flat=True))


def test_it_has_its_own_reference_clock_and_evidence(mailoutbox):
    complaint = complain()
    assert complaint.reference.startswith("KP-")
    # 30 days from 4 November are 4 December, a Friday.
    assert (complaint.received_on, complaint.acknowledge_by) == (date(2026, 11, 4), date(2026, 12, 4))
    assert complaint.acknowledged_at == NOW
    assert kinds() == ["complaint.received", "complaint.acknowledged"]
    assert claim_of(complaint.case)["complaint"] == WORDS
    assert WORDS.encode() not in bytes(complaint.case.claim)
    assert not complaint.case.requests.exists()
    deliver_due(now=NOW)
    to_person, to_staff = mailoutbox
    for part in (to_person.body, to_person.alternatives[0][0]):
        assert complaint.reference in part
        assert "at any time" in part
        assert "ico.org.uk" in part
        assert "sorry" not in part
    assert to_person.to == [EMAIL]
    assert to_staff.to == [Controller.current().dpo_contact]
    assert complaint.reference in to_staff.subject
    assert "Grace" not in to_staff.body
    assert f"/complaint/{complaint.pk}/" in to_staff.body


def test_by_post_it_waits_to_be_acknowledged_by_hand():
    complaint = complain(email="")
    assert complaint.acknowledged_at is None
    complaints.acknowledge(complaint, actor="user:test", now=NOW + timedelta(days=2))
    complaints.acknowledge(complaint, actor="user:test", now=NOW + timedelta(days=3))
    complaint.refresh_from_db()
    assert complaint.acknowledged_at == NOW + timedelta(days=2)
    assert kinds() == ["complaint.received", "complaint.acknowledged"]


def test_sent_twice_is_one():
    first = complain(case_uuid="6a6f1d2e-93a5-4c3e-8a53-0d4b0b1c6a11")
    assert complain(case_uuid=first.case.uuid) == first
    assert CaseFile.objects.count() == Complaint.objects.count() == 1


def test_impossible_input_is_refused():
    with pytest.raises(Invalid) as error:
        complain(email="nonsense")
    assert list(error.value.fields) == ["requester.email"]
    assert not CaseFile.objects.exists()


def test_an_outcome_closes_the_case_once_and_only_then_can_it_be_forgotten():
    complaint = complain(email="")
    with pytest.raises(CaseOpen):
        expire_case(complaint.case, now=NOW)
    later = NOW + timedelta(days=9)
    complaints.close(complaint, "upheld", actor="user:test", now=later)
    complaint.refresh_from_db()
    assert (complaint.outcome, complaint.outcome_at, complaint.acknowledged_at) == ("upheld", later, later)
    assert complaint.case.closed_at == later
    assert kinds()[-1] == "complaint.closed"
    with pytest.raises(complaints.HasOutcome):
        complaints.close(complaint, "not_upheld", actor="user:test", now=later)
    expire_case(complaint.case, now=later)
    complaint.case.refresh_from_db()
    assert complaint.case.claim is None


def test_the_office_sees_it_and_looking_is_an_event(client):
    client.force_login(User.objects.create_superuser("officer", password="a password of good length"))
    complaint = complain()
    url = reverse("admin:requests_complaint_changelist")
    page = client.get(url).text
    assert complaint.reference in page
    assert WORDS not in page
    assert client.get(reverse("admin:requests_complaint_change", args=[complaint.pk])).status_code == 200
    chosen = {"_selected_action": [complaint.pk]}
    shown = client.post(url, {"action": "show", **chosen})
    assert WORDS in shown.text
    assert kinds()[-1] == "case.viewed"
    client.post(url, {"action": "resolved", **chosen})
    complaint.refresh_from_db()
    assert complaint.outcome == "resolved"
    again = client.post(url, {"action": "upheld", **chosen}, follow=True)
    assert "has its outcome already" in again.text
