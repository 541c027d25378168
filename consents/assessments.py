"""Assessments of interests: who may approve one, which one is in date, and what has it looked at again.

Legitimate interests (UK GDPR Art 6(1)(f)) are weighed in the three-part test, recognised ones (Art 6(1)(ea)) are shown
to be necessary in a short form. How a round is written is in consents/assessments_drafts.py.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import rfc8785
from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from consents import assessments_facts, assessments_mail, assessments_problems
from consents.models import Assessment, AssessmentReview, AssessmentVersion
from core.errors import DomainError
from core.models import Controller
from ledger import entries
from processing.models import Basis, Purpose, Status

REVIEW_EVERY = relativedelta(months=12)
# Whoever approves alone what they wrote themselves reads it again after a night.
COOLING_OFF = timedelta(hours=24)
RELIES = [AssessmentVersion.Decision.RELY, AssessmentVersion.Decision.SAFEGUARDS]
Cause = AssessmentReview.Cause


class NotApprovable(DomainError):
    code = "assessment-not-approvable"
    message = _("This assessment cannot be approved yet.")


@transaction.atomic
def approve(
    version: AssessmentVersion,
    *,
    approver: str,
    now: datetime,
    review_due: date | None = None,
    sole_officer_reason: str = "",
) -> AssessmentVersion:
    """Approve what was submitted. `approver` is an actor id other than those of its writers.

    With SOLE_OFFICER there may be nobody else; then the reason is kept, and a day passes since it was submitted. The
    review is due within twelve months.
    """
    version = AssessmentVersion.objects.select_for_update(of=["self"]).select_related("assessment").get(pk=version.pk)
    today = now.astimezone(Controller.current().zone).date()
    _check(version)
    exception = _second_person(version, approver, sole_officer_reason, now=now)
    version.review_due = _due(review_due, today)
    version.approver, version.approved_at = approver, now
    version.sole_officer_reason = sole_officer_reason.strip() if exception else ""
    version.save(update_fields=["approver", "approved_at", "review_due", "sole_officer_reason"])
    purpose = version.assessment.purpose
    entries.record(
        kind="assessment.approved",
        at=now,
        actor=approver,
        object=version.assessment.uuid,
        purpose=purpose.slug,
        data={"version": version.number, "basis": version.basis, "decision": version.decision}
        | {"review_due": str(version.review_due), "screening": version.screening, "sha256": digest(version)}
        | ({"exception": exception} if exception else {}),
    )
    # Whoever approves has looked at it again, whatever the review was opened for.
    open_reviews(purpose).update(closed_at=now, closed_by=version)
    return version


def digest(version: AssessmentVersion) -> str:
    """What the ledger keeps of a round: the hash of everything it says."""
    said = {"answers": version.answers, "decision": version.decision, "justification": version.justification}
    return sha256(rfc8785.dumps({**said, "facts": version.facts})).hexdigest()


@transaction.atomic
def require_review(
    purpose: Purpose, *, caused_by: UUID, cause: str = Cause.OBJECTION, now: datetime, actor: str
) -> AssessmentReview:
    """Have the assessment of this purpose looked at again; the same cause opens one review, however often it is said.

    An upheld objection shows that somebody's situation was weighed wrongly or not at all (UK GDPR Art 21(1)).
    """
    assessment, _is_new = Assessment.objects.get_or_create(purpose=purpose)
    known = AssessmentReview.objects.filter(assessment=assessment, caused_by=caused_by).first()
    if known:
        return known
    entry = entries.record(
        kind="assessment.review-required",
        at=now,
        actor=actor,
        object=assessment.uuid,
        purpose=purpose.slug,
        data={"cause": cause, "caused_by": str(caused_by)},
    )
    review = AssessmentReview.objects.create(
        assessment=assessment, cause=cause, caused_by=caused_by, opened_at=now, entry=entry
    )
    assessments_mail.opened(review, now=now)
    return review


def touched(purposes: Iterable[Purpose], *, caused_by: UUID, cause: str, now: datetime, actor: str) -> None:
    """A complaint was about these purposes, or a breach touched them: what is assessed of them is weighed again."""
    for purpose in assessed().filter(pk__in=[one.pk for one in purposes]):
        require_review(purpose, caused_by=caused_by, cause=cause, now=now, actor=actor)


def assessed() -> QuerySet[Purpose]:
    """The purposes that are live on an interest."""
    interests = [Basis.LEGITIMATE_INTEREST, Basis.RECOGNISED]
    return Purpose.objects.filter(versions__status=Status.LIVE, versions__basis__in=interests).order_by("slug")


def reviews_for(caused_by: UUID) -> QuerySet[AssessmentReview]:
    """What was to be weighed again because of this, answered or not."""
    rows = AssessmentReview.objects.filter(caused_by=caused_by)
    return rows.select_related("assessment__purpose").order_by("pk")


@transaction.atomic
def ask_again(purpose: Purpose, *, cause: str, now: datetime, actor: str) -> AssessmentReview:
    """Staff say that something happened. While a review for that cause is open, there is no second one."""
    Purpose.objects.select_for_update().get(pk=purpose.pk)
    known = open_reviews(purpose).filter(cause=cause).first()
    return known or require_review(purpose, caused_by=uuid4(), cause=cause, now=now, actor=actor)


def open_reviews(purpose: Purpose | None = None) -> QuerySet[AssessmentReview]:
    """The reviews that no approval has answered yet, oldest first; of one purpose, or of all."""
    rows = AssessmentReview.objects.filter(closed_at=None).select_related("assessment__purpose")
    return (rows.filter(assessment__purpose=purpose) if purpose else rows).order_by("opened_at", "pk")


def waiting() -> QuerySet[AssessmentVersion]:
    """What was submitted and waits for somebody to approve it, the longest first."""
    rows = AssessmentVersion.objects.filter(approved_at=None, submitted_at__isnull=False)
    return rows.select_related("assessment__purpose").order_by("submitted_at")


def writers(version: AssessmentVersion) -> set[str]:
    """Everybody who wrote some of it. They do not approve it."""
    return {version.author, *version.writers}


def _check(version: AssessmentVersion) -> None:
    if version.approved_at:
        raise NotApprovable(_("This version has been approved already."))
    if version.submitted_at is None:
        raise NotApprovable(_("It is still being written. Its author submits it first."))
    if found := assessments_problems.found(version):
        raise NotApprovable(fields={one.question.key: one.sentence for one in found})
    if assessments_facts.differs(version):
        raise NotApprovable(
            _("The register says something else about this purpose since it was submitted. Send it back.")
        )


def cools_until(version: AssessmentVersion) -> datetime | None:
    """From when on whoever wrote this may approve it, where there is nobody else."""
    return version.submitted_at + COOLING_OFF if version.submitted_at else None


def _second_person(version: AssessmentVersion, approver: str, reason: str, *, now: datetime) -> str:
    """Nobody approves what they wrote, unless there is nobody else: then the ledger says so."""
    if not approver:
        raise NotApprovable(fields={"approver": _("Say who approves.")})
    if approver not in writers(version):
        return ""
    if not settings.SOLE_OFFICER:
        raise NotApprovable(fields={"approver": _("You have written some of this: somebody else approves.")})
    if not reason.strip():
        raise NotApprovable(fields={"sole_officer_reason": _("Say why nobody else could approve it.")})
    if (ready := cools_until(version)) and now < ready:
        raise NotApprovable(
            _("You have written it yourself. Read it again with fresh eyes: you may approve it a day after submitting.")
        )
    return "sole-officer"


def _due(review_due: date | None, today: date) -> date:
    latest = today + REVIEW_EVERY
    if review_due and not today <= review_due <= latest:
        raise NotApprovable(fields={"review_due": _("The review is due within twelve months, and not before today.")})
    return review_due or latest


def governing(purpose: Purpose, basis: str = Basis.LEGITIMATE_INTEREST) -> AssessmentVersion | None:
    """The version approved last for this lawful basis: it decides, also when it says no."""
    approved = AssessmentVersion.objects.filter(
        assessment__purpose=purpose, basis=basis, approved_at__isnull=False
    ).select_related("assessment")
    return approved.order_by("-approved_at", "-number").first()


def in_date(purpose: Purpose, on: date, basis: str = Basis.LEGITIMATE_INTEREST) -> AssessmentVersion | None:
    """The approved version that lets this purpose rely on its interest on this day."""
    version = governing(purpose, basis)
    return version if version and is_in_date(version, on) else None


def is_in_date(version: AssessmentVersion, on: date) -> bool:
    return version.decision in RELIES and version.review_due is not None and version.review_due >= on


def newest_of(versions: Collection[AssessmentVersion], basis: str) -> AssessmentVersion | None:
    """`governing` among versions that were read already."""
    approved = [one for one in versions if one.approved_at and one.basis == basis]
    return max(approved, key=lambda one: (one.approved_at, one.number), default=None)
