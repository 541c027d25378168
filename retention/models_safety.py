"""What a restore, a late write and a statistic are measured against. Part of retention/models.py but for its length."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class JournalMark(models.Model):
    """How far this database is known to have come along the journal outside it: one row.

    Every line up to it stands for something that is done here. A database restored from a backup has an older mark.
    """

    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    moved_at = models.DateTimeField()
    # The mark rests meanwhile, so that nothing is served before all of it is done.
    replay = models.JSONField(null=True, help_text="The replay under way: how far it came, and what it did.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="retention_journalmark_is_one")]

    def __str__(self) -> str:
        return f"line {self.seq}"


class WaitingSet(models.Model):
    """What a rule would take, had somebody looked at it: noted by the sweep that was stopped, gone once one is not."""

    rule = models.OneToOneField("retention.RetentionRule", models.CASCADE, related_name="waiting")
    as_of = models.DateField()
    rows = models.PositiveIntegerField()
    why = models.CharField(max_length=20)
    since = models.DateTimeField()
    fingerprint = models.CharField(max_length=64, blank=True)
    # Against what was approved before, when that was refused because of it.
    came = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.why}"


class WriteBack(models.Model):
    """An erased record that came back, and was refused. Its hash only: what it held was not kept.

    Staff decide once for each record. Without a decision it goes on being refused.
    """

    class Decision(models.TextChoices):
        OPEN = "open", _("To decide")
        REFUSED = "refused", _("Stays erased")
        ADMITTED = "admitted", _("May come back")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    hash = models.BinaryField(unique=True)
    system = models.SlugField()
    category = models.SlugField()
    collected_on = models.DateField(help_text=_("The date of the data in the record, by what its sender says."))
    erased_at = models.DateTimeField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    decision = models.CharField(max_length=8, choices=Decision, default=Decision.OPEN)
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)
    expires_on = models.DateField(help_text=_("When its tombstone expires, and this row with it."))

    class Meta:
        indexes = [
            models.Index(fields=["decision", "-last_at", "-id"], name="retention_writeback_list"),
            models.Index("expires_on", name="retention_writeback_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="open") | Q(decided_by__gt="", decided_at__isnull=False),
                name="retention_writeback_decided_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"written back {self.uuid}"


class EpsilonSpent(models.Model):
    """One differentially private release: how much it told at most. The sum of a year is bounded (statistics.py)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    year = models.PositiveSmallIntegerField()
    name = models.SlugField(help_text=_("What was counted."))
    epsilon = models.DecimalField(max_digits=6, decimal_places=3)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)

    class Meta:
        verbose_name_plural = "epsilon spent"
        indexes = [models.Index("year", name="retention_epsilon_year")]
        constraints = [
            models.CheckConstraint(condition=Q(epsilon__gt=0), name="retention_epsilon_is_positive"),
        ]
        # What has been told cannot be untold.
        triggers = [pgtrigger.Protect(name="is_told", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.name} {self.epsilon}"
