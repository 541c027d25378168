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
    """Every answer, and everything of the register, that differs between two rounds. A choice differs as a whole."""
    return [*_answers(former, version), *_frame(former, version)]


def whole(before: str, after: str) -> list[Piece]:
    """One choice in the place of another."""
    return [Piece(kind, text) for kind, text in (("gone", before), ("new", after)) if text]


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


def _answers(former: AssessmentVersion, version: AssessmentVersion) -> Iterator[Difference]:
    before, after = assessments_problems.answers_of(former), assessments_problems.answers_of(version)
    for question in form.all_questions(version.basis):
        said, says = question.said(before), question.said(after)
        if said != says:
            yield Difference(question.ask, (whole if question.choices else words)(said, says))


def _frame(former: AssessmentVersion, version: AssessmentVersion) -> Iterator[Difference]:
    """What the answers come to, and what the register said."""
    if former.screening and version.screening and former.screening != version.screening:
        outcomes = (str(one.get_screening_display()) for one in (former, version))
        yield Difference(_("Outcome of the screening"), whole(*outcomes))
    # Rounds from before facts were kept would differ in all of them.
    if former.facts and version.facts:
        old = dict(assessments_facts.in_words(former.facts))
        new = dict(assessments_facts.in_words(version.facts))
        for label in assessments_facts.LABELS.values():
            if old.get(label, "") != new.get(label, ""):
                yield Difference(label, words(old.get(label, ""), new.get(label, "")))
