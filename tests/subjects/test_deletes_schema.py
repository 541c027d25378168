"""What the database has beside the models, for deletion by the million: later migrations easily undo it."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db
TO = ("subjects_datasubject", "subjects_identifier", "subjects_personaldataitem")


def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(TO)])
        return cursor.fetchall()


def test_foreign_keys_of_this_app_restrict_at_once():
    keys = asked(
        "SELECT conrelid::regclass::text, conname, confdeltype = 'r' FROM pg_constraint WHERE contype = 'f'"
        " AND starts_with(conrelid::regclass::text, 'subjects_') AND confrelid::regclass::text = ANY(%s)"
    )
    assert len(keys) > 10
    assert [(table, name) for table, name, restricts in keys if not restricts] == []


def test_what_is_purged_is_vacuumed_before_a_fifth_of_it_is_dead():
    found = asked("SELECT array_to_string(reloptions, ',') FROM pg_class WHERE oid::regclass::text = ANY(%s)")
    assert ["autovacuum_vacuum_scale_factor=0.02" in (options or "") for (options,) in found] == [True] * len(TO)
