"""What is left of people after a run that anonymised. Of models.py, for its length."""

from django.db import models


class AnonymousRow(models.Model):
    """The values of somebody who cannot be told any more: no id, no date, no order. Only measured rows come here."""

    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="anonymous_rows")
    values = models.JSONField()

    def __str__(self) -> str:
        return f"row {self.pk}"
