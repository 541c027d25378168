"""Nothing is served from a database that pg_restore has not finished, or found behind and out of reach since."""

import json
import subprocess
import time
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from core import tasks
from core.heartbeat import Heartbeat
from kraken_privacy import examinations, gate, whole
from kraken_privacy.backup import shelf
from kraken_privacy.backup.address import of_django
from kraken_privacy.backup.programs import environment, program
from kraken_privacy.backup.sealing import opened
from ledger.models import Entry
from retention import holds, journal
from retention.models import JournalMark
from subjects.models import DataSubject
from tests.make_backup import backed_up, deliver, new_database, places
from tests.make_retention import NOW, item, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


@contextmanager
def unreachable():
    """The server is not there."""
    connection.close()
    before = {name: connection.settings_dict[name] for name in ("HOST", "OPTIONS")}
    connection.settings_dict.update(HOST="/nonexistent", OPTIONS={})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def dumps(folder):
    """Both dumps of a backup as files that pg_restore reads, by somebody who has a record and is under a hold."""
    item(person(1), ["newsletter"], date(2026, 1, 1))
    due = NOW.date() + timedelta(days=30)
    holds.place([person(1)], matter="M", reason="claim", review_due=due, actor="user:1", now=NOW)
    deliver(NOW)
    assert gate.closed_because() == ""
    name = backed_up()
    for path, plain in ((shelf.dump_of(name), folder / "rows"), (shelf.keys_of(name), folder / "keys")):
        with path.open("rb") as source:
            plain.write_bytes(b"".join(opened(source)))
    return folder / "rows", folder / "keys"


def pg_restore(*arguments):
    env = environment(of_django())
    common = [program("pg_restore"), "--no-owner", "--no-privileges", f"--dbname={env['PGDATABASE']}"]
    return subprocess.run([*common, *arguments], env=env, capture_output=True, text=True, check=True)


def replay(*more):
    call_command("restore", "--replay", *more, stdout=StringIO())


def steps(dump):
    told = subprocess.run([program("pg_restore"), "-l", dump], capture_output=True, text=True, check=True).stdout
    return told.splitlines()


def until_the_mark(dump):
    """People, holds and tombstones come after it."""
    every = steps(dump)
    return every[: next(at for at, step in enumerate(every) if "TABLE DATA public retention_journalmark" in step) + 1]


def until_the_last_row(dump):
    every = steps(dump)
    return every[: max(at for at, step in enumerate(every) if "TABLE DATA public" in step) + 1]


def all_but_one_foreign_key(dump):
    every = steps(dump)
    last = max(at for at, step in enumerate(every) if " FK CONSTRAINT " in step)
    return [*every[:last], *(step for step in every[last + 1 :] if "MATERIALIZED VIEW DATA" not in step)]


@pytest.mark.parametrize("stopped", [until_the_mark, until_the_last_row, all_but_one_foreign_key])
def test_nothing_is_served_where_pg_restore_was_stopped(folder, stopped, caplog):
    rows, keys = dumps(folder)
    (folder / "steps").write_text("\n".join(stopped(rows)))
    with new_database():
        pg_restore("-L", folder / "steps", rows)
        pg_restore("--data-only", keys)
        assert JournalMark.objects.exists()
        assert not gate.Gate().is_open()
        assert "pg_restore is still at work in this database, or was stopped" in caplog.text
        assert [error.id for error in run_checks(databases=["default"], tags=["database"])] == ["kraken.E001"]
        assert [found.status for found in examinations.restored(NOW)] == ["fail"]
        with pytest.raises(CommandError, match="stopped half-way"):
            call_command("restore", "--replay")


def test_nothing_is_served_where_pg_restore_was_killed(folder, caplog):
    """It had made the tables and waited for more rows."""
    rows, _keys = dumps(folder)
    with new_database():
        command = [program("pg_restore"), "--no-owner", "--no-privileges", "--dbname=restored"]
        running = subprocess.Popen(command, env=environment(of_django()), stdin=subprocess.PIPE)
        running.stdin.write(rows.read_bytes()[:-1000])
        running.stdin.flush()
        until = time.monotonic() + 60
        while whole.is_loaded() is None:
            assert time.monotonic() < until
        running.kill()
        running.communicate()
        assert not gate.Gate().is_open()
    assert "was stopped half-way" in caplog.text


@pytest.mark.parametrize("by", [[], ["--jobs=2"], ["--single-transaction"]])
def test_a_finished_one_is_served_once_its_keys_are_there(folder, by, caplog):
    rows, keys = dumps(folder)
    with new_database():
        pg_restore(*by, rows)
        assert DataSubject.objects.count() == 1
        assert not gate.Gate().is_open()
        with pytest.raises(CommandError, match="Load the dump of the keys"):
            replay("--without-errors")
        assert not gate.Gate().is_open()
        assert "The keys of what is sealed in this database are not in it" in caplog.text
        pg_restore("--data-only", keys)
        replay()
        assert gate.Gate().is_open()
        assert list(examinations.restored(NOW)) == []


def test_whoever_restored_by_hand_says_that_there_was_no_error(folder, caplog):
    """Of a table whose rows could not be stored nothing tells."""
    rows, keys = dumps(folder)
    with new_database():
        pg_restore(rows)
        pg_restore("--data-only", keys)
        assert not gate.Gate().is_open()
        assert "This database was restored by hand" in caplog.text
        with pytest.raises(CommandError, match="If it ended without any, say so"):
            replay()
        assert [error.id for error in run_checks(databases=["default"], tags=["database"])] == ["kraken.E001"]
        replay("--without-errors")
        assert gate.Gate().is_open()
        replay()
        whole.note()
        assert gate.closed_because() == ""


def has_a_table_of_that_name(cursor):
    cursor.execute("CREATE TABLE subjects_erasureblock (nothing int)")


def has_a_type_of_that_name(cursor):
    """A table is a type as well, so there will be none."""
    cursor.execute("CREATE TYPE subjects_datasubject AS ENUM ()")


def has_no_room_for_an_index(cursor):
    """As a disk that fills up does, or a second person by the same name."""
    cursor.execute("CREATE SEQUENCE core_controller_pkey")


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (has_a_table_of_that_name, r"subjects_erasureblock\.subjects_block_is_of_somebody_or_a_rule, .* and \d+ more"),
        (has_a_type_of_that_name, r"subjects_datasubject, .* and \d+ more"),
        (has_no_room_for_an_index, r"core_controller\.core_controller_pkey"),
    ],
)
def test_nobody_vouches_for_a_restore_that_lost_what_can_be_seen(folder, fault, named):
    rows, keys = dumps(folder)
    with new_database():
        with connection.cursor() as cursor:
            fault(cursor)
        with pytest.raises(subprocess.CalledProcessError) as ended:
            pg_restore(rows)
        assert "errors ignored on restore" in ended.value.stderr
        pg_restore("--data-only", keys)
        for more in ([], ["--without-errors"]):
            with pytest.raises(CommandError, match=rf"This restore lost something.* noted: {named}"):
                replay(*more)
        assert "lost something" in gate.closed_because()


@contextmanager
def restored_by_hand(*dumped):
    """As an administrator does it who reads docs/backup.md."""
    with new_database():
        for arguments in dumped:
            pg_restore("--exit-on-error", *arguments)
        yield


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def dumped_again(folder):
    """By hand: everything, with the keys."""
    command = [program("pg_dump"), "--format=custom", f"--file={folder / 'full'}"]
    subprocess.run(command, env=environment(of_django()), check=True)
    return folder / "full"


def noted_and_gone(folder, made, gone):
    """A dump by hand of a database where something was there at the last `migrate` and is not any more."""
    rows, keys = dumps(folder)
    with restored_by_hand([rows], ["--data-only", keys]):
        run(made)
        replay("--without-errors")
        run(gone)
        assert gate.closed_because() == "", "whoever drops it at work loses nothing by it"
        return dumped_again(folder)


def test_what_is_not_ours_is_no_loss(folder):
    """A table that an administrator made."""
    made = "CREATE TABLE persons_before_upgrade (id bigint PRIMARY KEY)"
    full = noted_and_gone(folder, made, "DROP TABLE persons_before_upgrade")
    with restored_by_hand([full]):
        replay("--without-errors")
        assert gate.closed_because() == ""


def test_what_went_before_the_dump_shuts_nobody_out_and_stands_in_the_ledger(folder):
    """An index of an administrator's own on a table of ours."""
    made = 'CREATE UNIQUE INDEX "one of ours?" ON subjects_datasubject (uuid)'
    full = noted_and_gone(folder, made, 'DROP INDEX "one of ours?"')
    with restored_by_hand([full]):
        for more in (["--without-errors"], ["--loss-is-known"]):
            with pytest.raises(CommandError, match=r"noted: subjects_datasubject\.one of ours\?\. .*--loss-is-known"):
                replay(*more)
        replay("--without-errors", "--loss-is-known")
        replay("--without-errors", "--loss-is-known")
        assert gate.closed_because() == ""
        (entry,) = Entry.objects.filter(kind="restore.incomplete")
        assert json.loads(entry.body)["data"] == {"missing": ["subjects_datasubject.one_of_ours_"]}


def test_a_restore_that_lost_the_view_itself_comes_to_its_end_too(folder):
    rows, keys = dumps(folder)
    with restored_by_hand([rows], ["--data-only", keys]):
        run("DROP MATERIALIZED VIEW retention_restored")
        for more, way_out in (([], "--without-errors"), (["--without-errors"], "noted: retention_restored.*-is-known")):
            with pytest.raises(CommandError, match=way_out):
                replay(*more)
        assert gate.closed_because() == whole.NOT_MIGRATED
        replay("--without-errors", "--loss-is-known")
        assert gate.closed_because() == ""
        assert '"missing":["retention_restored"]' in Entry.objects.get(kind="restore.incomplete").body


def test_of_what_an_older_version_dumped_somebody_has_to_say_that_all_is_there(folder):
    """Its view tells no more than that pg_restore came to its end, or its database has none."""
    rows, keys = dumps(folder)
    with restored_by_hand([rows], ["--data-only", keys]):
        run("DROP MATERIALIZED VIEW retention_restored")
        run("CREATE MATERIALIZED VIEW retention_restored AS SELECT true AS whole")
        run("DELETE FROM django_migrations WHERE app = 'retention' AND name >= '0023'")
        run("DELETE FROM subjects_erasureblock")
        with pytest.raises(CommandError, match="If it ended without any, say so"):
            replay()
        assert gate.closed_because() == whole.NOT_MIGRATED
        assert run_checks(databases=["default"], tags=["database"]) == [], "it may be an upgrade"
        behind()
        assert [error.id for error in run_checks(databases=["default"], tags=["database"])] == ["kraken.E001"]
        replay("--without-errors")
        assert gate.closed_because() == ""
        replay()


def test_a_migrate_waits_for_no_dump_and_nobody_behind_it(folder):
    """pg_dump holds on to the view until its end, before PostgreSQL 16."""
    rows, keys = dumps(folder)
    with restored_by_hand([rows], ["--data-only", keys]):
        replay("--without-errors")
        params = connection.get_connection_params()
        with psycopg.connect(**{name: params[name] for name in ("dbname", "user", "host")}) as dump:
            dump.execute("SELECT FROM retention_restored")
            run("CREATE UNIQUE INDEX new_of_ours ON subjects_datasubject (uuid)")
            run("SET lock_timeout = '2s'")
            call_command("migrate", verbosity=0)
            assert gate.closed_because() == ""
        run("DROP INDEX new_of_ours")
        full = dumped_again(folder)
    with restored_by_hand([full]), pytest.raises(CommandError, match="new_of_ours"):
        replay("--without-errors")


def test_what_came_by_another_way_is_vouched_for_as_well(folder):
    """Replication fills no view."""
    rows, keys = dumps(folder)
    (folder / "steps").write_text("\n".join(step for step in steps(rows) if "MATERIALIZED VIEW DATA" not in step))
    with new_database():
        pg_restore("-L", folder / "steps", rows)
        pg_restore("--data-only", keys)
        assert gate.closed_because() == whole.UNFINISHED
        replay("--without-errors")
        assert gate.closed_because() == ""


def test_somebody_who_wrote_in_between_does_not_open_it(folder):
    """A process that had looked a moment ago, at the database of before."""
    rows, _keys = dumps(folder)
    with new_database():
        pg_restore(rows)
        whole.vouch()
        item(person(2), ["newsletter"], date(2026, 1, 1))
        assert gate.closed_because() == whole.NO_KEYS


def test_a_database_of_before_the_view_is_migrated_first():
    with new_database():
        assert whole.is_loaded() is None
        assert run_checks(databases=["default"], tags=["database"]) == []
        assert not gate.Gate().is_open()


def test_the_gate_keeps_everything_but_life_itself_from_a_database_that_is_behind(folder, caplog):
    journal.append("restriction.lifted", {"restriction": str(uuid4())}, entry=uuid4(), at=NOW)
    assert gate.closed_because() == "", "what was lifted and never placed here is no work"
    data = {"run": str(uuid4()), "subject": str(uuid4()), "items": [], "purposes": [], "person_gone": True}
    journal.append("erase", data, entry=uuid4(), at=NOW)
    own, begun = gate.Gate(), []
    served = gate.guarded(lambda environ, start: [b"served"], own)
    start = lambda status, headers: begun.append(status)  # noqa: E731
    assert b"".join(served({"PATH_INFO": "/"}, start)) == gate.PAGE
    assert begun == ["503 Service Unavailable"]
    assert served({"PATH_INFO": "/healthz"}, start) == [b"served"]
    assert caplog.text.count("not serving") == 1
    call_command("restore", "--replay", stdout=StringIO())
    assert gate.Gate().is_open()


def behind():
    data = {"run": str(uuid4()), "subject": str(uuid4()), "items": [], "purposes": [], "person_gone": True}
    journal.append("erase", data, entry=uuid4(), at=NOW)


def test_a_closed_gate_stays_closed_while_nobody_can_look():
    behind()
    own = gate.Gate()
    assert not own.is_open()
    own._next_look = 0
    with unreachable():
        assert not own.is_open()
    assert not own.is_open()


def test_without_a_database_the_application_says_so_itself():
    """Of a process that has never looked, or found it open."""
    own = gate.Gate()
    with unreachable():
        assert own.is_open()
    assert own.is_open()
    own._next_look = 0
    with unreachable():
        assert own.is_open()
    behind()
    assert not gate.Gate().is_open(), "and the next look counts"


def test_a_task_is_set_aside_while_nobody_can_look(monkeypatch):
    monkeypatch.setattr(gate, "gate", gate.Gate())

    def as_a_worker_does():
        tasks.sweep_outbox.push_request(called_directly=False, is_eager=False)
        try:
            tasks.sweep_outbox()
        finally:
            tasks.sweep_outbox.pop_request()

    with unreachable():
        as_a_worker_does()
    assert not Heartbeat.objects.exists()
    as_a_worker_does()
    assert Heartbeat.objects.exists()
