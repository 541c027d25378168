"""The uses of what may only be stored that the law allows, each recorded before it is made (UK GDPR Art 18(2))."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from processing.models import Purpose
from subjects.models_limits import LawfulUse


class RestrictedUseQuerySet(models.QuerySet["RestrictedUse"]):
    def in_force(self, now: datetime) -> "RestrictedUseQuerySet":
        return self.filter(ended_at=None, since__lte=now, until__gt=now)


class RestrictedUse(models.Model):
    """One use, for one purpose and a limited time. Nothing else of what is restricted may be used by it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey("subjects.DataSubject", models.CASCADE, related_name="restricted_uses")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    items = ArrayField(models.UUIDField(), default=list, help_text="Only these; none named means all of the purpose.")
    ground = models.CharField(max_length=16, choices=LawfulUse)
    placed_for = models.UUIDField(help_text="The rights request whose restriction it is a use of.")
    sealed = models.BinaryField(help_text='Field "use:<uuid>" under the key of its case: JSON of what is done and why.')
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = RestrictedUseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("subject", name="subjects_use_active", condition=Q(ended_at=None))]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="subjects_use_ends_after_start"),
            models.CheckConstraint(condition=Q(ground__in=LawfulUse.values), name="subjects_use_ground_known"),
        ]

    def __str__(self) -> str:
        return f"use {self.uuid}"

    def is_in_force(self, now: datetime) -> bool:
        return self.ended_at is None and self.since <= now < self.until

    def allows(self, purpose: Purpose, now: datetime) -> bool:
        return self.purpose_id == purpose.pk and self.is_in_force(now)
