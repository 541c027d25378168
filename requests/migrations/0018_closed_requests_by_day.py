"""Closed requests and complaints are read newest first, page by page."""

from django.db import migrations, models
from django.db.models import Q

CLOSED = ["fulfilled", "partly_fulfilled", "refused", "withdrawn"]


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0017_unposted_outcomes_told_nobody"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                models.F("outcome_at"),
                models.F("id"),
                condition=Q(outcome_at__isnull=False),
                name="requests_complaint_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="rightsrequest",
            index=models.Index(
                models.F("answered_at"), models.F("id"), condition=Q(state__in=CLOSED), name="requests_closed_last"
            ),
        ),
    ]
