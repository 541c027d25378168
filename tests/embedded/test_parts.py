"""The parts of the embedded stack that need no stack."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from environ import Env

from kraken_privacy.embedded import keyfile, process
from kraken_privacy.embedded.checks import chosen_port
from kraken_privacy.embedded.cluster import throw_away
from kraken_privacy.embedded.dsn import change
from kraken_privacy.embedded.home import Home
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.service import PATIENCE, SLOWLY, Service
from tests.waiting import wait_until


@pytest.mark.parametrize(
    "given",
    ["postgres://postgres@%2FTmp%2FDir/postgres", "postgres://postgres@/postgres?host=/Tmp/Dir", "host=/Tmp/Dir"],
)
def test_an_address_of_any_form_becomes_one_that_the_settings_read(given: str) -> None:
    read = Env.db_url_config(change(given, user="kraken_app", dbname="test_1"))
    assert (read["USER"], read["NAME"], read["OPTIONS"]["host"]) == ("kraken_app", "test_1", "/Tmp/Dir")


def test_a_password_with_signs_survives() -> None:
    read = Env.db_url_config(change("host=db port=5433", user="a", dbname="b", password="p@/ :%"))
    assert (read["PASSWORD"], read["OPTIONS"]) == ("p@/ :%", {"host": "db", "port": 5433})


def test_secrets_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    made = keyfile.load(file, data_exists=False)
    assert keyfile.load(file, data_exists=True) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_that_is_gone_is_named_and_not_made_again(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    keyfile.load(file, data_exists=False)
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "MASTER" not in line))
    with pytest.raises(Problem, match="MASTER_KEYS missing"):
        keyfile.load(file, data_exists=True)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "٣"])
def test_a_port_is_a_number_that_exists(text: str) -> None:
    with pytest.raises(Problem, match="is not a port"):
        chosen_port({"PORT": text})


def test_a_short_directory_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 40))
    short = home.sockets(home.var)
    try:
        assert len(str(short)) < 60
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        short.chmod(0o755)
        with pytest.raises(Problem, match="not a directory of ours alone"):
            home.sockets(home.var)
    finally:
        short.rmdir()


def doomed(log: Path, *, needed: bool) -> Service:
    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return process.start(["/bin/sh", "-c", "echo it hurts; exit 3"], log=output)

    return Service("web", launch, log, needed=needed)


def tend_to_the_end(service: Service, said: list[str]) -> None:
    service.start()
    while service.failures < PATIENCE:
        service.due = 0  # no waiting here
        service.tend(said.append)


def test_a_service_that_cannot_live_ends_the_stack_with_the_end_of_its_log(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(Problem, match=r"stopped with code 3, 5 times in a row(?s:.*)it hurts"):
        tend_to_the_end(doomed(tmp_path / "log", needed=True), said)
    assert said == ["web stopped with code 3; starting it again."] * (PATIENCE - 1)


def test_a_helper_that_cannot_live_is_tried_again_later(tmp_path: Path) -> None:
    said: list[str] = []
    service = doomed(tmp_path / "log", needed=False)
    tend_to_the_end(service, said)
    assert "it hurts" in said[-1]
    assert "The site goes on without it" in said[-1]
    assert service.due > SLOWLY


def test_a_child_dies_with_its_parent_even_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    program = (
        "import json, sys; from kraken_privacy.embedded import process;"
        "made = [process.start(['/bin/sleep', '600'], log=process.subprocess.DEVNULL, identity=i)"
        " for i in json.loads(sys.argv[1])]; print(json.dumps([p.pid for p in made]), flush=True); sys.stdin.read()"
    )
    identities = ["same", *(["namespace:65534", "user:65534"] if os.geteuid() == 0 else [])]
    with subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(identities)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        pids = json.loads(parent.stdout.readline())
        assert wait_until(lambda: all(command_of(pid).startswith("/bin/sleep") for pid in pids))
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not any(command_of(pid) for pid in pids))


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""


def test_a_second_cluster_can_be_had_for_one_test() -> None:
    with throw_away() as postgres, psycopg.connect(postgres.url(SUPERUSER, "postgres")) as session:
        found = session.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'kraken%' ORDER BY 1").fetchall()
        assert found == [("kraken_app",), ("kraken_owner",)]
        lower = session.execute("SELECT lower('ÅÉÑ')").fetchone()
        assert lower == ("åéñ",)
    assert not postgres.data.exists()
