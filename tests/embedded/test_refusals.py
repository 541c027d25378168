"""What stops `make run`: one clear sentence with the way out, never a traceback."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from tests.stack.stack import ROOT, RunningStack
from tests.waiting import PATIENCE

pytestmark = pytest.mark.stack


def refusal(stack: RunningStack) -> str:
    """What is said instead of starting; it is one line below the heading."""
    assert stack.launch().process.wait(PATIENCE) != 0
    lines = stack.screen.strip().splitlines()
    assert len(lines) == 2, stack.screen
    return lines[1]


def test_a_busy_port(make_stack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = refusal(make_stack(port=port))
    assert f"Port {port} on 127.0.0.1 is in use" in told
    assert "make run PORT=" in told


def test_a_port_that_is_none(make_stack) -> None:
    assert "PORT=http is not a port" in refusal(make_stack(port="http"))


def test_a_directory_that_cannot_be_written(make_stack, tmp_path: Path) -> None:
    (tmp_path / "var").touch()  # a file where the directory should be stops even root
    told = refusal(make_stack())
    assert "cannot be written" in told
    assert "KRAKEN_VAR" in told


def test_a_database_with_missing_files(make_stack, tmp_path: Path) -> None:
    (tmp_path / "var" / "postgres").mkdir(parents=True)
    (tmp_path / "var" / "postgres" / "PG_VERSION").write_text("18\n")
    told = refusal(make_stack())
    assert "is damaged" in told
    assert "KRAKEN_VAR" in told


def test_a_database_of_another_version(make_stack, tmp_path: Path) -> None:
    control = tmp_path / "var" / "postgres" / "global" / "pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes(bytes(8192))
    (tmp_path / "var" / "postgres" / "PG_VERSION").write_text("15\n")
    assert "made by PostgreSQL 15" in refusal(make_stack())


def test_keys_that_are_gone(make_stack, tmp_path: Path) -> None:
    control = tmp_path / "var" / "postgres" / "global" / "pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes(bytes(8192))
    (tmp_path / "var" / "postgres" / "PG_VERSION").write_text("18\n")
    told = refusal(make_stack())
    assert "secrets.env is missing" in told
    assert "restore it" in told


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 1", "Python 3.11 or newer is needed"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "lacks its venv module"),
    ],
)
def test_a_python_that_will_not_do(make_stack, tmp_path: Path, script: str, sentence: str) -> None:
    """Stand-ins for an old Python and for Debian's without python3-venv."""
    python = tmp_path / "python-stand-in"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    stack = make_stack(command=("make", "run", f"PYTHON={python}"), cwd=tmp_path)
    assert stack.launch().process.wait(PATIENCE) != 0
    told = [line for line in stack.screen.splitlines() if not line.startswith("make")]
    assert len(told) == 1
    assert sentence in told[0]
    assert not os.path.exists(tmp_path / ".venv")
