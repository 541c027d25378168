"""The pages of assessments: the wizard, what is due, the second person, and what the public reads."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from consents import assessments, assessments_overview
from consents.assessments_questions import BALANCE_FORM, SHORT_FORM
from consents.models import AssessmentVersion
from processing.models import PurposeVersion, Status
from tests import make_consents as make
from tests import make_register, make_staff

pytestmark = pytest.mark.django_db
HERE = "/admin/assessments/direct-sales/"


@pytest.fixture
def registrar():
    return make_staff.client_of(make_staff.account("rita", "registrar"))


@pytest.fixture
def approver():
    return make_staff.client_of(make_staff.account("anna", "approver"))


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def fill(client, basis="f", *, decision="rely", **answers):
    """Every page of the wizard, one after the other, as the buttons lead."""
    said = make.assessed(basis, **answers) | {"decision": decision, "justification": "It is fair."}
    page = client.post(f"{HERE}begin/")["Location"]
    for part in BALANCE_FORM if basis == "f" else SHORT_FORM:
        assert page == f"{HERE}draft/{part.slug}/"
        page = client.post(page, {one.key: said[one.key] for one in part.questions if one.key in said})["Location"]
    return page


def test_the_list_teaches_when_it_is_empty_and_says_what_is_due(registrar):
    assert "Nothing to assess yet" in text(registrar.get("/admin/assessments/"))
    make_register.draft("direct-sales", "f", title="Selling")
    make.assessment(make_register.purpose("fraud-screening", "f"), approved=make.days(-200), due=make.NOW.date())
    page = text(registrar.get("/admin/assessments/"))
    assert page.index("it goes on, and every permission check") < page.index("Not assessed yet")
    assert text(registrar.get(HERE)).count("Begin the assessment") == 1


@pytest.mark.parametrize(
    ("is_marketing", "status", "days", "words"),
    [
        (True, "live", 30, "marketing goes on until 2 April 2026"),
        (True, "live", 31, "marketing is stopped since 3 April 2026"),
        (False, "live", 31, "it goes on, and every permission check says that it is overdue"),
        (True, "suspended", 31, "nothing goes live before a new version is approved"),
    ],
)
def test_what_is_overdue_is_said_as_permission_checks_answer(is_marketing, status, days, words):
    purpose = make_register.purpose("direct-sales", "f", direct_marketing=is_marketing)
    make.assessment(purpose, approved=make.days(-200), due=make.NOW.date())
    PurposeVersion.objects.filter(purpose=purpose).update(status=status)
    line = assessments_overview.line(purpose, make.days(days).date())
    assert words in str(line.sentence)
    assert line.is_late


def test_what_is_open_is_named_and_leads_to_its_place(registrar):
    make_register.draft("direct-sales", "f")
    assert fill(registrar, n3="", d6="yes") == f"{HERE}draft/"
    page = text(registrar.get(f"{HERE}draft/"))
    assert f'{HERE}draft/necessity/#id_n3">Could you reach the purpose without the data?' in page
    assert f'{HERE}draft/outcome/#id_decision">The screening says that a DPIA is needed' in page
    assert "Submit for approval" not in page
    assert "It was not submitted" in text(registrar.post(f"{HERE}submit/"))
    assert "the pages between need no answer" in text(registrar.get(f"{HERE}draft/necessity/"))
    answer = text(registrar.post(f"{HERE}draft/necessity/", {"n1": "x" * 6000}))
    assert "in 5000 characters or fewer: “Does processing these data really help" in answer
    assert AssessmentVersion.objects.get().answers["n1"] == "Yes."
    assert registrar.get(f"{HERE}draft/no-such-page/").status_code == 404


def test_it_is_sent_back_with_a_word_and_approved_by_another(registrar, approver):
    make_register.draft("direct-sales", "f")
    fill(registrar)
    assert "waits for approval" in text(registrar.post(f"{HERE}submit/", follow=True))
    assert registrar.get(f"{HERE}draft/").status_code == 409
    assert registrar.get(f"{HERE}approve/").status_code == 404
    assert "Say what should be different." in text(approver.post(f"{HERE}return/", {"note": " "}))
    approver.post(f"{HERE}return/", {"note": "Name the lists."})
    assert "Name the lists." in text(registrar.get(f"{HERE}draft/nature/"))
    registrar.post(f"{HERE}submit/")
    assert "within twelve months" in text(approver.post(f"{HERE}approve/", {"review_due": "2030-01-01"}))
    assert "Version 1 is approved." in text(approver.post(f"{HERE}approve/", {}, follow=True))
    assert "Yes." in text(approver.get(f"{HERE}1/"))
    registrar.post(f"{HERE}again/", {"cause": "complaint"})
    assert "A complaint was about it" in text(registrar.get("/admin/assessments/"))
    registrar.post(f"{HERE}begin/")
    registrar.post(
        f"{HERE}draft/outcome/", {**make.assessed(), "decision": "rely", "justification": "It is still fair."}
    )
    registrar.post(f"{HERE}submit/")
    page = text(approver.get(f"{HERE}approve/"))
    assert "It is <ins>still</ins> fair." in page
    assert "A complaint was about it" in page
    approver.post(f"{HERE}approve/", {})
    assert not assessments.open_reviews().exists()


def test_its_writer_approves_it_only_where_there_is_nobody_else(settings):
    dpo = make_staff.client_of(make_staff.account("dora", "dpo"))
    make_register.draft("direct-sales", "f")
    fill(dpo)
    dpo.post(f"{HERE}submit/")
    assert "so somebody else approves it" in text(dpo.get(f"{HERE}approve/"))
    assert dpo.post(f"{HERE}approve/", {"sole_officer_reason": "x"}).status_code == 200
    settings.SOLE_OFFICER = True
    assert "Say why nobody else" in text(dpo.post(f"{HERE}approve/", {}))
    why = {"sole_officer_reason": "There is one officer."}
    assert "with fresh eyes" in text(dpo.get(f"{HERE}approve/"))
    assert "a day after submitting" in text(dpo.post(f"{HERE}approve/", why))
    AssessmentVersion.objects.update(submitted_at=timezone.now() - timedelta(days=1))
    assert dpo.post(f"{HERE}approve/", why).status_code == 302


def test_a_screening_that_says_dpia_stands_on_the_pages_of_assessment_and_purpose(registrar):
    purpose = make_register.purpose("direct-sales", "f")
    make.assessment(purpose, decision="dpia_required", answers=make.assessed(d1="yes"))
    version = PurposeVersion.objects.get(purpose=purpose)
    for page in (HERE, f"{HERE}1/", f"/admin/processing/purposeversion/{version.pk}/change/"):
        assert "A DPIA is needed" in text(registrar.get(page)), page
    assert "DPIA needed" in text(registrar.get("/admin/assessments/"))


def test_the_short_form_weighs_nothing(registrar, approver, client):
    draft = make_register.draft("direct-sales", "ea")
    assert fill(registrar, "ea", r1="public-task-request", r4="The police, letter 7.") == f"{HERE}draft/"
    registrar.post(f"{HERE}submit/")
    approver.post(f"{HERE}approve/", {})
    PurposeVersion.objects.filter(pk=draft.pk).update(status=Status.LIVE, effective_from=make.NOW)
    page = text(client.get("/interests/direct-sales/"))
    assert "Somebody with a public task asked for the data" in page
    assert "letter 7" not in page


def test_the_public_reads_the_words_written_for_it_and_no_others(client):
    assert "nothing that rests on a legitimate interest" in text(client.get("/interests/"))
    purpose = make_register.purpose("direct-sales", "f")
    hidden = {one.key: f"INTERNAL {one.key}" for part in BALANCE_FORM for one in part.questions if not one.choices}
    told = {"u1": "We want to sell.", "u2": "We need your address.", "u3": "One word ends it."}
    answers = make.assessed(**{**hidden, **told, "safeguards": ["opt-out"]})
    assert "We are looking at this again." in text(client.get("/interests/direct-sales/"))
    make.assessment(purpose, answers=answers, justification="INTERNAL", approved=timezone.now())
    page = text(client.get("/interests/direct-sales/"))
    for words in (*told.values(), "with one word or one click", "Direct sales", "We do direct-sales."):
        assert words in page
    assert "INTERNAL" not in page
    assert "user:" not in page
    assert "/interests/direct-sales/" in text(client.get("/interests/"))
    make_register.purpose("newsletter", "a")
    for slug in ("newsletter", "no-such-thing"):
        assert client.get(f"/interests/{slug}/").status_code == 404
    assert client.post("/interests/").status_code == 405


def test_rounds_from_before_there_was_a_screening_can_be_read(registrar):
    """Answers without the newer questions, a decision, and no facts of the register."""
    purpose = make_register.purpose("direct-sales", "f")
    version = make.assessment(purpose, approved=None, answers={"p1": "To sell.", "gone": "x"})
    AssessmentVersion.objects.filter(pk=version.pk).update(
        approver="user:b", approved_at=make.NOW, review_due=make.days(300).date()
    )
    assert "To sell." in text(registrar.get(f"{HERE}1/"))
    assert "Not asked in this round" in text(registrar.get(HERE))
    assert assessments.in_date(purpose, make.NOW.date())
