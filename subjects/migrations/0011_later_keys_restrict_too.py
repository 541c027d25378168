"""As 0004, for what came after it: one question per deleted row, and none at the commit.

Measured: of 1.6 seconds that the deletion of 20,000 items took, 0.4.
"""

from django.db import migrations

CHANGE = """
DO $$
DECLARE tie record;
BEGIN
    FOR tie IN
        SELECT conrelid::regclass AS child, conname AS name, pg_get_constraintdef(oid) AS definition
        FROM pg_constraint
        WHERE contype = 'f' AND confdeltype = '{was}' AND (conrelid, confrelid) IN (
            ('subjects_erasureblock'::regclass, 'subjects_personaldataitem'::regclass),
            ('subjects_restricteduse'::regclass, 'subjects_datasubject'::regclass))
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', tie.child, tie.name);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', tie.child, tie.name, {definition});
    END LOOP;
END $$
"""
RESTRICT = CHANGE.replace("{was}", "a").replace(
    "{definition}", "replace(tie.definition, ' DEFERRABLE', ' ON DELETE RESTRICT DEFERRABLE')"
)
NO_ACTION = CHANGE.replace("{was}", "r").replace(
    "{definition}", "replace(tie.definition, ' ON DELETE RESTRICT', '')"
)


class Migration(migrations.Migration):
    dependencies = [("subjects", "0010_uses_of_restricted_data")]

    operations = [migrations.RunSQL(RESTRICT, NO_ACTION)]
