"""What stands between a rule and a deletion: holds, and the approval of an exact set. Of models.py, for its length."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from processing.models import DataCategory, Purpose, System
from subjects.models import ErasureBlock, Organisation


class LegalHold(models.Model):
    """Stops deletion for one matter. Whom it is about stand in the ErasureBlocks placed for its uuid, not here."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    matter = models.CharField(max_length=60, help_text=_("The number of the matter, not a person's name."))
    reason = models.CharField(max_length=30)
    purposes = models.ManyToManyField(Purpose, blank=True, related_name="+")
    # A hold that names nobody is a rule: whoever comes to these is held as well.
    systems = models.ManyToManyField(System, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    collected_from = models.DateField(null=True, blank=True)
    collected_to = models.DateField(null=True, blank=True)
    categories = models.ManyToManyField(DataCategory, blank=True, related_name="+")
    # In which role we deal with the person, where the data came from, under which law the person lives.
    roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    sources = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    jurisdictions = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    # Who answers for it now, and is reminded; whoever placed it, until somebody takes it over.
    custodian = models.CharField(max_length=60, default="", db_default="")
    changed_at = models.DateTimeField(null=True, help_text="When what it is about, or who answers for it, changed.")
    review_due = models.DateField()
    reviewed_at = models.DateTimeField(null=True)
    reminded_for = models.DateField(null=True, help_text="The review that its owner was last reminded of.")
    released_by = models.CharField(max_length=60, blank=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("review_due", name="retention_hold_review", condition=Q(released_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(released_at__gte=F("placed_at"), released_by__gt=""),
                name="retention_hold_released_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"hold {self.uuid}"

    @property
    def is_rule(self) -> bool:
        """Whether it names nobody: then it is asked by every delete, and holds whoever comes to it."""
        return ErasureBlock.objects.filter(placed_for=self.uuid, subject=None).exists()


class Approval(models.Model):
    """Somebody looked at exactly this set and lets one run of the rule take it. `fingerprint` is of its ids.

    Without a `why` nobody had to look: the run has the set because it was small enough.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.ForeignKey("retention.RetentionRule", models.PROTECT, related_name="approvals")
    as_of = models.DateField()
    fingerprint = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    why = models.CharField(max_length=12, help_text=_("What made an approval necessary."))
    approved_by = models.CharField(max_length=60)
    approved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    run = models.OneToOneField("retention.Run", models.PROTECT, null=True, related_name="approval")
    refused_at = models.DateTimeField(null=True, help_text="What would have gone was another set by then.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("approved_at")), name="retention_approval_expires_after_it"
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None) | Q(run=None), name="retention_approval_refused_is_unused"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="approval_is_evidence",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((NEW.rule_id, NEW.as_of, NEW.fingerprint, NEW.rows, NEW.why, NEW.approved_by, NEW.approved_at,"
                    " NEW.expires_at) IS DISTINCT FROM (OLD.rule_id, OLD.as_of, OLD.fingerprint, OLD.rows, OLD.why,"
                    " OLD.approved_by, OLD.approved_at, OLD.expires_at))"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"approval {self.uuid}"


class ApprovedRow(models.Model):
    """One row of a set that a run may take, for as long as the run may need it. It takes nothing else.

    What it left pseudonymised is kept until the next has done so, and nobody is asked about it again.
    """

    class Kind(models.TextChoices):
        NEED = "n", _("what a purpose holds")
        TIE = "t", _("dealings without anything held")
        FILE = "f", _("case file")

    pk = models.CompositePrimaryKey("approval", "kind", "row")
    # Not checked by the database, once more for each of millions of rows; they go when the approval is used up.
    approval = models.ForeignKey(Approval, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    kind = models.CharField(max_length=1, choices=Kind)
    row = models.BigIntegerField(help_text="The primary key of the need, the relationship or the case file.")

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"
