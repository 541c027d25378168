"""Apps depend one way only, nothing imports a PyPI `requests`, and no function hides an import without saying why."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Each may import itself and what stands to the left; requests, retention and notices are side by side.
BELOW = {
    "core": set(),
    "ledger": {"core"},
    "staff": {"core", "ledger"},
    "processing": {"core", "ledger"},
    "subjects": {"core", "ledger", "processing"},
    "consents": {"core", "ledger", "processing", "subjects"},
}
BELOW |= {name: {*BELOW, "consents"} for name in ("requests", "retention", "notices")}
BELOW["breaches"] = {*BELOW} - {"retention", "notices"}
# Mail becomes cases, complaints, withdrawals and breaches.
BELOW["inbox"] = {*BELOW} - {"retention", "notices"}
# What browsers choose, and whose they are.
BELOW["cookies"] = {"core", "ledger", "processing", "subjects", "consents"}
# The pages that show every app together.
BELOW["office"] = set(BELOW)
# Data on its way in: everything is below, and nothing imports it.
BELOW["imports"] = set(BELOW)
APPS = set(BELOW)
FORBIDDEN = {"kraken_privacy", "tests", "benchmarks"}


def sources(app: str) -> list[Path]:
    return [path for path in sorted((ROOT / app).rglob("*.py")) if "__pycache__" not in path.parts]


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """(statement, module) for each import; a relative one would have no first name and is refused elsewhere."""
    for found in ast.walk(tree):
        if isinstance(found, ast.Import):
            yield from ((found, alias.name) for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            yield found, found.module or ""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def where(path: Path, statement: ast.stmt) -> str:
    return f"{path.relative_to(ROOT)}:{statement.lineno}"


@pytest.mark.parametrize("app", sorted(APPS))
def test_imports_go_one_way(app: str) -> None:
    refused = (APPS - BELOW[app] - {app}) | FORBIDDEN
    wrong = [
        f"{where(path, statement)} imports {module}"
        for path in sources(app)
        for statement, module in imported(parsed(path))
        if module.split(".")[0] in refused
    ]
    assert not wrong


@pytest.mark.parametrize("app", sorted(APPS | {"kraken_privacy"}))
def test_imports_are_absolute(app: str) -> None:
    wrong = [
        where(path, found)
        for path in sources(app)
        for found in ast.walk(parsed(path))
        if isinstance(found, ast.ImportFrom) and found.level
    ]
    assert not wrong


@pytest.mark.parametrize("app", sorted(APPS))
def test_an_import_inside_a_function_says_why(app: str) -> None:
    """Only apps.py, where models do not exist before ready(), needs no word about it."""
    wrong = []
    for path in sources(app):
        if path.name == "apps.py":
            continue
        lines = path.read_text().splitlines()
        for function in ast.walk(parsed(path)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for statement, _module in imported(function):
                near = lines[max(0, statement.lineno - 3) : statement.lineno]
                if not any("#" in line for line in near):
                    wrong.append(where(path, statement))
    assert not wrong


@pytest.mark.parametrize("app", sorted(APPS | {"kraken_privacy", "tests"}))
def test_nothing_is_imported_from_a_library_called_requests(app: str) -> None:
    """`from requests.models import …` is ours; a bare `import requests` would mean somebody wants the HTTP library."""
    allowed = ROOT / "tests" / "test_requests_name.py"
    wrong = [
        where(path, statement)
        for path in sources(app)
        for statement, module in imported(parsed(path))
        if path != allowed and isinstance(statement, ast.Import) and module == "requests"
    ]
    assert not wrong
