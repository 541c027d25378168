"""The breach log (UK GDPR Art 33(5)): every personal data breach, notified or not, with the reasons."""

import json
import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models import Owner
from core.vault import Unreadable, key_of
from processing.models import DataCategory

FIELD = "texts"


class Risk(models.TextChoices):
    UNKNOWN = "unknown", _("Not assessed yet")
    NONE = "none", _("Unlikely to be a risk to anybody")
    RISK = "risk", _("A risk to people")
    HIGH = "high", _("A high risk to people")


class Effect(models.TextChoices):
    """What a breach does to data (Art 4(12))."""

    CONFIDENTIALITY = "confidentiality", _("Somebody saw it who should not")
    INTEGRITY = "integrity", _("It was changed")
    AVAILABILITY = "availability", _("It was lost or cannot be reached")


class Exemption(models.TextChoices):
    """Why the people concerned need not be told of a high risk (Art 34(3))."""

    UNINTELLIGIBLE = "unintelligible", _("The data was unintelligible, for example encrypted (Art 34(3)(a))")
    AVERTED = "averted", _("What we did since makes the high risk unlikely (Art 34(3)(b))")
    PUBLIC = "public", _("Telling each one is out of proportion, so it was made public (Art 34(3)(c))")


class Breach(models.Model):
    """One breach, its 72 hours, what was decided and why. What was written about it is sealed under its own key."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    aware_at = models.DateTimeField()
    notify_by = models.DateTimeField()
    occurred_from = models.DateTimeField(null=True)
    occurred_to = models.DateTimeField(null=True)
    effects = ArrayField(models.CharField(max_length=16, choices=Effect), default=list)
    categories = models.ManyToManyField(DataCategory, related_name="+")
    people_estimate = models.PositiveIntegerField(null=True)
    records_estimate = models.PositiveIntegerField(null=True)
    # JSON of breaches/log.py's TEXTS.
    sealed = models.BinaryField(null=True)
    risk = models.CharField(max_length=8, choices=Risk, default=Risk.UNKNOWN)
    is_notifiable = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=60, blank=True)
    notified_at = models.DateTimeField(null=True)
    regulator_reference = models.CharField(max_length=60, blank=True)
    people_told_at = models.DateTimeField(null=True)
    exemption = models.CharField(max_length=16, choices=Exemption, blank=True)
    logged_at = models.DateTimeField()
    logged_by = models.CharField(max_length=60)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "breaches"
        indexes = [models.Index("notify_by", "id", name="breaches_open_due", condition=Q(closed_at=None))]
        constraints = [
            models.CheckConstraint(condition=Q(notify_by__gt=F("aware_at")), name="breaches_notified_after_aware"),
            models.CheckConstraint(condition=Q(risk__in=Risk.values), name="breaches_risk_known"),
            # Only where no risk is likely may a breach stay unreported (Art 33(1)).
            models.CheckConstraint(
                condition=~Q(is_notifiable=False) | Q(risk="none"), name="breaches_silence_needs_no_risk"
            ),
            models.CheckConstraint(
                condition=Q(is_notifiable=None) | Q(decided_at__isnull=False), name="breaches_decision_has_date"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(is_notifiable__isnull=False), name="breaches_closed_is_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"breach {self.uuid}"

    @property
    def reference(self) -> str:
        return f"B-{self.pk:04d}"

    @property
    def is_late(self) -> bool:
        """Whether it was notified after the 72 hours."""
        return self.notified_at is not None and self.notified_at > self.notify_by

    @property
    def effects_in_words(self) -> list[str]:
        return [str(Effect(effect).label) for effect in self.effects]

    @property
    def texts(self) -> dict[str, str]:
        """What was written about it; empty once its key is gone."""
        if self.sealed is None:
            return {}
        try:
            found: dict[str, str] = json.loads(key_of(Owner.BREACH, self.uuid).open(FIELD, bytes(self.sealed)))
        except Unreadable:
            return {}
        return found
