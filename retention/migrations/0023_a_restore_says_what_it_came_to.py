"""The view says when it was filled, and what the database was made of then. What it said last stands in its comment.

The comment comes with every dump, and a restore fills the view anew. So the two differ until somebody vouches for the
restore, and tell what it lost of tables, constraints and triggers (kraken_privacy/whole.py).
"""

from django.db import migrations

VIEW = """
CREATE MATERIALIZED VIEW retention_restored AS
SELECT extract(epoch FROM now()) AS at,
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')) AS tables,
    -- NOT NULL is one only since PostgreSQL 18.
    (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n') AS constraints,
    (SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE relnamespace = 'public'::regnamespace AND indisunique) AS "unique indexes",
    (SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
     WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal) AS triggers
"""
NOTE = """
DO $$ BEGIN
    EXECUTE format('COMMENT ON MATERIALIZED VIEW retention_restored IS %L',
                   (SELECT to_jsonb(restored)::text FROM retention_restored AS restored));
END $$
"""
DROP = "DROP MATERIALIZED VIEW retention_restored"
BEFORE = "CREATE MATERIALIZED VIEW retention_restored AS SELECT true AS whole"


class Migration(migrations.Migration):
    dependencies = [("retention", "0022_what_a_restore_fills_last")]

    operations = [migrations.RunSQL([DROP, VIEW, NOTE], [DROP, BEFORE])]
