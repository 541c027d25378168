"""As subjects/0017: a key goes with every item and identifier that does."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0011_keys_that_are_one_systems")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE core_datakey SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)",
            "ALTER TABLE core_datakey RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
        )
    ]
