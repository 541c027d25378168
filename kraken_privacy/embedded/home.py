"""KRAKEN_VAR: everything that one installation of `make run` keeps, in one directory that only its owner reads."""

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from kraken_privacy.embedded.problem import Problem

FOLDERS = ("run", "logs", "mail", "journal", "static", "beat")
# A socket's path ends at 107 bytes; the longest name in the directory is PostgreSQL's ".s.PGSQL.5432".
SOCKET_ROOM = 107 - len("/.s.PGSQL.5432")


@dataclass
class Home:
    var: Path
    # Where PostgreSQL lives: `var`, or a directory of another user where namespaces are refused (identity.py).
    cluster: Path = field(init=False)
    _lock: IO[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.var = self.var.expanduser().absolute()
        try:
            self.cluster = Path(self.outside.read_text().strip())
        except OSError:
            self.cluster = self.var

    @property
    def logs(self) -> Path:
        return self.var / "logs"

    @property
    def state(self) -> Path:
        """What is running now, for `make demo`, the tests and the next start."""
        return self.var / "run" / "state.json"

    @property
    def outside(self) -> Path:
        """Names the directory that PostgreSQL lives in when it is not here."""
        return self.var / "cluster-is-in"

    @property
    def short(self) -> Path:
        """Where sockets go when `var` cannot have them. Owner and mode are checked before it is used."""
        name = f"kraken-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]}"
        return Path("/tmp") / name  # noqa: S108

    def prepare(self) -> None:
        """Make what is missing, for us alone; what exists keeps its mode. Raises Problem if we may not write."""
        try:
            self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in FOLDERS:
                (self.var / name).mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.var / "run"):
                pass
        except OSError as error:
            raise Problem(
                f"The data directory {self.var} cannot be written ({error.strerror}): "
                f"set KRAKEN_VAR to a directory of your own."
            ) from error

    def lock(self) -> None:
        """Hold the directory until this process ends, however it ends."""
        self._lock = (self.var / "run" / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem(
                f"Kraken Privacy is already running on {self.var} ({self.read_state().get('base_url', 'starting')}): "
                f"stop it first, or choose another directory with KRAKEN_VAR and another PORT."
            ) from error

    def sockets(self, beneath: Path) -> Path:
        """A private directory for sockets, beneath the given one or, where that path cannot be used, a short one."""
        wanted = beneath / "run"
        # PostgreSQL takes a comma for the end of one directory in a list.
        if len(os.fsencode(wanted)) <= SOCKET_ROOM and "," not in str(wanted):
            wanted.mkdir(mode=0o700, exist_ok=True)
            return wanted
        short = self.short
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise Problem(f"{short} is not a directory of ours alone: remove it, or choose a shorter KRAKEN_VAR.")
        return short

    def write_state(self, state: Mapping[str, object]) -> None:
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.rename(self.state)

    def read_state(self) -> dict[str, object]:
        try:
            return dict(json.loads(self.state.read_text()))
        except (OSError, ValueError):
            return {}

    def forget_state(self) -> None:
        """Nothing runs any more."""
        shutil.rmtree(self.short, ignore_errors=True)
        self.state.unlink(missing_ok=True)
