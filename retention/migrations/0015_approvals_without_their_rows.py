from typing import Any

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone


def refuse(apps: Any, schema_editor: Any) -> None:
    """Approvals from before their rows were kept (0010): a run would take none of what was looked at, and say no word.

    Refused, what they were about is asked for anew.
    """
    now = timezone.now()
    of_it = apps.get_model("retention", "ApprovedRow").objects.filter(approval=OuterRef("pk"))
    standing = apps.get_model("retention", "Approval").objects.filter(run=None, refused_at=None, expires_at__gt=now)
    standing.filter(~Exists(of_it)).update(refused_at=now)


class Migration(migrations.Migration):
    dependencies = [("retention", "0014_what_a_rule_restricted_says_so")]

    operations = [migrations.RunPython(refuse, migrations.RunPython.noop)]
