"""An outcome acknowledges a complaint when it is given. Those that still wait to be posted were noted too early."""

from django.db import migrations
from django.db.models import Exists, OuterRef, Q


def take_back(apps, schema_editor):
    Complaint, Letter = apps.get_model("requests", "Complaint"), apps.get_model("requests", "Letter")
    owed = Letter.objects.filter(Q(given_on=None) | Q(bounced_at__isnull=False))
    untold = Exists(owed.filter(complaint=OuterRef("pk"), kind="complaint_outcome"))
    early = Complaint.objects.filter(untold, acknowledged_how="outcome")
    early.update(acknowledged_at=None, acknowledged_how="", acknowledged_message=None)


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0016_outcome_without_acknowledgement"),
    ]

    operations = [migrations.RunPython(take_back, migrations.RunPython.noop)]
