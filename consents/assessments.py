"""Legitimate-interest assessments: who may approve one, and which one is in date (UK GDPR Art 6(1)(f), ICO's test)."""

from datetime import date, datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from consents.models import Assessment, AssessmentReview, AssessmentVersion
from core.errors import DomainError
from core.models import Controller
from ledger import entries
from processing.models import Purpose

REVIEW_EVERY = relativedelta(months=12)
QUESTIONS = (
    [f"p{number}" for number in range(1, 11)]
    + [f"n{number}" for number in range(1, 5)]
    + [f"b{number}" for number in range(1, 21)]
)
RELIES = [AssessmentVersion.Decision.RELY, AssessmentVersion.Decision.SAFEGUARDS]


class NotApprovable(DomainError):
    code = "assessment-not-approvable"
    message = _("This assessment cannot be approved yet.")


def approve(
    version: AssessmentVersion,
    *,
    approver: str,
    now: datetime,
    review_due: date | None = None,
    sole_officer_reason: str = "",
) -> AssessmentVersion:
    """Approve a complete assessment. `approver` is an actor id other than the author's.

    Where one officer works alone, the reason why nobody else could approve is kept instead. The review is due within
    twelve months.
    """
    with transaction.atomic():
        version = AssessmentVersion.objects.select_for_update().get(pk=version.pk)
        today = now.astimezone(Controller.current().zone).date()
        latest = today + REVIEW_EVERY
        _check(version, approver, review_due or latest, latest, sole_officer_reason)
        version.approver, version.approved_at = approver, now
        version.review_due, version.sole_officer_reason = review_due or latest, sole_officer_reason.strip()
        version.save(update_fields=["approver", "approved_at", "review_due", "sole_officer_reason"])
        purpose = version.assessment.purpose
        entries.record(
            kind="assessment.approved",
            at=now,
            actor=approver,
            object=version.assessment.uuid,
            purpose=purpose.slug,
            data={"version": version.number, "decision": version.decision, "review_due": str(version.review_due)},
        )
        # Whoever approves has looked at it again, whatever the review was opened for.
        open_reviews(purpose).update(closed_at=now, closed_by=version)
    return version


@transaction.atomic
def require_review(
    purpose: Purpose, *, caused_by: UUID, cause: str = AssessmentReview.Cause.OBJECTION, now: datetime, actor: str
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
    return AssessmentReview.objects.create(
        assessment=assessment, cause=cause, caused_by=caused_by, opened_at=now, entry=entry
    )


def open_reviews(purpose: Purpose | None = None) -> QuerySet[AssessmentReview]:
    """The reviews that no approval has answered yet, oldest first; of one purpose, or of all."""
    rows = AssessmentReview.objects.filter(closed_at=None).select_related("assessment__purpose")
    return (rows.filter(assessment__purpose=purpose) if purpose else rows).order_by("opened_at", "pk")


def _check(version: AssessmentVersion, approver: str, review_due: date, latest: date, reason: str) -> None:
    if version.approved_at:
        raise NotApprovable(_("This version has been approved already."))
    missing = [key for key in QUESTIONS if not str(version.answers.get(key, "")).strip()]
    if missing:
        questions = ", ".join(missing)
        raise NotApprovable(
            fields={"answers": _("These questions have no answer: %(questions)s.") % {"questions": questions}}
        )
    if not version.justification.strip():
        raise NotApprovable(fields={"justification": _("Say why the decision was made.")})
    if not approver or (approver == version.author and not reason.strip()):
        raise NotApprovable(
            fields={"approver": _("Somebody else approves, or the reason why nobody else could is given.")}
        )
    if review_due > latest:
        raise NotApprovable(fields={"review_due": _("The review is due within twelve months.")})


def governing(purpose: Purpose) -> AssessmentVersion | None:
    """The version approved last: it decides, also when it says no."""
    approved = AssessmentVersion.objects.filter(assessment__purpose=purpose, approved_at__isnull=False)
    return approved.select_related("assessment").order_by("-approved_at", "-number").first()


def in_date(purpose: Purpose, on: date) -> AssessmentVersion | None:
    """The approved version that lets this purpose rely on legitimate interests on this day."""
    version = governing(purpose)
    if version is None or version.decision not in RELIES or version.review_due is None or version.review_due < on:
        return None
    return version
