"""The view says when it was filled and no more: what a database is made of stands by name in its comment."""

from django.db import migrations

VIEW = "CREATE MATERIALIZED VIEW retention_restored AS SELECT extract(epoch FROM now()) AS at"
NOTE = """
DO $$ BEGIN
    EXECUTE format('COMMENT ON MATERIALIZED VIEW retention_restored IS %L',
                   (SELECT to_jsonb(restored)::text FROM retention_restored AS restored));
END $$
"""
DROP = "DROP MATERIALIZED VIEW retention_restored"


class Migration(migrations.Migration):
    dependencies = [("retention", "0023_a_restore_says_what_it_came_to")]

    operations = [migrations.RunSQL([DROP, VIEW, NOTE], migrations.RunSQL.noop)]
