"""Starting programs that die with us, and finding those that an earlier run left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from kraken_privacy.embedded import child

# Every process of a stack carries this variable, so that a later run knows it by its own data directory.
MARK = "KRAKEN_EMBEDDED"
SERVERS = {"postgres", "valkey-server"}
PROC = Path("/proc")
CAN_LOOK = (PROC / "self" / "environ").exists()  # elsewhere than on Linux, stopping in order is all there is


def command(
    program: Sequence[str | Path], *, identity: str = "same", death: signal.Signals = signal.SIGKILL
) -> list[str]:
    """The command line that runs `program` as `identity` and gives it `death` when this process is gone."""
    launcher = [sys.executable, "-I", "-S", child.__file__, str(os.getpid()), str(int(death)), identity]
    return [*launcher, *map(str, program)]


def start(
    program: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    identity: str = "same",
    death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start `program` in a session of its own: a Ctrl-C is for the supervisor, which then stops things in order.

    Call it from the main thread: the kernel takes the end of the calling thread for the end of the parent.
    """
    return subprocess.Popen(
        command(program, identity=identity, death=death),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, seconds: float) -> None:
    """End a process that `start` made, politely for `seconds`, and then whatever is left of its group."""
    if process.poll() is None:
        process.send_signal(with_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def is_server_in(pid: int, folder: Path) -> bool:
    """Is `pid` a PostgreSQL or Valkey working in `folder`? They overwrite their environment, and MARK with it."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        where = Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return False
    return name in SERVERS and where.is_relative_to(folder.resolve())


def _is_marked(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _numbers() -> Iterator[int]:
    for entry in PROC.iterdir() if CAN_LOOK else ():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            yield int(entry.name)


def servers_in(folder: Path) -> list[int]:
    """The database server that works in `folder`, and what may be left of one: its children outlive it for a moment."""
    return [pid for pid in _numbers() if is_server_in(pid, folder)]


def left_behind(mark: str, folders: Sequence[Path]) -> Iterator[int]:
    """Processes of a stack with this mark, or database servers working in one of its folders."""
    wanted = f"{MARK}={mark}".encode()
    for pid in _numbers():
        if _is_marked(pid, wanted) or any(is_server_in(pid, folder) for folder in folders):
            yield pid


def clear(mark: str, folders: Sequence[Path], *, seconds: float) -> bool:
    """Wait until an earlier stack is gone; after `seconds` end what is left of it. True when nothing is left."""
    for patience, kill in ((seconds, True), (5.0, False)):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not list(left_behind(mark, folders)):
                return True
            time.sleep(0.1)
        for pid in left_behind(mark, folders) if kill else ():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    return False
