"""A run that its worker left open is taken up at once, not in the next night; unless somebody is at work on it."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from retention import guard, runs
from retention.models import Run
from retention.tasks import resume
from subjects.models import PersonalDataItem
from tests.make_retention import applied, item, person, rule
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
AT_WORK = "SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))"


@pytest.fixture
def run(monkeypatch):
    """Begun this moment, by a worker that was killed."""
    now = timezone.now()
    item(person(), ["newsletter"], now.date() - timedelta(days=800), now=now)
    made = rule(trigger="collection", period="P12M")

    def die(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(guard, "work_on", die)
        with pytest.raises(KeyboardInterrupt):
            applied(made, now)
    return Run.objects.get()


def status(run):
    run.refresh_from_db()
    return run.status


def until_free(pid):
    """The server lets go of a closed connection's locks when it notices, which may be a moment later."""
    held = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s)"
    with connection.cursor() as cursor:
        assert wait_until(lambda: not cursor.execute(held, [pid]).fetchone()[0])


def test_it_is_taken_up_as_soon_as_whoever_was_at_it_is_gone(run):
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute(AT_WORK, [f"retention work {run.uuid}"])
        pid = other.info.backend_pid
        resume()
        assert (status(run), PersonalDataItem.objects.count()) == (Run.Status.RUNNING, 1)
        # As killed: nothing is said, the connection ends.
    until_free(pid)
    resume()
    assert (status(run), PersonalDataItem.objects.count()) == (Run.Status.FINISHED, 0)


def test_whoever_works_is_seen_to_be_at_work_until_it_ends(run, monkeypatch):
    seen, note = [], runs.note
    monkeypatch.setattr(runs, "note", lambda *args, **more: (seen.append(elsewhere(run)), note(*args, **more)))
    resume()
    assert seen == [False]
    assert elsewhere(run)


def elsewhere(run):
    """Whether another process could take it up."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        asked = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        return other.execute(asked, [f"retention work {run.uuid}"]).fetchone()[0]


def test_one_that_is_paused_is_left_alone_and_resumed_at_once(run):
    runs.pause(run, actor="user:1", now=run.started_at)
    resume()
    assert status(run) == Run.Status.RUNNING
    runs.resume(run, actor="user:1", now=run.started_at)
    resume()
    assert status(run) == Run.Status.FINISHED
