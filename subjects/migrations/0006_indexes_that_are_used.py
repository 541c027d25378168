"""Organisations by name; and no index of a column that another index begins with: each costs every capture a write.

The indexes are dropped by hand because Django would also make their foreign keys anew, without the RESTRICT of 0004.
"""

from django.db import migrations, models

DROP = """
DO $$
DECLARE redundant regclass;
BEGIN
    FOR redundant IN
        SELECT index.indexrelid FROM pg_index index
        JOIN pg_attribute field ON field.attrelid = index.indrelid AND field.attnum = index.indkey[0]
        WHERE index.indnatts = 1 AND NOT index.indisunique AND (index.indrelid::regclass::text, field.attname) IN (
            ('subjects_relationship', 'subject_id'), ('subjects_relationship', 'purpose_id'),
            ('subjects_subjectidentifier', 'identifier_id'))
    LOOP
        EXECUTE format('DROP INDEX %s', redundant);
    END LOOP;
END $$
"""
MAKE = """
CREATE INDEX subjects_relationship_subject_id_again ON subjects_relationship (subject_id);
CREATE INDEX subjects_relationship_purpose_id_again ON subjects_relationship (purpose_id);
CREATE INDEX subjects_subjectidentifier_identifier_id_again ON subjects_subjectidentifier (identifier_id);
"""


def tie(to: str, name: str, on_delete: object) -> models.Field:
    return models.ForeignKey(db_index=False, on_delete=on_delete, related_name=name, to=to)


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0002_decision_systems"),
        ("subjects", "0005_restricted_items_and_statements"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(DROP, MAKE)],
            [
                migrations.AlterField(
                    "relationship", "subject", tie("subjects.datasubject", "relationships", models.CASCADE)
                ),
                migrations.AlterField("relationship", "purpose", tie("processing.purpose", "+", models.PROTECT)),
                migrations.AlterField(
                    "subjectidentifier",
                    "identifier",
                    tie("subjects.identifier", "subject_links", models.CASCADE),
                ),
            ],
        ),
        migrations.AddIndex("organisation", models.Index("name", "id", name="subjects_organisation_name")),
    ]
