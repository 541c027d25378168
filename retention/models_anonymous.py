"""What is left of people after a run that anonymised. Of models.py, for its length."""

from django.db import models


class AnonymousRow(models.Model):
    """Rows that nobody can tell apart, and how many there are: no id, no date, no order. Only measured rows come here.

    While a run is at work each of its batches has its own; at its end those alike become one.
    """

    run = models.ForeignKey("retention.Run", models.PROTECT, related_name="anonymous_rows")
    values = models.JSONField()
    times = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"row {self.pk}"
