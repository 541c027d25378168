"""A stack that runs: it answers, it is private, and what dies comes back."""

import contextlib
import os
import shlex
import signal
import stat
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.stack.fixtures import modes_above
from tests.stack.stack import RunningStack, processes_of
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.stack


def test_it_answers_and_says_how_to_go_on(running_stack: RunningStack) -> None:
    assert httpx.get(f"{running_stack.base_url}/healthz", timeout=PATIENCE).status_code == 200
    for text in (running_stack.base_url, running_stack.admin_password, running_stack.api_key, "/rights/"):
        assert text in running_stack.screen


def test_only_its_owner_can_read_it_and_nothing_above_was_loosened(running_stack: RunningStack) -> None:
    var = running_stack.var
    for path in (var, var / "postgres", var / "run", var / "logs", var / "mail", var / "journal"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert stat.S_IMODE((var / "secrets.env").stat().st_mode) == 0o600
    assert modes_above(var.parent) == running_stack.modes_before


def sockets_of(pid: int) -> Iterator[str]:
    for link in os.scandir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(link.path)
            if target.startswith("socket:["):
                yield target[8:-1]


def test_it_listens_on_one_loopback_port_only(running_stack: RunningStack) -> None:
    inodes = set()
    for pid in processes_of(running_stack.var):
        # A process, or a file of it, may be gone by now, and listens no more.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            inodes.update(sockets_of(pid))
    listening = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]
    assert {row[1] for row in listening} == {f"0100007F:{running_stack.port:04X}"}


@pytest.mark.parametrize("name", ["Valkey", "worker"])
def test_losing_a_helper_never_takes_the_site_down(running_stack: RunningStack, name: str) -> None:
    answers: list[int] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            answers.append(httpx.get(f"{running_stack.base_url}/healthz", timeout=PATIENCE).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        killed = running_stack.pids[name]
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: running_stack.pids[name] not in (killed, None))
    finally:
        enough.set()
        asking.join()
    assert set(answers) == {200}


def test_a_database_that_dies_comes_back_with_the_site(running_stack: RunningStack) -> None:
    killed = running_stack.pids["PostgreSQL"]
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: running_stack.pids["PostgreSQL"] not in (killed, None))
    ready = f"{running_stack.base_url}/readyz"
    assert wait_until(lambda: httpx.get(ready, timeout=PATIENCE).status_code == 200)
    # Every pooled connection was lost with it; nobody is given one of those.
    assert {httpx.get(ready, timeout=PATIENCE).status_code for _ in range(20)} == {200}


def test_a_second_run_on_the_same_data_is_refused(running_stack: RunningStack) -> None:
    before = len(running_stack.screen)
    assert RunningStack(running_stack.var).launch().process.wait(PATIENCE) != 0
    told = running_stack.screen[before:]
    assert f"already running on {running_stack.var} ({running_stack.base_url})" in told
    assert "Traceback" not in told


def test_the_printed_example_works_as_printed(running_stack: RunningStack) -> None:
    example = running_stack.screen.split("curl ", 1)[1].split("\n\n", 1)[0]
    address, *options = shlex.split(example)
    headers = [value for flag, value in pairwise(options) if flag == "-H"]
    answer = httpx.post(
        address,
        headers=dict(header.split(": ", 1) for header in headers),
        content=options[options.index("-d") + 1],
        timeout=PATIENCE,
    )
    assert answer.status_code == 201, answer.text
