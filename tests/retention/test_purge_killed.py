"""A worker killed with SIGKILL in the middle of a run, or cut off by the server, and what the next one makes of it.

A few times only: `make chaos` does it fifty times to each of worker, web, Valkey and PostgreSQL.
"""

import json
import os
import subprocess
import sys
from datetime import date

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from ledger.models import Entry
from retention import pace
from retention.models import AnonymousRow, Batch, Run, Tombstone
from retention.purge import purge
from subjects.models import DataSubject, PersonalDataItem
from tests.make_register import category
from tests.make_retention import NOW, TODAY, item, live, person, rule
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 60
# What the process calls itself to the server (libpq, environment variable PGAPPNAME).
NAME = "killed-worker"
# The real purge in a process of its own. So many batches it commits; in the next one it says so and goes no further, at
# work with the server all the same.
WORKER = """
import time, django
django.setup()
from datetime import datetime
from django.db import connection
from retention import purge, runs
from retention.models import RetentionRule
note, left = runs.note, {batches}
def slow(*args, **options):
    global left
    batch = note(*args, **options)
    time.sleep(0.05)
    if not left:
        print("in the middle", flush=True)
        while True:
            connection.cursor().execute("SELECT 1")
            time.sleep(0.05)
    left -= 1
    return batch
runs.note = slow
now = datetime.fromisoformat({now!r})
purge.purge(RetentionRule.objects.get(), as_of=now.date(), commit=True, now=now, batch=2)
"""


def worker(batches: int = PEOPLE) -> subprocess.Popen:
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@{database['HOST'].replace('/', '%2F')}/{database['NAME']}"
    if database["PORT"]:
        url += f"?port={database['PORT']}"
    environment = {**os.environ, "DATABASE_URL": os.environ.get("DATABASE_URL", url), "PGAPPNAME": NAME}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER.format(now=NOW.isoformat(), batches=batches)],
        env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def is_in_the_middle(process: subprocess.Popen) -> bool:
    """Waits until it says so; one that ended says nothing."""
    return process.stdout.readline() == "in the middle\n"


def cut_off(superuser_dsn) -> None:
    """What the worker sees when PostgreSQL crashes or is restarted: its session is gone, with the batch it was at.

    No other session goes: a browser test keeps one for the tests that follow.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = ANY(%s)",
            [[NAME, pace.NAME]],
        )


def ended(process: subprocess.Popen) -> None:
    """Killed, and PostgreSQL has noticed: it finishes its statement first, with the locks it holds."""
    process.kill()
    process.communicate()
    assert wait_until(lambda: not at_work())


def at_work() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name = ANY(%s)",
            [[NAME, pace.NAME]],
        )
        return cursor.fetchone()[0]


def some_due():
    for number in range(PEOPLE):
        item(person(number), ["newsletter"], date(2025, 1, 1))
    return rule(live())


@pytest.mark.parametrize(("victim", "batches"), [("worker", 1), ("worker", 13), ("session", 5)])
def test_the_next_worker_takes_the_run_up_and_the_counts_add_up(victim, batches, superuser_dsn):
    one = some_due()
    process = worker(batches)
    try:
        assert is_in_the_middle(process)
        if victim == "session":
            cut_off(superuser_dsn)
            assert process.wait(PATIENCE) != 0
    finally:
        ended(process)
    killed = Run.objects.get()
    assert killed.status == "running"
    done = sum(batch.items for batch in Batch.objects.all())
    assert 0 < done < PEOPLE
    assert PersonalDataItem.objects.count() == PEOPLE - done

    report = purge(one, as_of=TODAY, commit=True, now=NOW, batch=7)

    assert (report.run, report.items, report.subjects) == (str(killed.uuid), PEOPLE, PEOPLE)
    assert not DataSubject.objects.exists()
    assert Entry.objects.filter(kind="retention.batch").count() == Batch.objects.count() == report.batches
    assert Tombstone.objects.filter(scope="item").count() == PEOPLE


def test_a_killed_run_that_anonymises_loses_no_row_and_keeps_none_twice():
    category("feedback")
    surveys = live("surveys", "a", categories=("feedback",))
    for number in range(PEOPLE):
        content = json.dumps({"born": "1980s", "score": number % 2})
        item(person(number), ["surveys"], date(2025, 1, 1), category="feedback", content=content)
    recipe = {"fields": {"feedback.born": {"strategy": "keep"}, "feedback.score": {"strategy": "keep"}}}
    recipe |= {"quasi": ["feedback.born"], "sensitive": ["feedback.score"], "thresholds": {"k": 5, "l": 2, "t": 0.9}}
    one, process = rule(surveys, action="anonymise", recipe=recipe), worker(5)
    try:
        assert is_in_the_middle(process)
    finally:
        ended(process)
    assert 0 < PersonalDataItem.objects.count() < PEOPLE

    report = purge(one, as_of=TODAY, commit=True, now=NOW, workers=2)

    assert (report.status, report.items, report.subjects) == ("anonymous", PEOPLE, PEOPLE)
    kept = {row.values["feedback.score"]: row.times for row in AnonymousRow.objects.all()}
    assert kept == {"0": PEOPLE // 2, "1": PEOPLE // 2}
    assert Run.objects.get().measured["k"] == PEOPLE
    assert not PersonalDataItem.objects.exists()


def test_two_processes_share_one_run():
    some_due()
    processes = [worker(), worker()]
    for process in processes:
        process.communicate(timeout=2 * PATIENCE)
    assert [process.returncode for process in processes] == [0, 0]
    (run,) = Run.objects.all()
    batches = list(Batch.objects.all())
    assert (run.status, sum(batch.items for batch in batches)) == ("finished", PEOPLE)
    assert not DataSubject.objects.exists()
