from typing import Any

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone

NOT_SENT = ("received", "in_progress", "ready")


def keep(apps: Any, schema_editor: Any) -> None:
    """What is to be sent keeps the person's data until it is. Up to now making it ended that."""
    block = apps.get_model("subjects", "ErasureBlock")
    standing = block.objects.filter(placed_for=OuterRef("uuid"), item=None, released_at=None)
    asked = apps.get_model("requests", "RightsRequest").objects.filter(
        ~Exists(standing), right__in=("access", "portability"), state__in=NOT_SENT, case__subject__isnull=False
    )
    kept = {"kind": "access_request", "placed_at": timezone.now()}
    block.objects.bulk_create(
        [
            block(placed_for=request, subject_id=subject, **kept)
            for request, subject in asked.values_list("uuid", "case__subject")
        ],
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0023_data_to_take_along_are_kept_too"),
        ("subjects", "0021_a_block_for_data_to_take_along"),
    ]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
