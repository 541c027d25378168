"""Rights: who moved a request, and what each system still owes it. Read with requests/models.py."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from processing.models import System

NO_TRUNCATE = pgtrigger.Trigger(
    name="no_truncate",
    operation=pgtrigger.Truncate,
    when=pgtrigger.Before,
    level=pgtrigger.Statement,
    func="RAISE EXCEPTION 'This table is never emptied at once.';",
)


class RequestEvent(models.Model):
    """One move. Append-only; names the actor and a reason code, never a person's data."""

    request = models.ForeignKey("requests.RightsRequest", models.PROTECT, related_name="events")
    old = models.CharField(max_length=20, blank=True)
    new = models.CharField(max_length=20)
    actor = models.CharField(max_length=60)
    reason = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    entry = models.UUIDField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            NO_TRUNCATE,
        ]

    def __str__(self) -> str:
        return f"{self.old}→{self.new}"


class Task(models.Model):
    """What one system still owes this request. No answer is an answer only when it is written down as one."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("No answer yet")
        DONE = "done", _("Done")
        NOTHING_FOUND = "nothing_found", _("Nothing found")
        RETAINED = "retained", _("Retained, with a reason")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="tasks")
    system = models.ForeignKey(System, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.PENDING)
    reason = models.CharField(max_length=60, blank=True)
    count = models.PositiveIntegerField(null=True)
    answered_by = models.CharField(max_length=60, blank=True)
    answered_at = models.DateTimeField(null=True)
    entry = models.UUIDField(null=True, help_text=_("The ledger entry that is the receipt."))
    # Kept when the person goes before the system has answered, for it to find its own record by.
    known_as = models.BinaryField(null=True, help_text='Field "known-as:<uuid>": the person, and their ids there.')

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "system"], name="requests_task_once_per_system"),
            models.CheckConstraint(
                condition=Q(outcome="pending") | Q(answered_at__isnull=False, entry__isnull=False),
                name="requests_task_answer_has_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["retained", "failed"]) | ~Q(reason=""), name="requests_task_gap_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.uuid}"
