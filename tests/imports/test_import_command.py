"""manage.py import: the same work without a browser."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from imports.models import Import, Row
from subjects.models import DataSubject
from tests import make_imports as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(tmp_path):
    make.register()
    path = tmp_path / "people.csv"
    path.write_text(make.text([make.person(), make.person(email="wrong")]))
    return path


def run(*arguments):
    out = StringIO()
    try:
        call_command("import", *map(str, arguments), stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_it_only_checks_without_commit(people):
    code, out = run("people", people)
    assert code == 1
    assert "line 3: email: This is not a possible e-mail address." in out
    assert "ready 1, wrong 1" in out
    assert not DataSubject.objects.exists()


def test_it_takes_in_what_is_ready_and_keeps_nothing_else(people, tmp_path):
    code, out = run("people", people, "--commit", "--json", "--errors", tmp_path / "bad.csv")
    found = json.loads(out)
    assert code == 1
    assert (found["rows"]["done"], found["rows"]["wrong"]) == (1, 1)
    assert found["errors"][0]["line"] == 3
    assert "wrong" in (tmp_path / "bad.csv").read_text("utf-8-sig")
    assert DataSubject.objects.count() == 1
    assert not Row.objects.exists()


def test_a_mapping_names_columns_and_what_holds_for_all(tmp_path):
    make.register()
    (tmp_path / "list.csv").write_text("Who\nada@example.com\n")
    (tmp_path / "map.json").write_text(json.dumps({"columns": {"Who": "email"}, "fixed": {"since": "2025-01-01"}}))
    code, out = run("suppressions", tmp_path / "list.csv", "--mapping", tmp_path / "map.json", "--commit")
    assert (code, out.strip()) == (0, "done 1")


def test_what_is_missing_is_said(tmp_path):
    make.register()
    (tmp_path / "list.csv").write_text("Nothing known\nx\n")
    with pytest.raises(CommandError, match="Purposes: Choose the column"):
        run("people", tmp_path / "list.csv")
    with pytest.raises(CommandError, match="FileNotFoundError"):
        run("people", tmp_path / "absent.csv")
    assert set(Import.objects.values_list("state", flat=True)) == {"erased"}
