"""However it ends, no process is left and the next run has the same data."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kraken_privacy.embedded.dsn import address
from kraken_privacy.embedded.home import Home
from tests.stack.stack import RunningStack, processes_of
from tests.waiting import PATIENCE

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[int, str]]]:
    """A data directory whose first starts were killed on the way, and what was left running of each of them."""
    var = tmp_path_factory.mktemp("a-place-with-a-name-that-is-" + "very-" * 16 + "long") / "var"
    left = []
    for seconds in (0.3, 0.9, 2.5):
        starting = RunningStack(var).launch()
        time.sleep(seconds)
        starting.stop(signal.SIGKILL)
        starting.is_gone()
        left.append(processes_of(var))
    return var, left


@pytest.fixture(scope="module")
def stack(killed: tuple[Path, list[dict[int, str]]]) -> Iterator[RunningStack]:
    """Started through make, in a place whose path is too long for a socket."""
    made = RunningStack(killed[0], command=("make", "run"))
    yield made
    made.end()


def database(stack: RunningStack) -> psycopg.Connection:
    running = next(text for text in processes_of(stack.var).values() if "unix_socket_directories=" in text)
    sockets = running.split("unix_socket_directories=")[1].split()[0]
    return psycopg.connect(address(user="postgres", dbname="kraken", host=sockets), autocommit=True)


def count_start(stack: RunningStack) -> int:
    """How often this data has been started, as the data itself knows. In a schema that the product does not look at."""
    with database(stack) as session:
        session.execute("CREATE SCHEMA IF NOT EXISTS proof")
        session.execute("CREATE TABLE IF NOT EXISTS proof.start (at timestamptz DEFAULT now())")
        session.execute("INSERT INTO proof.start DEFAULT VALUES")
        return session.execute("SELECT count(*) FROM proof.start").fetchone()[0]


def begin(stack: RunningStack) -> None:
    """Start it; it must have the data and the keys of every start before, and take no harm from a stale pid file."""
    had = stack.secrets if stack.starts else None
    if stack.starts and stack.is_gone(0):
        # The number in the file now belongs to a program that lives and is no PostgreSQL: this one.
        data = stack.var / "postgres"
        (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n\n\n\n")
    stack.start()
    stack.starts += 1
    assert count_start(stack) == stack.starts
    assert had in (None, stack.secrets)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_make_alone_gets(stack: RunningStack, signum: int) -> None:
    begin(stack)
    stack.stop(signum)
    assert stack.is_gone(), processes_of(stack.var)


def test_nothing_is_left_when_the_supervisor_is_killed(stack: RunningStack) -> None:
    begin(stack)
    os.kill(stack.state["pid"], signal.SIGKILL)
    begin(stack)  # at once: what is still ending is waited for
    os.killpg(stack.process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
    stack.process.wait(PATIENCE)
    assert stack.is_gone(), processes_of(stack.var)
    assert not Home(stack.var).short.exists()


def test_being_killed_while_starting_leaves_nothing(killed: tuple[Path, list[dict[int, str]]]) -> None:
    """That it does no harm either is what the other tests show: they start on the same data."""
    assert killed[1] == [{}, {}, {}]
