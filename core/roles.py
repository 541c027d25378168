"""What the runtime role may do in the database, and the groups that staff may belong to."""

import psycopg.sql as sql
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Q

# Table → what the runtime role may not do. Triggers refuse it too; a role without the right cannot even try. DELETE
# stays where a trigger admits it inside a retention run.
APPEND_ONLY = {
    "ledger_entry": "UPDATE, TRUNCATE",
    "ledger_pruned": "UPDATE, DELETE, TRUNCATE",
    "ledger_seal": "UPDATE, DELETE, TRUNCATE",
    "ledger_head": "DELETE, TRUNCATE",
    "consents_consentevent": "UPDATE, TRUNCATE",
    "requests_requestevent": "UPDATE, TRUNCATE",
    "retention_batch": "UPDATE, TRUNCATE",
    "core_ruleset": "DELETE, TRUNCATE",
    "django_migrations": "INSERT, UPDATE, DELETE, TRUNCATE",
}

# The groups and what each may do to which apps' tables; the office's own pages check membership by these names.
OFFICER, AGENT, AUDITOR = "officer", "agent", "auditor"
GROUPS = {
    OFFICER: Q(),
    AGENT: Q(content_type__app_label__in=["requests", "subjects"]) | Q(codename__startswith="view_"),
    AUDITOR: Q(codename__startswith="view_"),
}


def load_groups() -> None:
    """Make the groups. Permissions taken away by hand come back, those added stay."""
    for name, which in GROUPS.items():
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(which))


def grant() -> bool:
    """Give the runtime role what it needs. Does nothing when it is the role in use, or does not exist."""
    role = settings.RUNTIME_DB_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user <> %s AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role, role])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_granting(role).as_string(cursor.connection))
        present = set(connection.introspection.table_names(cursor))
        for table, rights in APPEND_ONLY.items():
            if table in present:
                cursor.execute(_revoking(role, table, rights).as_string(cursor.connection))
    return True


def _granting(role: str) -> sql.Composed:
    return sql.SQL(
        "GRANT USAGE ON SCHEMA public TO {role};"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};"
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}"
    ).format(role=sql.Identifier(role))


def _revoking(role: str, table: str, rights: str) -> sql.Composed:
    return sql.SQL("REVOKE {} ON {} FROM {}").format(sql.SQL(rights), sql.Identifier(table), sql.Identifier(role))
