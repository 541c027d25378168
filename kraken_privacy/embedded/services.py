"""The five services of a stack, in the order they are started."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kraken_privacy.embedded import process
from kraken_privacy.embedded.checks import HOST
from kraken_privacy.embedded.service import Service
from kraken_privacy.embedded.stack import ROOT, Stack

CELERY = ("-m", "celery", "-A", "kraken_privacy")


def services_of(stack: Stack) -> Iterator[Service]:
    yield Service(
        "PostgreSQL",
        stack.postgres.launch,
        stack.postgres.log,
        ready=stack.postgres.answers,
        stop_signal=signal.SIGINT,
        patience=20,
    )
    yield Service("Valkey", stack.valkey.launch, stack.valkey.log, ready=stack.valkey.answers, needed=False)
    yield _program(stack, "web", web_command(stack), {"DB_POOL": "1"})
    yield _program(stack, "worker", stack.python(*CELERY, "worker", *WORKER_OPTIONS), needed=False)
    schedule = stack.home.var / "beat" / "schedule"
    beat = ("beat", f"--schedule={schedule}", "--pidfile=", "--loglevel=WARNING")
    yield _program(stack, "beat", stack.python(*CELERY, *beat), needed=False)


WORKER_OPTIONS = ("--concurrency=2", "--loglevel=WARNING", "--without-gossip", "--without-mingle")


def web_command(stack: Stack) -> list[str | Path]:
    options = {
        "--interface": "wsgi",
        "--host": HOST,
        "--port": str(stack.port),
        "--workers": "2",
        # Each thread may hold one connection of the pool, so there are no more of them than connections.
        "--blocking-threads": "4",
        "--workers-kill-timeout": "5",
    }
    parts = [part for option in options.items() for part in option]
    return stack.python("-m", "granian", *parts, "--respawn-failed-workers", "kraken_privacy.wsgi:application")


def _program(
    stack: Stack, name: str, command: list[str | Path], extra: dict[str, str] | None = None, *, needed: bool = True
) -> Service:
    log = stack.home.logs / f"{name}.log"

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return process.start(command, log=output, env={**stack.env(), **(extra or {})}, cwd=ROOT)

    return Service(name, launch, log, needed=needed)
