"""Who hears of an assessment: that one waits, that one is due, and what a complaint or a breach has weighed again."""

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse

from breaches import log
from consents import assessments, assessments_drafts, assessments_mail
from consents.models import AssessmentReview
from core import outbox
from core.models import Outbox
from requests import complaints
from tests import make_complaints, make_consents, make_office, make_register
from tests import make_staff as staff

pytestmark = pytest.mark.django_db
make = make_consents


@pytest.fixture
def purpose():
    return make_register.purpose("direct-sales", "f", title="Direct sales", direct_marketing=True)


@pytest.fixture
def posted(mailoutbox):
    """Whom the mails that wait were written to, with their text."""

    def deliver():
        del mailoutbox[:]
        outbox.deliver_due(now=max((row.due_at for row in Outbox.objects.all()), default=make.NOW))
        return {mail.to[0]: f"{mail.subject}\n{mail.body}" for mail in mailoutbox}

    return deliver


def people():
    """Whoever writes and approves, and somebody who could approve as well."""
    roles = {"wendy": "approver", "anna": "approver", "rita": "registrar"}
    return [staff.account(name, role, email=f"{name}@example.com") for name, role in roles.items()]


def approved(purpose, writer, approver, due=date(2026, 12, 31)):
    version = make.assessment(purpose, approved=None, author=writer.actor)
    assessments_drafts.submit(purpose, now=make.NOW, actor=writer.actor)
    return assessments.approve(version, approver=approver.actor, review_due=due, now=make.NOW)


def test_whoever_may_approve_is_told_and_no_writer(purpose, posted):
    wendy, anna, _rita = people()
    make.assessment(purpose, approved=None, author=wendy.actor)
    assessments_drafts.submit(purpose, now=make.NOW, actor=wendy.actor)
    told = posted()
    assert set(told) == {anna.email}
    assert told[anna.email].startswith("An assessment waits for your approval: Direct sales\n")
    assert reverse("admin:assessment-approve", args=["direct-sales"]) in told[anna.email]


def test_it_is_called_what_is_live_and_not_what_a_draft_calls_it(purpose, posted):
    wendy, anna, _rita = people()
    make_register.draft("direct-sales", "f", title="Sales to whales")
    make.assessment(purpose, approved=None, author=wendy.actor)
    assessments_drafts.submit(purpose, now=make.NOW, actor=wendy.actor)
    assert posted()[anna.email].startswith("An assessment waits for your approval: Direct sales\n")


def test_a_review_is_told_of_once_at_each_stage(purpose, posted):
    wendy, anna, _rita = people()
    approved(purpose, wendy, anna)
    posted()
    noon = datetime.fromisoformat("2026-12-31T12:00:00Z")
    days = [(-31, 0), (-30, 1), (-29, 0), (-7, 1), (0, 0), (1, 1), (2, 0)]
    for number, expected in days:
        now = noon + timedelta(days=number)
        assert assessments_mail.remind(now=now) == expected, number
        assert assessments_mail.remind(now=now) == 0
    told = posted()
    assert set(told) == {wendy.email, anna.email}
    assert "Look at the assessment of “Direct sales” again by 31 December 2026" in told[anna.email]


def test_nobody_left_is_the_privacy_mailbox(purpose, posted):
    make.assessment(purpose)
    posted()
    assessments.ask_again(purpose, cause="guidance", now=make.NOW, actor="user:x")
    (text,) = posted().values()
    assert "There is new guidance or case law" in text


def test_a_complaint_and_a_breach_have_it_weighed_again(purpose, client):
    contract = make_register.purpose("customer-support", "b")
    by = {"now": make.NOW, "actor": make.ACTOR}
    complaint = make_complaints.complain()
    for _twice in range(2):
        complaints.describe(complaint, issues=["marketing"], purposes=[purpose, contract], **by)
    texts = {"summary": "A laptop was lost on a train."}
    breach = log.log(aware_at=make.NOW, texts=texts, purposes=[purpose, contract], **by)
    reviews = AssessmentReview.objects.order_by("pk")
    assert [(one.cause, one.caused_by, one.assessment.purpose) for one in reviews] == [
        ("complaint", complaint.uuid, purpose),
        ("breach", breach.uuid, purpose),
    ]
    client.force_login(make_office.staff())
    for name, uuid in (("complaint", complaint.uuid), ("breach", breach.uuid)):
        page = client.get(reverse(f"admin:{name}", args=[uuid])).text
        assert "To be weighed again" in page
        assert reverse("admin:assessment", args=["direct-sales"]) in page


def test_staff_say_it_on_the_pages(purpose, client):
    client.force_login(make_office.staff())
    complaint = make_complaints.complain()
    given = {"describe-issues": ["marketing"], "describe-purposes": [purpose.pk]}
    client.post(reverse("admin:complaint-act", args=[complaint.uuid, "describe"]), given)
    breach = log.log(aware_at=make.NOW, texts={"summary": "x"}, now=make.NOW, actor="user:a")
    given = {"describe-summary": "x", "describe-purposes": [purpose.pk]}
    client.post(reverse("admin:breach-act", args=[breach.uuid, "describe"]), given)
    assert AssessmentReview.objects.count() == 2
