"""What a purge deletes is cleared away when it is a fiftieth of a table, and not a fifth.

Of a hundred million rows a fifth would be twenty million dead ones, which every look-up by index passes until then.
"""

from django.db import migrations

TABLES = ("itempurpose", "personaldataitem", "relationship", "subjectidentifier", "identifier", "datasubject")
SETTINGS = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold")
SET = "ALTER TABLE subjects_{} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)"


class Migration(migrations.Migration):
    dependencies = [("subjects", "0016_blocks_restrict_again")]

    operations = [
        migrations.RunSQL(SET.format(table), f"ALTER TABLE subjects_{table} RESET ({', '.join(SETTINGS)})")
        for table in TABLES
    ]
