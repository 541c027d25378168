from typing import Any

from django.db import migrations

# As jsonb the whole body was taken apart and put together anew for each of these, which took longer than the row.
EXPRESSIONS = {
    "uuid": "(body::json ->> 'id')::uuid",
    "kind": "body::json ->> 'kind'",
    "at": "ledger_instant(body::json ->> 'at')",
    "subject": "(body::json ->> 'subject')::uuid",
    "object": "(body::json ->> 'object')::uuid",
    "purpose": "body::json ->> 'purpose'",
}


def change(apps: Any, schema_editor: Any) -> None:
    """Before PostgreSQL 17 an expression could not be changed: what is there stays, slower and just as right."""
    if schema_editor.connection.pg_version >= 170000:
        changes = ", ".join(f'ALTER "{name}" SET EXPRESSION AS ({text})' for name, text in EXPRESSIONS.items())
        schema_editor.execute(f"ALTER TABLE ledger_entry {changes}")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_epoch_is_read_in_one_expression")]
    operations = [migrations.RunPython(change, migrations.RunPython.noop)]
