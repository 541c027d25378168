"""What runs leave to somebody: systems to answer, rows that a rule wants looked at. Of models.py, for its length."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from processing.models import Purpose, System


class SystemTask(models.Model):
    """What another system owes a run: to erase what it holds, and to say so. No answer never counts as one."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("No answer yet")
        DONE = "done", _("Erased there")
        NOTHING_FOUND = "nothing_found", _("It held nothing of it")
        RETAINED = "retained", _("Kept there, with a reason")
        FAILED = "failed", _("It could not be erased there")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="system_tasks")
    system = models.ForeignKey(System, models.PROTECT, related_name="+")
    needs = models.PositiveIntegerField(help_text="Links between records and purposes that ended here.")
    people = models.PositiveIntegerField(help_text="People of whom nothing is left here.")
    raised_at = models.DateTimeField()
    due_on = models.DateField()
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.PENDING)
    reason = models.CharField(max_length=30, blank=True)
    answered_by = models.CharField(max_length=60, blank=True)
    answered_at = models.DateTimeField(null=True)
    entry = models.UUIDField(null=True, help_text="The ledger entry that is the receipt.")
    reminded_at = models.DateTimeField(null=True, help_text="When staff were told that its answer is overdue.")

    class Meta:
        indexes = [
            models.Index(
                "due_on", "id", name="retention_systemtask_due", condition=Q(outcome__in=["pending", "failed"])
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "system"], name="retention_systemtask_once_per_system"),
            models.CheckConstraint(
                condition=Q(outcome="pending") | Q(answered_at__isnull=False, entry__isnull=False),
                name="retention_systemtask_answer_has_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["retained", "failed"]) | ~Q(reason=""),
                name="retention_systemtask_gap_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.uuid}"


class SystemRecord(models.Model):
    """One record that another system has to erase after a run. It goes when the system has said what it did.

    By the ids that it got from us and its own ids of the person, which we hold no more once the person is gone: they
    are sealed under a key of the task (Owner.SHARE), which is destroyed with the answer.
    """

    # Not checked by the database, once more for each of millions of rows: written by the batches of this run alone.
    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    system = models.ForeignKey(System, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    subject = models.UUIDField()
    item = models.UUIDField(null=True, help_text="None: all that the purpose holds there about the person.")
    # After a restore: the only one for which to erase it, because another one needs it still.
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    known_as = models.BinaryField(null=True, help_text='Field "known-as": JSON list of ids of the person there.')

    class Meta:
        indexes = [
            models.Index(fields=["run", "system", "id"], name="retention_systemrecord_task"),
            models.Index("subject", name="retention_systemrecord_person"),
        ]

    def __str__(self) -> str:
        return f"record {self.pk}"


class KeptRow(models.Model):
    """A row that somebody looked at under a rule that asks for it, and kept until another day."""

    rule = models.ForeignKey("retention.RetentionRule", models.PROTECT, related_name="kept_rows")
    # Without a foreign key: whatever ends the need does not ask here, and the number is given to nothing else.
    need = models.BigIntegerField()
    until = models.DateField()
    reason = models.CharField(max_length=30)
    kept_by = models.CharField(max_length=60)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["need", "rule"], name="retention_keptrow_once"),
        ]

    def __str__(self) -> str:
        return f"kept row {self.pk}"
