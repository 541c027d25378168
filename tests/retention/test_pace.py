"""Who goes first: a run by itself works with all its workers, and gives way while others use the database."""

import gc
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from threading import Barrier

import psycopg
import pytest
from django.db import connection

from core.undisturbed import undisturbed
from retention.pace import LONGEST_REST, NAME, Pace, named, others_at_work
from retention.together import together
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def somebody(name=""):
    """Another session of the site, which does something each time it is called."""
    parameters = connection.get_connection_params()
    plain = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters}
    with psycopg.connect(**plain, autocommit=True) as session:
        session.execute("SELECT set_config('application_name', %s, false)", [name])
        yield lambda: session.execute("SELECT 1")


def alone():
    """Wait until what the tests before did is more than a second ago."""
    assert wait_until(lambda: not others_at_work())


def counts(acts):
    """Whether somebody who does something counts: asked until it was within a second, however slow the machine is."""
    return wait_until(lambda: (acts(), others_at_work())[1])


def in_threads(job, count=2):
    def work(number):
        try:
            with named():
                return job(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_another_session_counts_for_a_second_after_it_did_something():
    alone()
    with somebody() as acts:
        assert counts(acts)
        alone()
        assert counts(acts)


def test_runs_do_not_give_way_to_each_other():
    alone()
    with somebody(NAME) as acts:
        acts()
        assert not others_at_work()
    with named(), connection.cursor() as cursor:
        cursor.execute("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == (NAME,)
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone() != (NAME,)


def test_workers_of_one_run_are_nobody_else_to_each_other_from_the_start():
    seen = []
    for _time in range(20):
        with named():
            alone()
            together(2, lambda: seen.append(others_at_work()))
    assert seen == [False] * 40


def test_alone_all_workers_are_at_work_at_once():
    both = Barrier(2)

    def work(_number):
        # Both sessions have their name by then.
        both.wait(PATIENCE)
        with Pace():
            # Would break, and fail, if the other had to wait for its turn.
            both.wait(PATIENCE)

    with named():
        alone()
        in_threads(work)


def test_beside_others_one_worker_at_a_time_and_a_rest_twice_as_long_as_its_work():
    spans = []

    def work(_number):
        pace = Pace()
        for _batch in range(3):
            acts()
            with pace:
                began = time.monotonic()
                time.sleep(0.05)
                spans.append((began, time.monotonic()))

    with somebody() as session:
        # One session is shared by two threads: psycopg lets one of them in at a time.
        acts = session
        in_threads(work)
    spans.sort()
    assert len(spans) == 6
    for (began, ended), (following, _end) in pairwise(spans):
        assert following - ended >= min((ended - began) * 1.9, LONGEST_REST)


def test_a_failure_ends_the_turn_without_a_rest():
    with somebody() as acts:
        acts()
        with pytest.raises(LookupError), Pace():
            raise LookupError
        acts()
        with Pace():
            pass


class Cycle:
    def __init__(self):
        self.me = self


def test_the_collector_leaves_a_batch_alone_and_works_between_two():
    with Pace():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), Pace():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_while_another_worker_keeps_it_off_what_a_batch_left_goes_all_the_same():
    with undisturbed():
        with Pace():
            left = weakref.ref(Cycle())
            assert left()
        assert left() is None
        assert not gc.isenabled()
