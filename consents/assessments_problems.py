"""What keeps an assessment from being submitted: open questions, and answers that do not fit together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from consents import assessments_questions as form
from consents import assessments_screening as screening
from consents.assessments_types import Answers, Part, Question
from consents.models import AssessmentVersion

# An address or a number in words that are published is nearly always somebody's.
CONTACT = re.compile(r"\S+@\S+\.\w|(?:\+|\b0)\d[\d ()-]{7,}\d")


@dataclass(frozen=True)
class Problem:
    """One thing to put right, on which page, in a sentence that names the question."""

    part: Part
    question: Question
    sentence: str
    is_missing: bool = False


def answers_of(version: AssessmentVersion) -> Answers:
    """All that was answered, the decision and its reasons among it."""
    return {**version.answers, form.CHOSEN.key: version.decision, form.JUDGED.key: version.justification}


def found(version: AssessmentVersion) -> list[Problem]:
    """Everything that is missing or wrong, in the order of the pages."""
    answers = answers_of(version)
    missing = [
        Problem(part, question, _("Not answered yet: “%(question)s”") % {"question": question.ask}, is_missing=True)
        for part, question in form.unanswered(version.basis, answers)
    ]
    order = [part.slug for part in form.FORMS[version.basis]]
    return sorted([*missing, *_wrong(version.basis, answers)], key=lambda one: order.index(one.part.slug))


def _wrong(basis: str, answers: Answers) -> Iterator[Problem]:
    outcome = form.FORMS[basis][-1]
    relies = answers[form.CHOSEN.key] in (form.Decision.RELY, form.Decision.SAFEGUARDS)
    if relies and answers.get(form.AUTHORITY.key) == "yes":
        sentence = _(
            "A public authority cannot rely on an interest for its tasks. Decide “no”, or correct the answer to: "
            "“%(question)s”"
        )
        yield Problem(form.ABOUT, form.AUTHORITY, sentence % {"question": form.AUTHORITY.ask})
    if relies and not screening.is_settled(answers):
        yield Problem(outcome, form.CHOSEN, unsettled(answers))
    for question in (form.WHAT, form.WHY, form.FAIR):
        if CONTACT.search(str(answers.get(question.key, ""))):
            sentence = _("An address or a telephone number is published with this answer. Take it out: “%(question)s”")
            yield Problem(outcome, question, sentence % {"question": question.ask})


def unsettled(answers: Answers) -> str:
    """Why weighing is not enough, and what is."""
    if answers.get(screening.LEFT.key) == "high":
        return _("A high risk is left after the DPIA. Consult the regulator first (Art 36), or decide “no”.")
    if screening.REFERENCE.is_answered(answers):
        return _("A DPIA is needed, and one is named. Say on the same page what risk is left after it.")
    return _(
        "The screening says that a DPIA is needed, so an assessment like this is not enough. Decide “A DPIA "
        "is needed instead”; or name the DPIA that was made."
    )
