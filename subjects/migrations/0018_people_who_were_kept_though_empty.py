"""As 0015 for those who were emptied before it: something kept them while the last of what was held about them ended.

That was a block, or a request of theirs. Of others without a record it says nothing: somebody who was asked and has not
answered yet is known by that alone. What still keeps somebody is asked again when they are looked for. A new database
has nobody, and no tables of the later apps at this point.
"""

from django.db import migrations

NOTE = """
DO $note$ BEGIN
IF to_regclass('requests_casefile') IS NOT NULL AND to_regclass('consents_consentstate') IS NOT NULL THEN
    UPDATE subjects_datasubject AS person SET emptied_at = now()
    WHERE person.emptied_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM subjects_personaldataitem AS item WHERE item.subject_id = person.id)
      AND NOT EXISTS (SELECT 1 FROM subjects_relationship AS tie WHERE tie.subject_id = person.id)
      AND (EXISTS (SELECT 1 FROM subjects_erasureblock AS block WHERE block.subject_id = person.id)
        OR EXISTS (SELECT 1 FROM requests_casefile AS asked WHERE asked.subject_id = person.id))
      AND NOT EXISTS (
        SELECT 1 FROM consents_consentstate AS state
        WHERE state.subject = person.uuid AND state.status IN ('requested', 'unknown', 'given', 'renewed'));
END IF;
END $note$
"""


class Migration(migrations.Migration):
    dependencies = [("subjects", "0017_vacuumed_before_a_fifth_is_dead")]

    operations = [migrations.RunSQL(NOTE, migrations.RunSQL.noop)]
