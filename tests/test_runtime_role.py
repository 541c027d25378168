"""The tests' own footing: which role they run as, and that each starts from the same rows."""

import psycopg
import pytest
from django.db import connection


def who() -> tuple[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()


@pytest.mark.django_db
def test_tests_run_as_the_runtime_role() -> None:
    assert who() == ("kraken_app", False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_a_committed_row_is_gone_in_the_next_test(round_: int, django_user_model) -> None:
    assert not django_user_model.objects.exists()
    django_user_model.objects.create_user("someone", password="x")


@pytest.mark.django_db(transaction=True)
def test_reference_rows_are_there_in_a_transactional_test(django_db_setup: None) -> None:
    from django.contrib.auth.models import Permission

    assert Permission.objects.exists()


def test_a_superuser_sees_the_same_database(superuser_dsn: str) -> None:
    with psycopg.connect(superuser_dsn) as session:
        assert session.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
        assert session.execute("SELECT count(*) FROM django_migrations").fetchone()[0] > 0
