"""docker-compose.yml and Dockerfile without an engine: read, and their commands started as plain processes."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from kraken_privacy.embedded.cluster import throw_away
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import OWNER, RUNTIME, ensure_database
from kraken_privacy.embedded.valkey import Valkey
from tests.plugin import key_ring
from tests.stack.stack import ROOT, free_port
from tests.waiting import PATIENCE, wait_until

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "kraken-privacy"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETTINGS = (ROOT / "kraken_privacy" / "settings.py").read_text()
SECRETS = "/run/secrets/"


@pytest.mark.parametrize("name", OURS)
def test_our_processes_may_do_as_little_as_possible(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.M)
    assert users[-1:] not in ([], ["root"])
    assert service.get("user", users[-1]) != "root"


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files_that_the_service_is_given(name):
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if re.search(r"KEY|PASSWORD|DATABASE_URL|EMAIL_URL", variable):
            assert variable.endswith("_FILE"), variable
        if str(value).startswith(SECRETS):
            assert value.removeprefix(SECRETS) in service["secrets"]
            assert value.removeprefix(SECRETS) in COMPOSE["secrets"]


ONCE = {"migrate", "restore"}


def test_only_what_runs_once_owns_the_tables():
    holders = {name for name, service in OURS.items() if "owner_database_url" in service["secrets"]}
    assert holders == ONCE


def test_backups_are_reached_by_those_who_make_and_restore_them():
    for name, service in OURS.items():
        mine = {"backup": ["journal", "backups"], "restore": ["journal", "backups"]}.get(name, ["journal"])
        assert [volume.split(":")[0] for volume in service["volumes"]] == mine
        assert ("backup_keys" in service["secrets"]) == ("backups" in mine)
        for volume in service["volumes"]:
            assert volume.split(":")[1] in DOCKERFILE, "its owner in a new volume is the one in the image"


def test_the_next_backup_is_at_half_past_one():
    script = SERVICES["backup"]["command"][-1].replace("$$", "$")
    before = time.time()
    wait = subprocess.check_output(["sh", "-c", re.search(r"sleep (\S.*\)\));", script)[1].join(("echo ", ""))])
    assert 0 < int(wait) <= 86400
    # Counted from the second, between the two, in which it looked at the clock.
    took = time.time() - before
    assert (5400 - (int(before) + int(wait))) % 86400 <= took + 1


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_whatever_keeps_running_is_asked_how_it_is(name):
    assert SERVICES[name]["healthcheck"]["test"]
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == ("service_completed_successfully" if other == "migrate" else "service_healthy")


def test_the_settings_know_every_variable():
    for name, service in OURS.items():
        for variable in service["environment"]:
            assert f'"{variable.removesuffix("_FILE")}"' in SETTINGS, (name, variable)


def test_the_site_is_reached_from_this_machine_only():
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["web"]


def test_nothing_private_gets_into_the_image():
    ignored = set((ROOT / ".dockerignore").read_text().split())
    assert ignored >= {".git", ".venv*", "secrets", "var"}


class Machine:
    """The compose file's processes on this machine: same commands and variables, other addresses."""

    def __init__(self, folder: Path, postgres, valkey: Valkey) -> None:
        self.folder, self.valkey, self.port = folder, valkey, free_port()
        self.running: dict[str, subprocess.Popen] = {}
        ring = {name: key_ring(name[0]) for name in ("master", "blind_index", "suppression", "signing")}
        self._write("secret_key", "compose-" + "k" * 60)
        self._write("email_url", "smtp://127.0.0.1:9")
        self._write("database_url", postgres.url(RUNTIME, "kraken"))
        self._write("owner_database_url", postgres.url(OWNER, "kraken"))
        for name, text in ring.items():
            self._write(f"{name}_keys", text)

    def _write(self, name: str, text: str) -> None:
        secret = self.folder / name
        secret.touch(0o600)
        secret.write_text(text)

    def env(self, name: str) -> dict[str, str]:
        given = {variable: str(value) for variable, value in OURS[name]["environment"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        mine = {
            "ALLOWED_HOSTS": "testserver,127.0.0.1",
            "BASE_URL": "https://testserver",
            "CSRF_TRUSTED_ORIGINS": "https://testserver",
            "REDIS_URL": self.valkey.url(),
            "JOURNAL_DIR": str(self.folder / "journal"),
        }
        moved = {key: value.replace(SECRETS, f"{self.folder}/") for key, value in given.items()}
        return {"PATH": path, "HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", **moved, **mine}

    def command(self, name: str) -> list[str]:
        words = OURS[name].get("command") or yaml.safe_load(re.search(r"^CMD (\[.*\])", self.joined(), re.M)[1])
        return [self._here(word) for word in words]

    def joined(self) -> str:
        return DOCKERFILE.replace("\\\n", " ")

    def _here(self, word: str) -> str:
        moved = {"0.0.0.0": "127.0.0.1", "8000": str(self.port), "--schedule=/tmp/": f"--schedule={self.folder}/"}  # noqa: S104
        for there, here in moved.items():
            word = word.replace(there, here)
        return word.replace("$$", "$").replace("find /tmp", f"find {self.folder}")

    def start(self, name: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                self.command(name), env=self.env(name), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        return self.running[name]

    def is_well(self, name: str) -> bool:
        kind, *check = SERVICES[name]["healthcheck"]["test"]
        words = ["sh", "-c", *check] if kind == "CMD-SHELL" else check
        asked = subprocess.run(
            [self._here(word) for word in words], env=self.env(name), cwd=ROOT, capture_output=True, check=False
        )
        return asked.returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-4000:]

    def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def machine() -> Iterator[Machine]:
    # A short path: the name of a socket has room for about a hundred letters.
    with tempfile.TemporaryDirectory(prefix="kraken-c-") as name, throw_away() as postgres:
        folder = Path(name)
        ensure_database(postgres.url(SUPERUSER, "postgres"), "kraken")
        valkey = Valkey(folder, folder / "valkey.log")
        valkey.start()
        machine = Machine(folder, postgres, valkey)
        try:
            yield machine
        finally:
            machine.end()
            valkey.stop()


@pytest.mark.stack
def test_the_commands_start_and_are_well(machine):
    assert machine.start("migrate").wait(300) == 0, machine.log("migrate")
    for name in ("web", "worker", "beat"):
        machine.start(name)
    for name in ("web", "worker", "beat"):
        assert wait_until(lambda name=name: machine.is_well(name), 120), machine.log(name)
    ready = httpx.get(f"http://127.0.0.1:{machine.port}/readyz", timeout=PATIENCE)
    assert ready.status_code == 200, ready.text
    # A health check that always says yes is none.
    os.killpg(machine.running["web"].pid, signal.SIGKILL)
    machine.running["web"].wait(PATIENCE)
    assert not machine.is_well("web")
    with psycopg.connect((machine.folder / "database_url").read_text()) as session:
        assert session.execute("SELECT current_user, count(*) > 0 FROM django_migrations").fetchone() == (RUNTIME, True)
