"""Legitimate-interest assessments: complete, approved by somebody else, reviewed in time."""

from datetime import date
from uuid import uuid4

import pytest
from django.utils import timezone

from consents import assessments, gates
from consents.assessments import NotApprovable, approve, in_date
from consents.models import Assessment
from ledger.models import Entry
from processing.gates import NotReady
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db


def draft(**fields):
    return make.assessment(make_register.purpose("direct-sales", "f"), approved=None, **fields)


def refused(version, *, approver="user:b", **fields):
    with pytest.raises(NotApprovable) as error:
        approve(version, approver=approver, now=make.NOW, **fields)
    version.refresh_from_db()
    assert version.approved_at is None
    return set(error.value.fields)


def test_approval_needs_every_answer_a_justification_and_another_person():
    answers = dict.fromkeys(assessments.QUESTIONS, "Yes.")
    version = draft(answers=answers | {"b20": " "})
    assert refused(version) == {"answers"}
    type(version).objects.filter(pk=version.pk).update(answers=answers, justification=" ")
    assert refused(version) == {"justification"}
    type(version).objects.filter(pk=version.pk).update(justification="Fair.")
    assert refused(version, approver="user:a") == refused(version, approver="") == {"approver"}
    assert refused(version, review_due=date(2027, 3, 4)) == {"review_due"}
    done = approve(version, approver="user:b", now=make.NOW)
    assert (done.approver, done.review_due) == ("user:b", date(2027, 3, 3))
    assert '"actor":"user:b"' in Entry.objects.get(kind="assessment.approved").body
    with pytest.raises(NotApprovable):
        approve(version, approver="user:c", now=make.NOW)


def test_a_sole_officer_says_why_nobody_else_could():
    done = approve(draft(), approver="user:a", sole_officer_reason="There is one officer.", now=make.NOW)
    assert done.sole_officer_reason


def test_in_date_until_the_review_is_due_and_the_last_decision_counts():
    purpose = make_register.purpose("direct-sales", "f")
    assert in_date(purpose, make.NOW.date()) is None
    first = make.assessment(purpose, due=date(2026, 6, 30))
    assert in_date(purpose, date(2026, 6, 30)) == first
    assert in_date(purpose, date(2026, 7, 1)) is None
    make.assessment(purpose, decision="do_not_rely", approved=make.days(1))
    assert in_date(purpose, date(2026, 6, 30)) is None
    assert Assessment.objects.count() == 1


def test_a_purpose_on_legitimate_interests_goes_live_only_with_one_in_date():
    version = make_register.draft("direct-sales", "f")
    now = timezone.now()
    with pytest.raises(NotReady):
        version.publish(now=now, actor=make.ACTOR)
    make.assessment(version.purpose, approved=now, due=now.date())
    assert gates.assessment_missing(version.purpose) is None
    version.publish(now=now, actor=make.ACTOR)


def test_a_review_is_opened_once_per_cause_and_closed_by_the_next_approval():
    purpose, request = make_register.purpose("direct-sales", "f"), uuid4()
    first = make.assessment(purpose)
    for _time in range(2):
        review = assessments.require_review(purpose, caused_by=request, now=make.NOW, actor="user:b")
    assert list(assessments.open_reviews()) == [review]
    assert review.assessment == first.assessment
    entry = Entry.objects.get(kind="assessment.review-required")
    assert (entry.uuid, entry.purpose) == (review.entry, "direct-sales")
    assert in_date(purpose, make.NOW.date()) == first
    second = make.assessment(purpose, approved=make.days(1))
    review.refresh_from_db()
    assert (review.closed_by, review.closed_at) == (second, make.days(1))
    assert not assessments.open_reviews(purpose).exists()


def test_a_purpose_without_an_assessment_is_told_too():
    purpose = make_register.purpose("direct-sales", "f")
    assessments.require_review(purpose, caused_by=uuid4(), now=make.NOW, actor="user:b")
    assert assessments.open_reviews(purpose).get().assessment.purpose == purpose
