"""A view that nobody reads. pg_restore fills it after everything else, so while it is not filled a restore is not over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("retention", "0021_a_replay_is_taken_up")]

    operations = [
        migrations.RunSQL(
            "CREATE MATERIALIZED VIEW retention_restored AS SELECT true AS whole",
            "DROP MATERIALIZED VIEW retention_restored",
        )
    ]
