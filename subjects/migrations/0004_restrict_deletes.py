"""Foreign keys to people, identifiers and items refuse a delete at once (RESTRICT) and not at the commit (NO ACTION).

The database then asks one question per deleted row and key instead of two: it need not look for a new parent.
"""

from django.db import migrations

CHANGE = """
DO $$
DECLARE tie record;
BEGIN
    FOR tie IN
        SELECT conrelid::regclass AS child, conname AS name, pg_get_constraintdef(oid) AS definition
        FROM pg_constraint
        WHERE contype = 'f' AND conrelid::regclass::text LIKE 'subjects\\_%'
          AND confrelid IN ('subjects_datasubject'::regclass, 'subjects_identifier'::regclass,
                            'subjects_personaldataitem'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', tie.child, tie.name);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', tie.child, tie.name,
                       {definition});
    END LOOP;
END $$
"""
RESTRICT = "replace(tie.definition, ' DEFERRABLE', ' ON DELETE RESTRICT DEFERRABLE')"
NO_ACTION = "replace(tie.definition, ' ON DELETE RESTRICT', '')"


class Migration(migrations.Migration):
    dependencies = [("subjects", "0003_identifier_added_later")]

    operations = [
        migrations.RunSQL(CHANGE.replace("{definition}", RESTRICT), CHANGE.replace("{definition}", NO_ACTION))
    ]
