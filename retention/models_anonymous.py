"""What is left of people after a run that anonymised, and the record that it needs. Of models.py, for its length."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AnonymousRow(models.Model):
    """Rows that nobody can tell apart, and how many there are: no id, no date, no order. Only measured rows come here.

    While a run is at work each of its batches has its own; at its end those alike become one.
    """

    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="anonymous_rows")
    values = models.JSONField()
    times = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"row {self.pk}"


class AnonymityRecord(models.Model):
    """Somebody tried to find a person in the rows of a run and decided whether they may be published
    (retention/anonymity_record.py). The words are about a method, never about anybody.
    """

    class Decision(models.TextChoices):
        REMOTE = "remote", _("Nobody can be found by means that anybody is likely to use")
        FOUND = "found", _("Somebody may be found")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="anonymity_records")
    attacker = models.TextField(help_text=_("Who could try, knowing what, and with what means."))
    tried = models.TextField(help_text=_("What was tried, and what came of it."))
    decision = models.CharField(max_length=8, choices=Decision)
    # As they were when it was decided: the recipe's fields, k, l and t, and the rows themselves by their hash.
    quasi = models.JSONField()
    sensitive = models.JSONField()
    measured = models.JSONField()
    data_sha256 = models.CharField(max_length=64)
    reviewed_by = models.CharField(max_length=60)
    reviewed_at = models.DateTimeField()
    review_due = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=["remote", "found"]), name="retention_anonymity_decided"),
            models.CheckConstraint(
                condition=~Q(attacker="") & ~Q(tried="") & ~Q(reviewed_by=""), name="retention_anonymity_is_reasoned"
            ),
        ]
        triggers = [pgtrigger.Protect(name="is_decided", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"anonymity record {self.uuid}"
