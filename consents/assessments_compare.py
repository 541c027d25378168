"""What one round of an assessment says differently from the one before, word by word."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext_lazy as _

from consents import assessments_facts, assessments_problems
from consents import assessments_questions as form
from consents.models import AssessmentVersion
from core.errors import Text


@dataclass(frozen=True)
class Piece:
    """Words that stayed ("same"), went ("gone") or came ("new")."""

    kind: str
    text: str


@dataclass(frozen=True)
class Difference:
    what: Text
    pieces: list[Piece]


def differences(former: AssessmentVersion, version: AssessmentVersion) -> list[Difference]:
    """Every answer, and everything of the register, that differs between two rounds."""
    return [
        Difference(what, words(before, after)) for what, before, after in _pairs(former, version) if before != after
    ]


def words(before: str, after: str) -> list[Piece]:
    """Both texts in one, with what went and what came marked."""
    old, new = before.split(), after.split()
    pieces = []
    for act, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            pieces.append(Piece("same", " ".join(old[start:end])))
            continue
        if end > start:
            pieces.append(Piece("gone", " ".join(old[start:end])))
        if new_end > new_start:
            pieces.append(Piece("new", " ".join(new[new_start:new_end])))
    return pieces


def _pairs(former: AssessmentVersion, version: AssessmentVersion) -> Iterator[tuple[Text, str, str]]:
    before, after = assessments_problems.answers_of(former), assessments_problems.answers_of(version)
    for question in form.all_questions(version.basis):
        yield question.ask, question.said(before), question.said(after)
    if former.screening and version.screening:
        yield _("Outcome of the screening"), former.get_screening_display(), version.get_screening_display()
    # Rounds from before facts were kept would differ in all of them.
    if former.facts and version.facts:
        old = dict(assessments_facts.in_words(former.facts))
        new = dict(assessments_facts.in_words(version.facts))
        for label in assessments_facts.LABELS.values():
            yield label, old.get(label, ""), new.get(label, "")
