"""Is the process alive, and can it work? And the document that says what the API is."""

import pytest
from django.db import connection
from django.test import Client


def test_alive_asks_nobody(django_assert_num_queries, db) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready() -> None:
    assert Client().get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", "no_such_database")
    try:
        assert Client().get("/readyz").status_code == 503
    finally:
        connection.close()


@pytest.mark.django_db
def test_schema_names_the_key() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["ApiKey"]["in"] == "header"
    assert document["paths"]["/api/v1/ledger/seals/"]["get"]["security"] == [{"ApiKey": []}]
