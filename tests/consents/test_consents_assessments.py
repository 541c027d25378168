"""Assessments: complete, approved by somebody else, reviewed in time, and looked at again when something happens."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from consents import assessments, assessments_compare, assessments_drafts, assessments_problems, gates
from consents import assessments_screening as screening
from consents.assessments import NotApprovable, approve, in_date
from consents.assessments_questions import BALANCE_FORM, FORMS, all_questions
from consents.models import Assessment, AssessmentVersion
from core.errors import Invalid
from ledger.models import Entry
from processing.gates import NotReady
from processing.models import PurposeVersion
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db
BY = {"now": make.NOW, "actor": "user:a"}


@pytest.fixture
def purpose():
    return make_register.purpose("direct-sales", "f")


def submitted(purpose, **fields):
    make.assessment(purpose, approved=None, **fields)
    return assessments_drafts.submit(purpose, **BY)


def refused(version, *, approver="user:b", **fields):
    with pytest.raises(NotApprovable) as error:
        approve(version, approver=approver, now=make.NOW, **fields)
    version.refresh_from_db()
    assert version.approved_at is None
    return set(error.value.fields)


def problems(answers=None, *, decision="rely", basis="f", justification="Fair."):
    version = AssessmentVersion(
        basis=basis, decision=decision, justification=justification, answers=make.assessed(basis, **(answers or {}))
    )
    return [one.question.key for one in assessments_problems.found(version)]


@pytest.mark.parametrize("basis", FORMS)
def test_every_question_is_needed_before_it_may_be_relied_on(basis):
    """And each has words beside it that help, but those that speak for themselves."""
    keys = [one.key for one in all_questions(basis)]
    assert len(keys) == len(set(keys))
    assert problems(basis=basis) == []
    for question in all_questions(basis):
        assert question.guidance or question.choices, question.key
        if not question.is_optional and question.key not in ("decision", "justification"):
            assert problems({question.key: " "}, basis=basis) == [question.key]
    assert problems(justification=" ", basis=basis) == ["justification"]
    assert problems(decision="", basis=basis) == ["decision"]


def test_all_questions_of_the_template_are_there():
    asked = {question.key for part in BALANCE_FORM for question in part.questions}
    expected = {f"p{n}" for n in range(1, 11)} | {f"n{n}" for n in range(1, 5)} | {f"b{n}" for n in range(1, 21)}
    assert expected <= asked


def test_a_no_needs_no_more_than_what_led_to_it():
    empty = dict.fromkeys((one.key for part in BALANCE_FORM[2:] for one in part.questions), "")
    assert problems(empty, decision="dpia_required") == []
    assert set(problems(empty, decision="do_not_rely")) == {f"p{n}" for n in range(1, 11)}


@pytest.mark.parametrize(
    ("said", "is_needed"),
    [
        ({}, False),
        ({"d1": "yes"}, True),
        ({"d1": "unsure"}, True),
        ({"d6": "yes"}, True),
        ({"d4": "yes"}, False),
        ({"d7": "yes"}, False),
        ({"d4": "yes", "d7": "yes"}, True),
        # Two answers that show the same thing are one sign.
        ({"d7": "yes", "d16": "yes"}, False),
        ({"d11": "yes", "d15": "yes"}, False),
        ({"d10": "yes", "d17": "unsure"}, True),
    ],
)
def test_when_weighing_is_not_enough(said, is_needed):
    found = screening.outcome(make.assessed(**said))
    assert (found.is_complete, found.is_needed) == (True, is_needed)
    assert {question.key for question in found.because} == set(said)
    assert problems(said) == (["decision"] if is_needed else [])
    assert problems(said, decision="dpia_required") == []


def test_with_a_dpia_that_leaves_no_high_risk_it_may_be_weighed():
    done = {"d1": "yes", "d19": "DPIA 3 of 2 March 2026"}
    assert problems(done) == ["decision"]
    assert problems({**done, "d20": "high"}) == ["decision"]
    assert problems({**done, "d20": "low"}) == []


def test_answers_that_do_not_fit_together():
    assert problems({"h1": "yes"}) == ["h1"]
    assert problems({"h1": "yes"}, decision="do_not_rely") == []
    assert problems({"safeguards": []}, decision="rely_with_safeguards") == ["safeguards"]
    assert problems({"r1": "public-task-request", "r4": ""}, basis="ea") == ["r4"]
    assert problems({"u2": "Ask ada@example.com."}) == problems({"u2": "Call 020 7946 0000."}) == ["u2"]
    assert problems({"u2": "Deleted after 12 months, since 2026-03-02."}) == []


def test_it_is_written_page_by_page_and_submitted_when_nothing_is_missing(purpose):
    version = assessments_drafts.begin(purpose, **BY)
    assert assessments_drafts.begin(purpose, now=make.NOW, actor="user:c") == version
    assessments_drafts.save(purpose, "necessity", {"n1": " Yes. ", "p1": "Not on this page."}, **BY)
    assessments_drafts.save(purpose, "necessity", {"n1": "Yes."}, now=make.NOW, actor="user:d")
    version.refresh_from_db()
    assert (version.answers["n1"], "p1" in version.answers, version.writers) == ("Yes.", False, ["user:a"])
    with pytest.raises(assessments_drafts.Incomplete) as error:
        assessments_drafts.submit(purpose, **BY)
    assert "“Could you reach the purpose without the data?”" in str(error.value.fields["n3"])
    with pytest.raises(Invalid) as error:
        assessments_drafts.save(purpose, "about", {"h1": "perhaps"}, **BY)
    assert set(error.value.fields) == {"h1"}
    assert list(Entry.objects.order_by("pk").values_list("kind", flat=True)) == [
        "assessment.begun",
        "assessment.drafted",
    ]
    assessments_drafts.discard(purpose, **BY)
    assert not AssessmentVersion.objects.exists()


def test_what_waits_is_not_written_on_until_it_is_sent_back(purpose):
    version = submitted(purpose)
    assert (version.facts["sources"], version.screening) == (["website"], "none")
    assert list(assessments.waiting()) == [version]
    for act in (assessments_drafts.submit, assessments_drafts.discard):
        with pytest.raises(assessments_drafts.Submitted):
            act(purpose, **BY)
    with pytest.raises(Invalid):
        assessments_drafts.send_back(purpose, note="", now=make.NOW, actor="user:b")
    back = assessments_drafts.send_back(purpose, note="Say more.", now=make.NOW, actor="user:b")
    assert (back.is_draft, back.returned_note) == (True, "Say more.")
    assert refused(back) == set()
    assert assessments_drafts.submit(purpose, **BY).returned_note == ""


def test_nobody_approves_what_they_wrote(purpose, settings):
    make.assessment(purpose, approved=None, author="user:z")
    given = {**make.assessed(), "decision": "rely", "justification": "As fair as can be."}
    assessments_drafts.save(purpose, "outcome", given, now=make.NOW, actor="user:c")
    version = assessments_drafts.submit(purpose, **BY)
    assert refused(version, approver="user:a") == refused(version, approver="user:c") == {"approver"}
    assert refused(version, approver="") == {"approver"}
    assert refused(version, review_due=date(2027, 3, 4)) == refused(version, review_due=date(2026, 3, 2))
    settings.SOLE_OFFICER = True
    assert refused(version, approver="user:a") == {"sole_officer_reason"}
    alone = {"approver": "user:a", "sole_officer_reason": "There is one officer."}
    with pytest.raises(NotApprovable) as error:
        approve(version, **alone, now=make.days(1) - timedelta(minutes=1))
    assert "a day after submitting" in str(error.value.message)
    done = approve(version, **alone, now=make.days(1))
    assert (done.sole_officer_reason, done.review_due) == ("There is one officer.", date(2027, 3, 4))
    body = Entry.objects.get(kind="assessment.approved").body
    assert '"exception":"sole-officer"' in body
    assert "one officer" not in body
    with pytest.raises(NotApprovable):
        approve(version, approver="user:b", now=make.days(1))


def test_what_was_approved_is_never_changed(purpose):
    version = make.assessment(purpose)
    for act in (lambda: version.save(), lambda: version.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_register_that_moved_on_is_not_approved(purpose):
    version = submitted(purpose)
    make_register.draft("direct-sales", "f", sources=["third_party"])
    assert refused(version) == set()


def test_in_date_until_the_review_is_due_and_the_last_decision_counts(purpose):
    assert in_date(purpose, make.NOW.date()) is None
    first = make.assessment(purpose, due=date(2026, 6, 30))
    assert in_date(purpose, date(2026, 6, 30)) == first
    assert in_date(purpose, date(2026, 7, 1)) is None
    make.assessment(purpose, decision="do_not_rely", approved=make.days(1))
    assert in_date(purpose, date(2026, 6, 30)) is None
    assert Assessment.objects.count() == 1


@pytest.mark.parametrize(("basis", "gate"), [("f", gates.assessment_missing), ("ea", gates.recognition_missing)])
def test_a_purpose_on_an_interest_goes_live_only_with_an_assessment_in_date(basis, gate):
    version, other = make_register.draft("direct-sales", basis), {"f": "ea", "ea": "f"}[basis]
    now = timezone.now()
    with pytest.raises(NotReady):
        version.publish(now=now, actor=make.ACTOR)
    make.assessment(version.purpose, approved=now, due=now.date(), basis=basis)
    assert gate(version.purpose) is None
    assert in_date(version.purpose, now.date(), other) is None
    version.publish(now=now, actor=make.ACTOR)
    assert not assessments.open_reviews().exists()


def test_only_a_purpose_on_an_interest_is_assessed():
    with pytest.raises(assessments_drafts.NotAssessed):
        assessments_drafts.begin(make_register.purpose("surveys", "a"), **BY)


def test_a_purpose_that_changed_is_weighed_again_and_one_that_was_renamed_is_not(purpose):
    now = timezone.now()
    make.assessment(purpose, approved=now)
    for fields, expected in (({"title": "Sales"}, 0), ({"sources": ["third_party"]}, 1)):
        make_register.draft("direct-sales", "f", **fields).publish(now=now, actor=make.ACTOR)
        assert assessments.open_reviews(purpose).filter(cause="purpose-changed").count() == expected
    # Assessed before it goes live, it needs no second look.
    draft = make_register.draft("direct-sales", "f", sources=["public_source"])
    make.assessment(purpose, approved=now)
    draft.publish(now=now, actor=make.ACTOR)
    assert not assessments.open_reviews(purpose).exists()
    assert PurposeVersion.objects.get(status="live").sources == ["public_source"]


def test_a_review_is_opened_once_per_cause_and_closed_by_the_next_approval(purpose):
    request, first = uuid4(), make.assessment(purpose)
    for _time in range(2):
        review = assessments.require_review(purpose, caused_by=request, now=make.NOW, actor="user:b")
        by_hand = assessments.ask_again(purpose, cause="guidance", now=make.NOW, actor="user:b")
    assert list(assessments.open_reviews()) == [review, by_hand]
    assert review.assessment == first.assessment
    entry = Entry.objects.filter(kind="assessment.review-required").order_by("pk").first()
    assert (entry.uuid, entry.purpose) == (review.entry, "direct-sales")
    assert in_date(purpose, make.NOW.date()) == first
    second = make.assessment(purpose, approved=make.days(1))
    review.refresh_from_db()
    assert (review.closed_by, review.closed_at) == (second, make.days(1))
    assert not assessments.open_reviews(purpose).exists()


def test_a_purpose_without_an_assessment_is_told_too(purpose):
    assessments.require_review(purpose, caused_by=uuid4(), now=make.NOW, actor="user:b")
    assert assessments.open_reviews(purpose).get().assessment.purpose == purpose


def test_what_a_new_round_says_differently_is_shown_word_by_word(purpose):
    first = make.assessment(purpose)
    second = assessments_drafts.begin(purpose, now=make.NOW, actor="user:a")
    assert (second.answers, second.decision) == (first.answers, "")
    second = assessments_drafts.save(purpose, "necessity", {**first.answers, "n1": "Yes, mostly."}, **BY)
    second = assessments_drafts.save(purpose, "outcome", {**first.answers, "decision": "rely"}, **BY)
    found = {str(one.what): one.pieces for one in assessments_compare.differences(first, second)}
    assert [(one.kind, one.text) for one in found["Does processing these data really help to reach the purpose?"]] == [
        ("gone", "Yes."),
        ("new", "Yes, mostly."),
    ]
    assert set(found) == {"Does processing these data really help to reach the purpose?", "Why did you decide so?"}
