"""Whoever was written to before the day was kept: when it was decided, unless a changed form has overwritten it."""

from django.db import migrations
from django.db.models import F


def keep(apps, schema_editor):
    reminders = apps.get_model("consents", "ConsentReminder").objects.filter(kept_back="", told_at=None)
    reminders.update(told_at=F("decided_at"))


class Migration(migrations.Migration):
    dependencies = [("consents", "0018_when_somebody_was_reminded")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
