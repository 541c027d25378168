"""No command of ours writes in a database that nothing may be served from: a hold or a tombstone may be missing."""

from datetime import date, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection

from core.commands import WritingCommand
from kraken_privacy import whole
from kraken_privacy.backup import making
from kraken_privacy.backup.address import of_django
from kraken_privacy.celery import app
from kraken_privacy.gate import GuardedTask
from retention import holds, journal
from subjects.models import ErasureBlock, PersonalDataItem
from tests.make_backup import backed_up, deliver, new_database, places
from tests.make_retention import NOW, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
# They only read, or are what mends it.
OTHERS = {"anonymise", "anonymity", "certificate", "clock", "workflow", "doctor", "backup", "restore"}
WRITING = (
    ("purge", "--commit"),
    ("import", "people", "people.csv"),
    ("consents", "import", "choices.csv"),
    ("consents", "rebuild"),
    ("consents", "tps", "register.txt"),
    ("statistics", "rows.csv", "--recipe", "recipe.yml", "--by", "outcome", "--epsilon", "0.1"),
    ("ledger", "seal"),
    ("apikeys", "revoke", "shop"),
    ("webhooks", "off", "crm"),
    ("keys", "rewrap"),
    ("names", "reindex"),
    ("demo",),
)
READING = (
    ("purge",),
    ("consents", "rebuild", "--check"),
    ("apikeys", "list"),
    ("webhooks", "list"),
    ("keys", "status"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


@pytest.fixture
def behind():
    """The journal knows of an erasure of which this database does not."""
    data = {"run": str(uuid4()), "subject": str(uuid4()), "items": [], "purposes": [], "person_gone": True}
    journal.append("erase", data, entry=uuid4(), at=NOW)


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_every_command_of_ours_asks_or_only_reads():
    known = get_commands()
    ours = {config.name for config in apps.get_app_configs() if not config.path.count("site-packages")}
    asks = {name for name, owner in known.items() if isinstance(load_command_class(str(owner), name), WritingCommand)}
    assert asks == {one[0] for one in WRITING}
    assert {name for name, owner in known.items() if owner in ours} == asks | OTHERS


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_what_writes_is_refused(behind, arguments):
    with pytest.raises(CommandError, match=r"The journal is ahead of this database.*restore --replay"):
        run(*arguments)


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_what_reads_is_not(behind, arguments):
    run(*arguments)


def placed():
    item(person(1), ["newsletter"], date(2024, 1, 1))
    rule(live())


def hold():
    due = NOW.date() + timedelta(days=30)
    holds.place([person(1)], matter="M", reason="claim", review_due=due, actor="user:1", now=NOW)
    deliver(NOW)


def test_a_purge_waits_for_the_replay_of_a_hold(settings):
    settings.RETENTION_APPROVE_PERCENT = 100
    placed()
    name = backed_up()
    hold()
    with new_database():
        making.load(name, of_django())
        whole.vouch()
        with pytest.raises(CommandError, match="The journal is ahead"):
            run("purge", "--commit")
        call_command("restore", "--replay", stdout=StringIO())
        assert ErasureBlock.objects.exists()
        run("purge", "--commit")
        assert PersonalDataItem.objects.count() == 1


def test_a_purge_waits_until_somebody_says_that_nothing_was_lost(settings):
    settings.RETENTION_APPROVE_PERCENT = 100
    placed()
    hold()
    name = backed_up()
    with new_database():
        making.load(name, of_django())
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE subjects_erasureblock")  # as after rows that could not be stored
        with pytest.raises(CommandError, match="restored by hand"):
            run("purge", "--commit")
        assert PersonalDataItem.objects.count() == 1


def test_every_task_is_behind_the_gate():
    app.loader.import_default_modules()
    assert [name for name, task in app.tasks.items() if not isinstance(task, GuardedTask)] == []
