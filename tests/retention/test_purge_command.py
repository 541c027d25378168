"""manage.py purge and the nightly task: doors to the same function."""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from retention import tasks
from retention.models import Run, Tombstone
from subjects.models import PersonalDataItem
from tests.make_retention import item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2020, 1, 1)


@pytest.fixture(autouse=True)
def nobody_looks_first(settings):
    settings.RETENTION_APPROVE_FIRST_RUN, settings.RETENTION_APPROVE_PERCENT = False, 100


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue()


def test_it_counts_by_default_and_works_with_commit():
    item(person(1), ["newsletter"], OLD)
    rule(live())
    assert "Nothing was changed" in run()
    assert PersonalDataItem.objects.exists()
    line = json.loads(run("--commit", "--json"))
    assert (line["rule"], line["committed"], line["items"]) == ("newsletter-collection", True, 1)
    assert not PersonalDataItem.objects.exists()


def test_one_line_per_rule():
    rule(live())
    rule(live("surveys"))
    assert [json.loads(line)["rule"] for line in run("--json").splitlines()] == [
        "newsletter-collection",
        "surveys-collection",
    ]
    assert json.loads(run("--json", "--rule", "surveys-collection"))["due"] == 0


def test_as_of_moves_the_cutoff():
    item(person(1), ["newsletter"], OLD)
    rule(live())
    assert json.loads(run("--json", "--as-of", "2021-01-01"))["due"] == 0
    assert json.loads(run("--json", "--as-of", "2021-01-02"))["due"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--rule", "nonsense"], "No rule in force is called 'nonsense'"), (["--as-of", "31/12/2026"], "is not a date")],
)
def test_a_mistake_is_named(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)


def test_a_day_to_come_is_counted_and_not_committed():
    """What is due by then is not due today, so it would be restricted and let go of in the same run."""
    coming = timezone.localdate() + timedelta(days=2)
    item(person(1), ["newsletter"], coming - timedelta(days=368), now=timezone.now())
    rule(live())
    assert json.loads(run("--json", "--as-of", coming.isoformat()))["due"] == 1
    with pytest.raises(CommandError, match="still to come"):
        run("--commit", "--as-of", coming.isoformat())
    assert not Run.objects.exists()


def test_without_rules_it_says_so():
    assert "No retention rule is in force." in run()


def test_nightly_works_every_rule_though_one_fails(monkeypatch, caplog):
    first, second = live(), live("surveys")
    item(person(1), ["newsletter"], OLD)
    item(person(2), ["surveys"], OLD)
    rule(first)
    rule(second)
    sweep = tasks.sweep

    def failing(one, *, now):
        if one.purpose == first:
            raise RuntimeError("person1@example.org")
        return sweep(one, now=now)

    monkeypatch.setattr(tasks, "sweep", failing)
    tasks.nightly()
    assert PersonalDataItem.objects.get().needs.get().purpose == first
    assert "RuntimeError" in caplog.text
    assert "example.org" not in caplog.text


def test_nightly_forgets_tombstones_of_expired_backups():
    item(person(1), ["newsletter"], OLD)
    rule(live())
    tasks.nightly()
    assert Tombstone.objects.exists()
    Tombstone.objects.update(expires_on=date(2020, 2, 1))
    tasks.nightly()
    assert not Tombstone.objects.exists()
