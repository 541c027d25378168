"""Every kind of evidence that the code can write is told to other systems, or kept for a written reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from ledger import feed, kinds

ROOT = Path(settings.BASE_DIR)
APPS = sorted({path.parent.name for path in ROOT.glob("*/apps.py")} | {"kraken_privacy"})
KIND = re.compile(r"[a-z-]+\.[a-z-]+")
WRITERS = {"record", "encode", "Pattern", "record_each", "evidence"}
KIND_SOMEWHERE = re.compile(r"""["'][a-z-]+\.[a-z-]+["']|kind=""")
FAMILIES = {kind.partition(".")[0] for kind in (*kinds.TOLD, *kinds.KEPT)}
# Members of forms, files, addresses and lines of the journal that look like a kind of a family.
NO_KINDS = {
    "suppression.added",
    *("cookies.braking", "cookies.urls", "consents.urls", "identifier.blind", "organisation.name", "register.yml"),
    *("relationship.ground", "relationship.purpose", "relationship.role"),
}


def sources():
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.read_text()


def texts(tree):
    """Whatever stands in the code as a text that could be a kind of a known family."""
    known = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return (text for text in known if KIND.fullmatch(text) and text.partition(".")[0] in FAMILIES)


def written(tree):
    """What is given as a kind, of whatever family, also through a function of the same module that writes it."""
    for function in (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)):
        calls = (call for call in ast.walk(function) if isinstance(call, ast.Call) and name(call) in WRITERS)
        for given in (one.value for call in calls for one in call.keywords if one.arg == "kind"):
            if isinstance(given, ast.JoinedStr):
                yield from (f"{given.values[0].value}{act}" for act in acts(tree, function.name))
            elif isinstance(given, ast.Name):
                yield from (act for act in acts(tree, function.name) if "." in act)
            else:
                yield from (one.value for one in ast.walk(given) if isinstance(one, ast.Constant) and "." in one.value)


def name(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def acts(tree, function):
    calls = (call for call in ast.walk(tree) if isinstance(call, ast.Call) and name(call) == function and call.args)
    return (call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant))


@cache
def found():
    # A module without a text of that form, and without the word that gives a kind, need not be taken apart.
    trees = (ast.parse(source) for source in sources() if KIND_SOMEWHERE.search(source))
    return {kind for tree in trees for kind in (*texts(tree), *written(tree))} - NO_KINDS


def test_every_kind_is_told_or_kept_for_a_reason():
    assert [kind for kind in sorted(found()) if kind not in kinds.TOLD and not kinds.why_kept(kind)] == []
    assert {"consent.withdrawn", "assessment.drafted", "complaint.described", "mail.viewed"} <= found()


def test_no_row_is_about_a_kind_that_nobody_writes():
    assert set(kinds.TOLD) - found() == set()
    used = {row for kind in found() for row in (kind, kind.partition(".")[0] + ".")}
    assert set(kinds.KEPT) - used == set()
    assert set(kinds.KEPT) & set(kinds.TOLD) == set()


@pytest.mark.parametrize("kind", [kind for kind in kinds.KEPT if kind.startswith(("consent.", "suppression."))])
def test_no_change_of_a_choice_is_kept(kind):
    shown = ("consent.evidenced", "consent.evidence-viewed", "consent.reminded")
    waits = ("consent.deferred", "consent.confirmed-in-part", "consent.mailbox-shared")
    assert kind in (*shown, *waits, "consent.guardian-ended")


def test_the_documents_have_a_row_for_each_kind():
    rows = re.findall(r"^\| `([a-z.-]+)` \| (.+) \|$", (ROOT / "docs/api.md").read_text(), re.M)
    assert {kind: told for kind, told in rows if kind in kinds.TOLD} == {
        kind: str(told) for kind, told in kinds.TOLD.items()
    }
    assert tuple(kinds.TOLD) == feed.KINDS
