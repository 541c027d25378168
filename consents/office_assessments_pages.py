"""What the pages of assessments show: answers in words, what is open on each page, what the screening comes to."""

from datetime import date
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _

from consents import assessments, assessments_compare, assessments_facts, assessments_overview, assessments_problems
from consents import assessments_questions as questions
from consents import assessments_screening as screening
from consents.assessments_types import Part
from consents.models import AssessmentVersion
from consents.office_assessments_input import ApproveForm, PartForm
from processing.models import Purpose, PurposeVersion


def of_purpose(purpose: Purpose, today: date) -> dict[str, Any]:
    """Where the assessment of a purpose stands. A purpose that never rested on an interest has no such page."""
    line = assessments_overview.line(purpose, today)
    rows = AssessmentVersion.objects.filter(assessment__purpose=purpose).select_related("assessment__purpose")
    versions = list(rows.order_by("-number"))
    if line is None and not versions:
        raise Http404
    making = next((one for one in versions if not one.approved_at), None)
    register = assessments_facts.newest(purpose)
    return {
        "title": _("Assessment: %(purpose)s") % {"purpose": title_of(purpose, register)},
        "purpose": purpose,
        "register": register,
        "line": line,
        "making": making,
        "problems": assessments_problems.found(making) if making and making.is_draft else [],
        "screening": verdict(line.governing) if line and line.governing else None,
        "approved": [one for one in versions if one.approved_at],
        "reviews": list(assessments.open_reviews(purpose)),
        "today": today,
    }


def of_part(version: AssessmentVersion, part: Part, form: PartForm) -> dict[str, Any]:
    parts = list(questions.FORMS[version.basis])
    place = parts.index(part)
    register = assessments_facts.newest(version.assessment.purpose)
    return {
        **_common(version),
        "title": part.title,
        "part": part,
        "form": form,
        "steps": _steps(version, part),
        "place": place + 1,
        "former": parts[place - 1] if place else None,
        "register": register,
        "register_facts": assessments_facts.in_words(assessments_facts.facts(register)) if register else [],
        "is_after_screening": place > parts.index(questions.SCREENING),
        "is_last": part == parts[-1],
    }


def of_check(version: AssessmentVersion) -> dict[str, Any]:
    problems = assessments_problems.found(version)
    return {
        **_common(version),
        "title": _("Check the answers"),
        "sections": sections(version),
        "steps": _steps(version, None),
        "problems": problems,
        "open": [one for one in problems if one.is_missing],
        "wrong": [one for one in problems if not one.is_missing],
    }


def of_approval(version: AssessmentVersion, form: ApproveForm, *, is_own: bool) -> dict[str, Any]:
    return {
        **of_version(version),
        "title": _("Approve: %(purpose)s") % {"purpose": version.facts["title"]},
        "form": form,
        "is_own": is_own,
        "is_alone": settings.SOLE_OFFICER,
        "cools_until": assessments.cools_until(version),
        "is_outdated": assessments_facts.differs(version),
        "reviews": list(assessments.open_reviews(version.assessment.purpose)),
    }


def of_version(version: AssessmentVersion) -> dict[str, Any]:
    """One round in words, beside the one that governed before it."""
    rows = AssessmentVersion.objects.filter(assessment=version.assessment, basis=version.basis)
    former = rows.filter(number__lt=version.number, approved_at__isnull=False).order_by("-number").first()
    purpose = version.assessment.purpose
    title = version.facts.get("title") or title_of(purpose, assessments_facts.newest(purpose))
    return {
        **_common(version),
        "title": _("%(purpose)s, version %(number)s") % {"purpose": title, "number": version.number},
        "sections": sections(version),
        "facts": assessments_facts.in_words(version.facts),
        "former": former,
        "differences": assessments_compare.differences(former, version) if former else [],
    }


def sections(version: AssessmentVersion) -> list[dict[str, Any]]:
    """The answers page by page, in words. What was not asked in that round is left empty."""
    answers = assessments_problems.answers_of(version)
    # A long list of "no" says in one line above what it comes to.
    folded = () if screening.outcome(answers).because else (questions.ABOUT, questions.SCREENING)
    return [
        {
            "part": part,
            "answers": [(question, question.said(answers)) for question in part.questions],
            "is_open": part not in folded,
        }
        for part in questions.FORMS[version.basis]
    ]


def verdict(version: AssessmentVersion) -> dict[str, Any]:
    """What the screening of this round comes to, and why; for old rounds that it was not asked."""
    found = screening.outcome(version.answers)
    return {
        "is_asked": any(one.question.is_answered(version.answers) for one in screening.CRITERIA),
        "is_complete": found.is_complete,
        "is_needed": found.is_needed,
        "because": found.because,
        "is_settled": screening.is_settled(version.answers),
        "dpia": version.answers.get(screening.REFERENCE.key, ""),
    }


def title_of(purpose: Purpose, register: PurposeVersion | None) -> str:
    return register.title if register else purpose.slug


def _common(version: AssessmentVersion) -> dict[str, Any]:
    return {"version": version, "purpose": version.assessment.purpose, "screening": verdict(version)}


def _steps(version: AssessmentVersion, here: Part | None) -> list[dict[str, Any]]:
    """The pages with how much is open on each."""
    problems = assessments_problems.found(version)
    return [
        {"part": part, "is_here": part == here, "open": sum(one.part.slug == part.slug for one in problems)}
        for part in questions.FORMS[version.basis]
    ]
