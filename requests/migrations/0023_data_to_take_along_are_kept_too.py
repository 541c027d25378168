from typing import Any

from django.db import migrations
from django.utils import timezone

OPEN = ("received", "in_progress", "ready", "partly_answered")


def keep(apps: Any, schema_editor: Any) -> None:
    """Open requests for data to take along keep them, as requests for a copy always did, until the set is made."""
    blocks, now = apps.get_model("subjects", "ErasureBlock").objects, timezone.now()
    asked = apps.get_model("requests", "RightsRequest").objects.filter(
        right="portability", state__in=OPEN, package=None, case__subject__isnull=False
    )
    for request, subject in asked.values_list("uuid", "case__subject"):
        found = {"placed_for": request, "subject_id": subject, "released_at": None}
        blocks.get_or_create(**found, defaults={"kind": "access_request", "placed_at": now})


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0022_exam_marks_may_wait"),
        ("subjects", "0021_a_block_for_data_to_take_along"),
    ]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
