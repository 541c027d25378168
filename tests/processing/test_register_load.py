"""The register comes from a file, as often as one likes, and never edits what was published."""

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from core.errors import Invalid
from core.models import Controller
from processing import gates, register
from processing.models import DataCategory, PurposeVersion

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parents[2] / "kraken_privacy/demo/register.yml"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def content():
    return yaml.safe_load(FILE.read_text())


@pytest.fixture(autouse=True)
def no_gates(monkeypatch):
    monkeypatch.setattr(gates, "_checks", {basis: [] for basis in "abcdef"})


def test_loading_twice_changes_nothing():
    first = register.load(FILE)
    assert len(first.drafts) == 20
    again = register.load(FILE)
    assert (again.drafts, again.unchanged) == ([], 20)
    assert register.publish_drafts(now=NOW, actor="system") == {}
    assert register.load(FILE).unchanged == 20
    assert PurposeVersion.objects.count() == 20
    assert Controller.current().name == "Kraken IM"


def test_what_the_file_says_is_what_the_rows_say(content):
    register.load(content)
    for row in content["purposes"]:
        version = PurposeVersion.objects.get(purpose__slug=row["slug"])
        assert version.description == row["description"]
        assert sorted(version.categories.values_list("slug", flat=True)) == sorted(row["categories"])
        assert sorted(version.recipients.values_list("slug", flat=True)) == sorted(row["recipients"])
    assert DataCategory.objects.count() == len(content["categories"])


def test_a_changed_purpose_becomes_a_new_version(content):
    register.load(content)
    register.publish_drafts(now=NOW, actor="system")
    changed = copy.deepcopy(content)
    changed["purposes"][0]["retention"] = "Until you stop it."
    [draft] = register.load(changed).drafts
    assert (draft.number, draft.status) == (2, "draft")
    kept = PurposeVersion.objects.get(purpose=draft.purpose, number=1)
    assert (kept.status, kept.retention_summary) == ("live", content["purposes"][0]["retention"])


def test_a_changed_draft_is_replaced(content):
    register.load(content)
    content["purposes"][0]["title"] = "News"
    [draft] = register.load(content).drafts
    assert draft.number == 1
    assert PurposeVersion.objects.count() == 20


@pytest.mark.parametrize("part", ["categories", "recipients", "systems", "sources"])
def test_an_unknown_name_is_refused_whole(content, part):
    content["purposes"][3][part] = ["telepathy"]
    with pytest.raises(Invalid) as error:
        register.load(content)
    assert "telepathy" in str(error.value.message)
    assert not PurposeVersion.objects.exists()
