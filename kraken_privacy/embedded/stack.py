"""One installation put together: where it is, its servers, its keys, and the environment its programs run in."""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kraken_privacy.embedded import keyfile, process
from kraken_privacy.embedded.checks import HOST
from kraken_privacy.embedded.home import Home
from kraken_privacy.embedded.identity import Identity, choose
from kraken_privacy.embedded.postgres import Postgres, wheel_binaries
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.readable import hand_over, programs
from kraken_privacy.embedded.roles import RUNTIME
from kraken_privacy.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
DATABASE = "kraken"
# Only these pass on: a DATABASE_URL or SECRET_KEY_FILE meant for something else must not reach the demo's data.
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "LOG_LEVEL", "DEBUG")
PREFIXES = ("PYTHON", "KRAKEN_", "COVERAGE_", "GRANIAN_")


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name in PASSED_ON or name.startswith(PREFIXES)}


@dataclass
class Stack:
    home: Home
    postgres: Postgres
    valkey: Valkey
    secrets: dict[str, str]
    port: int

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def env(self, role: str = RUNTIME) -> dict[str, str]:
        """The environment of a program that talks to the database as `role`."""
        var = self.home.var
        return {
            **inherited(os.environ),
            **self.secrets,
            process.MARK: str(var),
            "KRAKEN_VAR": str(var),
            "DEMO_MODE": "1",
            "BASE_URL": self.base_url,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "CSRF_TRUSTED_ORIGINS": f"{self.base_url},http://localhost:{self.port}",
            "MAIL_DIR": str(var / "mail"),
            "JOURNAL_DIR": str(var / "journal"),
            "BACKUP_DIR": str(var / "backups"),
            "STATIC_ROOT": str(var / "static"),
            "DATABASE_URL": self.postgres.url(role, DATABASE),
            "RUNTIME_DB_ROLE": RUNTIME,
            "REDIS_URL": self.valkey.url(),
        }

    def python(self, *arguments: str) -> list[str | Path]:
        return [sys.executable, *arguments]


def assemble(home: Home, port: int) -> Stack:
    """Everything in its place, nothing started. Raises Problem for a directory that cannot be used."""
    me = _place_cluster(home)
    data = home.cluster / "postgres"
    env = {**inherited(os.environ), process.MARK: str(home.var)}
    sockets = home.sockets(home.cluster)
    hand_over(sockets, me)
    postgres = Postgres(
        binaries=programs(home.cluster, me),
        data=data,
        sockets=sockets,
        log=home.logs / "postgres.log",
        identity=me,
        env=env,
    )
    postgres.check()
    secrets = keyfile.load(home.var / "secrets.env", data_exists=data.exists())
    return Stack(home, postgres, Valkey(home.sockets(home.var), home.logs / "valkey.log", env), secrets, port)


def _place_cluster(home: Home) -> Identity:
    """Decide as whom PostgreSQL runs and where; a directory that was used before keeps its arrangement."""
    if home.cluster != home.var:
        return choose(wheel_binaries(), None)
    me = choose(wheel_binaries(), home.var)
    if me.uid is not None:
        if (home.var / "postgres").exists():
            raise Problem(
                f"PostgreSQL can no longer work in {home.var} as root (user namespaces are refused, or the directory "
                f"belongs to another user): run as that directory's owner, or choose another one with KRAKEN_VAR."
            )
        home.cluster = Path(tempfile.mkdtemp(prefix="kraken-privacy-", dir="/var/lib"))
        hand_over(home.cluster, me)
        home.outside.write_text(f"{home.cluster}\n")
    return me
