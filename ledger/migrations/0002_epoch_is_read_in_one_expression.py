from importlib import import_module

from django.db import migrations

BEFORE = import_module("ledger.migrations.0001_initial").EPOCH.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
# A row variable takes longer to fill than the row to write: this is asked for every entry.
# Volatile, so that it sees a head that was moved after the statement's snapshot was taken.
EPOCH = """
CREATE OR REPLACE FUNCTION ledger_epoch() RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- Every transaction below the horizon has ended, so an id below it was given out by another cluster.
    RETURN COALESCE(
        (SELECT epoch + CASE WHEN pg_current_xact_id() < horizon THEN 1 ELSE 0 END FROM ledger_head WHERE id = 1), 1);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(EPOCH, BEFORE)]
