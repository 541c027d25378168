"""Forgetting: which rule applies, what each run did, and what must not come back."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.periods import in_words
from processing.models import DataCategory, Purpose
from retention.models_anonymous import AnonymousRow
from retention.models_care import Approval, ApprovedRow, LegalHold
from retention.models_safety import JournalMark, WaitingSet, WriteBack
from retention.models_work import KeptRow, SystemRecord, SystemTask

__all__ = [
    "AnonymousRow",
    "Approval",
    "ApprovedRow",
    "Batch",
    "JournalMark",
    "KeptRow",
    "LegalHold",
    "RetentionRule",
    "Run",
    "SystemRecord",
    "SystemTask",
    "Tombstone",
    "Trigger",
]
__all__ += ["WaitingSet", "WriteBack"]


class Trigger(models.TextChoices):
    """The event a period is counted from. Each names the column that holds its date."""

    COLLECTION = "collection", _("Collection")
    LAST_INTERACTION = "last_interaction", _("Last interaction")
    CONTRACT_END = "contract_end", _("End of contract")
    APPLICATION_CLOSED = "application_closed", _("Application closed, any outcome")
    CASE_CLOSED = "case_closed", _("Case closed")
    CONSENT_ENDED = "consent_ended", _("Consent ended")
    ENDED = "ended", _("End of the relationship")
    FIXED_DATE = "fixed_date", _("A fixed date")


class RetentionRule(models.Model):
    """Policy as data: after `period` from `trigger`, do `action`. Nothing personal, so its history is kept whole."""

    class Action(models.TextChoices):
        ERASE = "erase", _("Erase")
        # What it came to is measured by each run, which says "pseudonymised" of what is not enough.
        ANONYMISE = "anonymise", _("Anonymise")
        RESTRICT = "restrict", _("Restrict")
        REVIEW = "review", _("Review")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    slug = models.SlugField()
    version = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="retention_rules")
    category = models.ForeignKey(DataCategory, models.PROTECT, null=True, blank=True, related_name="+")
    trigger = models.CharField(max_length=20, choices=Trigger)
    fixed_on = models.DateField(
        null=True, blank=True, help_text=_("The fixed date. The rule is about what was collected until then.")
    )
    period = models.CharField(max_length=20, help_text=_("ISO 8601, such as P12M or P6Y."))
    grace = models.CharField(
        max_length=20, blank=True, help_text=_("ISO 8601. Time after the period before anything is done, such as P30D.")
    )
    action = models.CharField(max_length=12, choices=Action, default=Action.ERASE)
    # What becomes of each field, which of them are measured and how, when the action is to anonymise
    # (retention/anonymise.py).
    recipe = models.JSONField(null=True, blank=True)
    legal_reason = models.TextField()
    owner = models.CharField(max_length=80, blank=True, help_text=_("The role that answers for it, not a name."))
    review_due = models.DateField(null=True, blank=True)
    drafted_by = models.CharField(max_length=60, blank=True)
    approved_by = models.CharField(max_length=60, blank=True)
    approved_at = models.DateTimeField(null=True)
    # Retired alone, without a version that follows: asked for by one, done by another.
    retire_because = models.TextField(blank=True)
    retire_asked_by = models.CharField(max_length=60, blank=True)
    retire_asked_at = models.DateTimeField(null=True)
    retired_by = models.CharField(max_length=60, blank=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug", "version"], name="retention_rule_versioned"),
            models.UniqueConstraint(fields=["slug"], condition=Q(status="active"), name="retention_rule_one_active"),
            models.CheckConstraint(
                condition=Q(period__regex=r"^P(\d+Y)?(\d+M)?(\d+D)?$") & ~Q(period="P"),
                name="retention_rule_period_is_iso8601",
            ),
            models.CheckConstraint(
                condition=Q(grace="") | (Q(grace__regex=r"^P(\d+Y)?(\d+M)?(\d+D)?$") & ~Q(grace="P")),
                name="retention_rule_grace_is_iso8601",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(approved_by__gt="", approved_at__isnull=False),
                name="retention_rule_in_force_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(trigger="fixed_date", fixed_on__isnull=False)
                | (~Q(trigger="fixed_date") & Q(fixed_on=None)),
                name="retention_rule_fixed_date_is_given",
            ),
            models.CheckConstraint(
                condition=~Q(action="anonymise") | Q(recipe__isnull=False), name="retention_rule_anonymises_by_a_recipe"
            ),
        ]
        triggers = [
            # Evidence names slug and version, so what they meant may never change.
            pgtrigger.Protect(
                name="approved_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND (NEW.slug, NEW.version, NEW.purpose_id, NEW.category_id, NEW.trigger,"
                    " NEW.fixed_on, NEW.recipe, NEW.period, NEW.grace, NEW.action, NEW.legal_reason, NEW.drafted_by,"
                    " NEW.approved_by, NEW.approved_at) IS DISTINCT FROM"
                    " (OLD.slug, OLD.version, OLD.purpose_id, OLD.category_id, OLD.trigger,"
                    " OLD.fixed_on, OLD.recipe, OLD.period, OLD.grace, OLD.action, OLD.legal_reason, OLD.drafted_by,"
                    " OLD.approved_by, OLD.approved_at)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"

    @property
    def after(self) -> str:
        """The period, and the grace after it, in words."""
        return " + ".join(in_words(part) for part in (self.period, self.grace) if part)


class Run(models.Model):
    """One application of one rule, or one erasure. Its counts come from the transactions that did the work."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.ForeignKey(RetentionRule, models.PROTECT, null=True, related_name="runs")
    request = models.UUIDField(null=True, help_text="The erasure request that asked for it, if one did.")
    as_of = models.DateField()
    cutoff = models.DateField(null=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    stopped = models.CharField(max_length=20, blank=True, help_text="Why it was ended before it had done all.")
    paused_at = models.DateTimeField(null=True, help_text="It stops before its next batch, until somebody resumes it.")
    expected = models.PositiveIntegerField(default=0, help_text="What was due when it began: for the progress alone.")
    held = models.PositiveIntegerField(default=0, help_text="Due, but blocked; restricted instead.")
    indeterminate = models.PositiveIntegerField(default=0, help_text="Without a trigger date, so never guessed.")
    case_files = models.PositiveIntegerField(default=0, db_default=0, help_text="Files of closed cases that went.")
    failures = models.JSONField(default=dict, help_text="What went wrong on the way, by its name: how often.")
    entry = models.UUIDField(null=True, help_text="The ledger entry of its totals.")
    measured = models.JSONField(null=True, help_text="Of a run that anonymises: k, l, t, and the word they earned.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rule__isnull=False) | Q(request__isnull=False), name="retention_run_has_a_cause"
            ),
            # A second worker joins the run instead of starting another; one that was killed is taken up.
            models.UniqueConstraint(
                fields=["rule"], condition=Q(status="running"), name="retention_run_one_at_a_time_per_rule"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.uuid}"


class Batch(models.Model):
    """What one transaction erased, and its evidence."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="batches")
    at = models.DateTimeField()
    needs = models.PositiveIntegerField(help_text="Links between items and purposes that ended.")
    items = models.PositiveIntegerField(help_text="Items erased because no purpose needed them any more.")
    keys = models.PositiveIntegerField(help_text="Data keys destroyed.")
    identifiers = models.PositiveIntegerField(default=0, help_text="Addresses and numbers erased with their people.")
    subjects = models.PositiveIntegerField(help_text="People of whom nothing is left.")
    relationships = models.PositiveIntegerField(default=0, help_text="Dealings for this purpose that ended.")
    restricted = models.PositiveIntegerField(default=0, help_text="Kept, but for storage only (Art 18).")
    entry = models.UUIDField(help_text="The ledger entry of this batch.")

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=Q(items__lte=F("needs")) | Q(needs=0), name="retention_batch_adds_up")
        ]
        triggers = [pgtrigger.Protect(name="is_evidence", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Tombstone(models.Model):
    """Recognises an old record written back after its erasure. Never refuses what a person newly gives us."""

    class Scope(models.TextChoices):
        ITEM = "item", _("item")
        RECORD = "record", _("source record of an item")
        IDENTIFIER = "identifier", _("identifier")
        SUBJECT = "subject", _("person")

    schema_version = models.PositiveSmallIntegerField(default=1)
    scope = models.CharField(max_length=12, choices=Scope)
    hash = models.BinaryField()
    hash_key = models.CharField(max_length=16)
    # Not checked by the database, once more for each of millions of rows: the batch that is written in the same
    # transaction has the foreign key, and Run is updated there. Nor indexed: nothing asks for the stones of a run.
    run = models.ForeignKey(Run, models.PROTECT, related_name="tombstones", db_constraint=False, db_index=False)
    erased_at = models.DateTimeField()
    expires_on = models.DateField(help_text="When the last backup that may contain the record expires.")

    class Meta:
        indexes = [
            models.Index("hash", name="retention_tombstone_hash"),
            models.Index("expires_on", name="retention_tombstone_expiry"),
        ]

    def __str__(self) -> str:
        return f"tombstone {self.pk}"
