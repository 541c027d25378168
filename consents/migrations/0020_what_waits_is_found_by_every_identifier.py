"""What waits is found by whatever names its person. What waits already keeps the one address it was found by."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


def carry(apps, schema_editor):
    schema_editor.execute("UPDATE consents_pendingconsent SET blinds = ARRAY[blind] WHERE confirmed_at IS NULL")


class Migration(migrations.Migration):
    dependencies = [("consents", "0019_who_was_reminded_before")]

    operations = [
        migrations.AddField(
            model_name="pendingconsent",
            name="blinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BinaryField(),
                default=list,
                help_text="Blind indexes of whatever names the person, and of no parent: an erasure finds it by each.",
                size=None,
            ),
        ),
        migrations.RunPython(carry, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="pendingconsent", name="consents_pending_blind"),
        migrations.RemoveField(model_name="pendingconsent", name="blind"),
        migrations.AddIndex(
            model_name="pendingconsent",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("confirmed_at", None)), fields=["blinds"], name="consents_pending_blinds"
            ),
        ),
    ]
