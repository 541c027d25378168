"""How a round of an assessment is written: begun, saved page by page, submitted, sent back or thrown away.

There is one round in the making for each purpose. It is under a lock while it changes, so two people who write at once
lose nothing: each page is kept by itself.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import assessments_facts, assessments_mail, assessments_problems
from consents import assessments_questions as form
from consents import assessments_screening as screening
from consents.assessments_types import Part, Shape
from consents.models import Assessment, AssessmentVersion
from core.errors import DomainError, Invalid, NotFound, Text
from ledger import entries
from processing.models import Purpose

LONGEST = 5000


class NoRound(NotFound):
    code = "no-assessment-in-the-making"
    message = _("Nobody is writing an assessment of this purpose.")


class NotAssessed(DomainError):
    code = "purpose-needs-no-assessment"
    message = _("Only a purpose that rests on legitimate interests (f) or on a recognised one (ea) is assessed.")


class Submitted(DomainError):
    code = "assessment-submitted"
    message = _("It was submitted and waits for approval. Take it back first, then go on writing.")


class Incomplete(DomainError):
    code = "assessment-incomplete"
    message = _("Some questions are open, or answers do not fit together.")


def in_the_making(purpose: Purpose) -> AssessmentVersion | None:
    rows = AssessmentVersion.objects.filter(assessment__purpose=purpose, approved_at=None)
    return rows.select_related("assessment__purpose").first()


@transaction.atomic
def begin(purpose: Purpose, *, now: datetime, actor: str) -> AssessmentVersion:
    """A new round, which starts from what the last one said; the round in the making when there is one already.

    The decision is not taken along: it is made anew each time.
    """
    register = assessments_facts.newest(purpose)
    if register is None or register.basis not in assessments_facts.ASSESSED:
        raise NotAssessed
    assessment, _is_new = Assessment.objects.get_or_create(purpose=purpose)
    Assessment.objects.select_for_update().get(pk=assessment.pk)
    if known := in_the_making(purpose):
        return known
    last = assessment.versions.order_by("-number").first()
    follows = last if last and last.basis == register.basis else None
    version = AssessmentVersion.objects.create(
        assessment=assessment,
        number=last.number + 1 if last else 1,
        basis=register.basis,
        answers=dict(follows.answers) if follows else {},
        justification=follows.justification if follows else "",
        author=actor,
        begun_at=now,
        saved_at=now,
    )
    _record("begun", version, now=now, actor=actor)
    return version


@transaction.atomic
def save(purpose: Purpose, slug: str, given: Mapping[str, Any], *, now: datetime, actor: str) -> AssessmentVersion:
    """Keep one page as far as it is filled in. Raises Invalid naming the questions whose answer cannot be kept."""
    version = _draft(purpose)
    part = form.part_of(version.basis, slug)
    if part is None:
        raise NoRound
    accepted = _accepted(part, given)
    before = assessments_problems.answers_of(version)
    if all(before.get(key, "") == value for key, value in accepted.items()):
        return version
    version.decision = accepted.pop(form.CHOSEN.key, version.decision)
    version.justification = accepted.pop(form.JUDGED.key, version.justification)
    version.answers = {**version.answers, **accepted}
    version.saved_at = now
    version.writers = sorted({*version.writers, actor})
    version.save(update_fields=["decision", "justification", "answers", "saved_at", "writers"])
    _record("drafted", version, now=now, actor=actor, part=part.slug)
    return version


@transaction.atomic
def submit(purpose: Purpose, *, now: datetime, actor: str) -> AssessmentVersion:
    """Say that it is complete. What the register says now and what the screening comes to are kept with it."""
    version = _draft(purpose)
    register = assessments_facts.newest(purpose)
    if register is None or register.basis != version.basis:
        raise NotAssessed(_("The register names another lawful basis now. Throw this draft away and begin anew."))
    if problems := assessments_problems.found(version):
        raise Incomplete(fields={one.question.key: one.sentence for one in problems})
    version.facts = assessments_facts.facts(register)
    is_needed = screening.outcome(version.answers).is_needed
    version.screening = AssessmentVersion.Screening.NEEDED if is_needed else AssessmentVersion.Screening.NONE
    version.submitted_at, version.author, version.returned_note = now, actor, ""
    version.writers = sorted({*version.writers, actor})
    version.save(update_fields=["facts", "screening", "submitted_at", "author", "returned_note", "writers"])
    said = {"decision": version.decision, "screening": version.screening, "register": register.number}
    _record("submitted", version, now=now, actor=actor, **said)
    assessments_mail.waiting(version, now=now)
    return version


@transaction.atomic
def send_back(purpose: Purpose, *, note: str, now: datetime, actor: str) -> AssessmentVersion:
    """Have it changed before it is approved; `note` says what. Its author takes it back without one."""
    version = _locked(purpose)
    if not version.is_waiting:
        raise NoRound(_("Nothing waits for approval here."))
    is_own = actor in {version.author, *version.writers}
    if not note.strip() and not is_own:
        raise Invalid(fields={"note": _("Say what should be different.")})
    version.submitted_at, version.returned_note = None, note.strip()
    version.save(update_fields=["submitted_at", "returned_note"])
    _record("returned", version, now=now, actor=actor)
    return version


@transaction.atomic
def discard(purpose: Purpose, *, now: datetime, actor: str) -> None:
    """Throw the draft away. What was approved stays as it is."""
    version = _draft(purpose)
    _record("discarded", version, now=now, actor=actor)
    version.delete()


def _locked(purpose: Purpose) -> AssessmentVersion:
    rows = AssessmentVersion.objects.select_for_update(of=["self"]).select_related("assessment__purpose")
    version = rows.filter(assessment__purpose=purpose, approved_at=None).first()
    if version is None:
        raise NoRound
    return version


def _draft(purpose: Purpose) -> AssessmentVersion:
    version = _locked(purpose)
    if version.is_waiting:
        raise Submitted
    return version


def _accepted(part: Part, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to this page's questions, in the form in which they are stored."""
    errors: dict[str, Text] = {}
    accepted: dict[str, Any] = {}
    for question in part.questions:
        value = given.get(question.key) or ""
        if question.shape is Shape.SEVERAL:
            value = sorted(value)
        known = value if question.shape is Shape.SEVERAL else [value]
        if question.choices and any(code and code not in question.choices for code in known):
            errors[question.key] = _("Choose from the list: “%(question)s”") % {"question": question.ask}
        elif isinstance(value, str) and len(value) > LONGEST:
            sentence = _("Say it in %(longest)s characters or fewer: “%(question)s”")
            errors[question.key] = sentence % {"longest": LONGEST, "question": question.ask}
        accepted[question.key] = value.strip() if isinstance(value, str) else value
    if errors:
        raise Invalid(fields=errors)
    return accepted


def _record(act: str, version: AssessmentVersion, *, now: datetime, actor: str, **data: Any) -> None:
    entries.record(
        kind=f"assessment.{act}",
        at=now,
        actor=actor,
        object=version.assessment.uuid,
        purpose=version.assessment.purpose.slug,
        data={"version": version.number, **data},
    )
