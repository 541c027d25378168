"""A throw-away PostgreSQL for one test run or benchmark.

    python -m kraken_privacy.embedded.cluster [--binaries DIRECTORY] -- command…

runs `command` with TEST_SUPERUSER_URL set to a fresh cluster and removes it afterwards.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from kraken_privacy.embedded.identity import choose
from kraken_privacy.embedded.postgres import SUPERUSER, THROW_AWAY, Postgres, wheel_binaries
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.process import servers_in
from kraken_privacy.embedded.readable import hand_over, programs
from kraken_privacy.embedded.roles import ensure_roles


@contextmanager
def throw_away(
    *,
    durable: bool = False,
    binaries: Path | None = None,
    settings: Mapping[str, str] | None = None,
    prefix: str = "kraken-pg-",
) -> Iterator[Postgres]:
    """A cluster with both roles. `durable` keeps commits as safe, and as slow, as in production."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    with (home / "in-use").open("w") as mark:
        # Held by the process, whatever ends it: see clear().
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield from _cluster(home, durable=durable, binaries=binaries, settings=settings)


def clear(prefix: str, *, seconds: float = 20) -> None:
    """Remove clusters of this prefix whose process was killed.

    Their servers end with it, but not at once: for so many `seconds` they may still write what was just removed.
    """
    for home in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # Made again where half of it was removed before.
        with suppress(OSError), (home / "in-use").open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            until = time.monotonic() + seconds
            while home.exists() and time.monotonic() < until:
                if not servers_in(home):
                    shutil.rmtree(home, ignore_errors=True)
                time.sleep(0.05)


def _cluster(
    home: Path, *, durable: bool, binaries: Path | None, settings: Mapping[str, str] | None
) -> Iterator[Postgres]:
    me = choose(binaries or wheel_binaries(), home)
    hand_over(home, me)
    postgres = Postgres(
        binaries=binaries or programs(home, me),
        data=home / "data",
        sockets=home,
        log=home / "log",
        identity=me,
        settings={**({} if durable else THROW_AWAY), **(settings or {})},
    )
    try:
        postgres.initialise()
        postgres.start()
        ensure_roles(postgres.url(SUPERUSER, "postgres"))
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a command beside a throw-away PostgreSQL.")
    parser.add_argument("--binaries", type=Path, help="directory of another PostgreSQL's programs")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    try:
        with throw_away(binaries=options.binaries) as postgres:
            env = {**os.environ, "TEST_SUPERUSER_URL": postgres.url(SUPERUSER, "postgres")}
            if options.binaries:
                # A server's own pg_dump knows what another one stumbles over: 15.20 notes options that 18.6 copies.
                env["POSTGRES_BIN"] = str(options.binaries)
            return subprocess.run(options.command, env=env, check=False).returncode
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
