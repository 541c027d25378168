"""Choices: whose "yes" runs out soon, and whether they were told."""

import uuid

from django.db import models
from django.db.models import Q

from processing.models import Purpose


class ConsentReminder(models.Model):
    """One "yes" that runs out: decided about once, so nobody is reminded twice of the same one."""

    class KeptBack(models.TextChoices):
        """Why nobody was written to. The "yes" ends on its day all the same."""

        NOT_ALLOWED = "not-allowed"
        NO_ADDRESS = "no-address"
        NOT_ASKED_ANY_MORE = "not-asked-any-more"
        OUTGROWN = "outgrown"
        SHORT = "short"
        # A parent agreed, and the child is not old enough to go on with it when it ends.
        BY_GUARDIAN = "by-guardian"
        # A parent agreed, and the child, who is old enough then, can or may not be asked by e-mail.
        CHILD_NOT_REACHED = "child-not-reached"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.UUIDField(db_index=True)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, blank=True)
    event = models.UUIDField(unique=True, help_text="The answer that runs out.")
    until = models.DateTimeField()
    decided_at = models.DateTimeField()
    # It stays when the form changes afterwards, and staff are told why nobody can be asked.
    told_at = models.DateTimeField(null=True)
    # They asked to be asked again (consents/deferring.py): once, whatever came of it.
    again_at = models.DateTimeField(null=True)
    asked_again_at = models.DateTimeField(null=True)
    kept_back = models.CharField(max_length=20, blank=True, choices=KeptBack, help_text="Empty: they were written to.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kept_back__in=[
                        *("", "not-allowed", "no-address", "not-asked-any-more", "outgrown", "short"),
                        *("by-guardian", "child-not-reached"),
                    ]
                ),
                name="consents_reminder_reason_known",
            ),
        ]
        indexes = [
            models.Index(
                "again_at",
                name="consents_reminder_again",
                condition=Q(again_at__isnull=False, asked_again_at=None),
            ),
            models.Index(
                "until",
                name="consents_reminder_by_staff",
                condition=Q(kept_back__in=["by-guardian", "child-not-reached"]),
            ),
        ]

    def __str__(self) -> str:
        return f"reminder {self.uuid}"
