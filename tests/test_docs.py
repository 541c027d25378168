"""What the documents promise is there: links, commands, make targets, key rings."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from requests.models import Right

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = {page: page.read_text() for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", TEXT[page]):
        assert (page.parent / link).exists(), link


def test_commands_exist():
    known = get_commands()
    for name in set(re.findall(r"manage\.py ([a-z]+)", "\n".join(TEXT.values()))):
        assert load_command_class(known[name], name)


def test_tests_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", "\n".join(TEXT.values()))
    assert [one for one in named if f"def {one[1]}(" not in (ROOT / one[0]).read_text()] == []


def test_every_right_has_its_journeys():
    rows = [
        row.split("|") for row in TEXT[ROOT / "docs/api.md"].split("## Every right,")[1].splitlines() if "::" in row
    ]
    assert all("test_" in calls for _start, _right, _browser, calls, _end in rows)
    told = "".join(row[1] for row in rows)
    assert [right for right in Right.values if f"`{right}`" not in told] == [Right.GENERAL]
    assert "complaint" in told


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", "\n".join(TEXT.values()), re.M))
    assert named <= targets


def test_every_key_ring_is_explained():
    rings = {name for name in dir(settings) if name.endswith("_KEYS")}
    assert rings == set(re.findall(r"^\| `([A-Z_]+_KEYS)`", TEXT[ROOT / "docs/tasks.md"], re.M))


def test_decisions_are_numbered_and_listed():
    pages = sorted(page for page in PAGES if re.match(r"\d{4}-", page.name))
    assert [int(page.name[:4]) for page in pages] == list(range(len(pages)))
    for page in pages:
        assert page.name in TEXT[ROOT / "docs/adr/README.md"]
        assert re.findall(r"^## (.+)$", TEXT[page], re.M) == ["Context", "Decision", "Consequences"]
