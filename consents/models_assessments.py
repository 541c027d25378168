"""Assessments of interests: rounds of answers, who wrote and who approved them, and what reopens them."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from processing.models import Basis, Purpose


class Assessment(models.Model):
    """The assessment of one purpose. Its text is in versions."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.OneToOneField(Purpose, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"assessment {self.uuid}"


class AssessmentVersion(models.Model):
    """Answers, decision and approval of one round. Who wrote it does not approve it, or says why nobody else could.

    A draft until it is submitted, then waiting, then approved; what was approved is never changed or deleted.
    """

    class Decision(models.TextChoices):
        RELY = "rely", _("Rely on legitimate interests")
        SAFEGUARDS = "rely_with_safeguards", _("Rely, with safeguards")
        NOT = "do_not_rely", _("Do not rely on legitimate interests")
        DPIA = "dpia_required", _("A DPIA is needed instead")

    class Screening(models.TextChoices):
        """Whether an impact assessment is needed (UK GDPR Art 35), as the answers say."""

        NONE = "none", _("No DPIA is needed")
        NEEDED = "dpia", _("A DPIA is needed")

    # (f) is the three-part test, (ea) the short form of a recognised interest, which is weighed against nothing.
    FORMS = [
        (Basis.LEGITIMATE_INTEREST.value, _("Three-part test")),
        (Basis.RECOGNISED.value, _("Recognised interest")),
    ]

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    basis = models.CharField(max_length=2, choices=FORMS, default=Basis.LEGITIMATE_INTEREST.value)
    answers = models.JSONField(help_text="By the keys of consents/assessments_questions.py.")
    decision = models.CharField(max_length=20, choices=Decision, blank=True)
    justification = models.TextField(blank=True)
    # What the register said about the purpose when this was submitted; empty for rounds from before that was kept.
    facts = models.JSONField(default=dict)
    screening = models.CharField(max_length=4, choices=Screening, blank=True)
    author = models.CharField(max_length=60)
    writers = ArrayField(models.CharField(max_length=60), default=list)
    begun_at = models.DateTimeField(null=True)
    saved_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    # What whoever looked at it wants to be different.
    returned_note = models.TextField(blank=True)
    approver = models.CharField(max_length=60, blank=True)
    sole_officer_reason = models.TextField(blank=True)
    approved_at = models.DateTimeField(null=True)
    review_due = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "number"], name="consents_assessmentversion_numbered_once"),
            models.UniqueConstraint(
                fields=["assessment"], condition=Q(approved_at=None), name="consents_assessment_one_in_the_making"
            ),
            models.CheckConstraint(condition=Q(basis__in=["f", "ea"]), name="consents_assessment_form_known"),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(approver__gt="", review_due__isnull=False, decision__gt=""),
                name="consents_assessment_approval_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None) | ~Q(author=F("approver")) | ~Q(sole_officer_reason=""),
                name="consents_assessment_two_people_or_reason",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="approved_is_frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.approved_at IS NOT NULL"),
            )
        ]

    def __str__(self) -> str:
        return f"assessment {self.assessment_id} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.approved_at is None and self.submitted_at is None

    @property
    def is_waiting(self) -> bool:
        return self.approved_at is None and self.submitted_at is not None

    @property
    def relies(self) -> bool:
        return self.decision in (self.Decision.RELY, self.Decision.SAFEGUARDS)


class AssessmentReview(models.Model):
    """Something happened that an assessment must be looked at again for, such as an upheld objection.

    It stays open until a later version is approved. It ends nothing by itself: the assessment counts meanwhile.
    """

    class Cause(models.TextChoices):
        OBJECTION = "objection-upheld", _("An objection was upheld")
        PURPOSE = "purpose-changed", _("The purpose was changed in the register")
        COMPLAINT = "complaint", _("A complaint was about it")
        BREACH = "breach", _("A breach touched it")
        GUIDANCE = "guidance", _("There is new guidance or case law")
        PRACTICE = "practice", _("What we do in practice has changed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="reviews")
    cause = models.CharField(max_length=20, choices=Cause)
    caused_by = models.UUIDField(help_text="What it was, without a foreign key: a case goes before this does.")
    opened_at = models.DateTimeField()
    entry = models.UUIDField(help_text="The ledger entry that proves it.")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(AssessmentVersion, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "caused_by"], name="consents_review_once_per_cause"),
            models.CheckConstraint(
                condition=Q(
                    cause__in=["objection-upheld", "purpose-changed", "complaint", "breach", "guidance", "practice"]
                ),
                name="consents_review_cause_known",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="consents_review_closed_by_a_version",
            ),
        ]
        indexes = [models.Index("opened_at", name="consents_review_open", condition=Q(closed_at=None))]

    def __str__(self) -> str:
        return f"review {self.uuid}"
