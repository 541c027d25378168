"""Looking things up on two connections at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from core import prepared
from tests.waiting import PATIENCE, wait_until

PID = "SELECT pg_backend_pid()"
LEFT = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)"


def on_two(work, lines):
    with ThreadPoolExecutor(2) as threads:
        return [one.result() for one in [threads.submit(lines.ask, work) for _number in range(2)]]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_asked_on_two_connections_of_which_one_stays():
    lines, together = prepared.Lines(prepared.looked_up()), threading.Barrier(2)

    def both_at_once(fetch):
        together.wait(PATIENCE)
        return fetch(PID, [])[0][0]

    found = on_two(both_at_once, lines)
    assert len(set(found)) == lines.count == 2
    mine = prepared.fetch_all(PID, [])
    assert mine[0][0] in found
    # A session that was closed goes a moment later.
    assert wait_until(lambda: prepared.fetch_all(LEFT, [found]) == mine)


@pytest.mark.django_db(transaction=True)
def test_without_another_connection_they_wait_for_this_one(monkeypatch):
    lines, mine = prepared.Lines(prepared.looked_up()), prepared.fetch_all(PID, [])[0][0]
    begun = threading.Event()

    def slow(fetch):
        begun.set()
        return fetch("SELECT pg_backend_pid() FROM pg_sleep(0.3)", [])[0][0]

    monkeypatch.setitem(connections.settings["default"], "HOST", "/nowhere")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(lines.ask, slow)
        assert begun.wait(PATIENCE)
        assert [threads.submit(lines.ask, slow).result(), first.result()] == [mine, mine]


@pytest.mark.django_db(transaction=True)
def test_after_an_error_the_connection_is_free_again():
    lines = prepared.Lines(prepared.looked_up())
    for _number in range(2):
        with pytest.raises(ZeroDivisionError):
            lines.ask(lambda fetch: 1 / len(fetch("SELECT 1 WHERE false", [])))
    assert lines.ask(lambda fetch: fetch(PID, [])) == [(connection.connection.info.backend_pid,)]


@pytest.mark.django_db
def test_inside_a_transaction_there_is_only_its_own():
    with transaction.atomic():
        assert prepared.Lines(prepared.looked_up()).count == 1
