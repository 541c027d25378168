"""A rule that restricts has a ground of its own; what such rules had restricted before is said to be held.

Only where no rule that deletes was ever about the row: otherwise a hold may have been the reason. The ledger says what
was written at the time.
"""

from django.db import migrations

SQL = """
UPDATE subjects_restriction restriction SET ground = 'rule' FROM subjects_itempurpose need
WHERE restriction.lifted_at IS NULL AND restriction.placed_for IS NULL AND restriction.ground = 'hold'
    AND need.item_id = restriction.item_id AND need.purpose_id = restriction.purpose_id
    AND 'restrict' = ALL (
        SELECT rule.action FROM retention_retentionrule rule
        WHERE rule.purpose_id = need.purpose_id AND rule.status <> 'draft' AND rule.action <> 'review'
            AND (rule.category_id IS NULL OR rule.category_id = need.category_id))
    AND EXISTS (
        SELECT FROM retention_retentionrule rule
        WHERE rule.purpose_id = need.purpose_id AND rule.status <> 'draft' AND rule.action = 'restrict'
            AND (rule.category_id IS NULL OR rule.category_id = need.category_id))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0013_systems_answer_and_rules_retire"),
        ("subjects", "0014_what_rules_restrict_is_looked_through_in_order"),
    ]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
