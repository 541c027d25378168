"""A stack as a person starts it: `make run`'s own program as a process, its data directory and its secrets."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kraken_privacy.embedded import keyfile
from kraken_privacy.embedded.process import is_server_in
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = ("-m", "kraken_privacy.embedded.run")
# Reads programs as lines of JSON and runs each in a process of its own, which has everything imported and nothing
# connected. Answers with what it printed and how it failed.
PROMPT = """
import contextlib, io, json, os, sys, traceback
for line in sys.stdin:
    child = os.fork()
    if not child:
        told, failed = io.StringIO(), ""
        try:
            with contextlib.redirect_stdout(told):
                exec(json.loads(line), {})
        except BaseException:
            failed = traceback.format_exc()
        print(json.dumps([told.getvalue(), failed]), flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print('["", "The process was killed."]', flush=True)
"""


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes_of(var: Path) -> dict[int, str]:
    """Every process that has this data directory in its environment or command line, or is a server working in it."""
    mine = {os.getpid(), os.getppid()}
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in mine:
            continue
        with contextlib.suppress(OSError):
            told = entry.joinpath("environ").read_bytes() + entry.joinpath("cmdline").read_bytes()
            if os.fsencode(var) in told or is_server_in(int(entry.name), var):
                found[int(entry.name)] = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def hear_hangups() -> None:
    """As at a terminal, also when the tests were started by nohup or in the background, which hand deafness on."""
    for name in (signal.SIGHUP, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)


@dataclass
class RunningStack:
    """`pids` are re-read at each look: a service that died has another one."""

    var: Path
    port: int = field(default_factory=free_port)
    command: tuple[str, ...] = (sys.executable, *RUN)
    cwd: Path = ROOT
    extra_env: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, int] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    starts: int = 0
    modes_before: Mapping[str, str] = field(default_factory=dict)
    prompt: subprocess.Popen | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secrets(self) -> dict[str, str]:
        return keyfile.read(self.var / "secrets.env")

    @property
    def admin_password(self) -> str:
        return self.secrets["ADMIN_PASSWORD"]

    @property
    def api_key(self) -> str:
        return self.secrets["DEMO_API_KEY"]

    @property
    def mail_dir(self) -> Path:
        return self.var / "mail"

    @property
    def state(self) -> dict:
        return json.loads((self.var / "run" / "state.json").read_text())

    @property
    def pids(self) -> dict[str, int]:
        """By name: PostgreSQL, Valkey, web, worker, beat."""
        return self.state["pids"]

    @property
    def screen(self) -> str:
        """What the person at the terminal has seen so far."""
        return self.output.read_text()

    @property
    def output(self) -> Path:
        return self.var.with_name(self.var.name + ".screen")

    def env(self) -> dict[str, str]:
        """As bare as it gets: nothing of the tests' own environment reaches the stack."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        mine = {"HOME": str(self.var.parent), "KRAKEN_VAR": str(self.var), "PORT": str(self.port)}
        return {**kept, **mine, **self.extra_env}

    def launch(self) -> "RunningStack":
        """Start it without waiting."""
        if self.process:
            self.process.wait(PATIENCE)  # an earlier one, whose end the test has brought about
        self.output.touch()
        with self.output.open("ab") as screen:
            self.process = subprocess.Popen(
                self.command, env=self.env(), cwd=self.cwd, stdout=screen, stderr=screen, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=hear_hangups, **self.user,
            )  # fmt: skip
        return self

    def start(self, seconds: float = 300.0) -> "RunningStack":
        """Start it and wait until it says that it runs."""
        already = self.output.read_text().count("is running at") if self.output.exists() else 0
        self.launch()
        is_up = lambda: self.screen.count("is running at") > already  # noqa: E731
        wait_until(lambda: is_up() or self.process.poll() is not None, seconds)
        assert is_up(), self.screen
        return self

    def stop(self, signum: int = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Send the signal to the parent and wait for it to end."""
        self.close_prompt()
        self.process.send_signal(signum)
        return self.process.wait(seconds)

    def restart(self) -> "RunningStack":
        self.stop()
        return self.start()

    def is_gone(self, seconds: float = PATIENCE) -> bool:
        return wait_until(lambda: not processes_of(self.var), seconds)

    def end(self) -> None:
        """Whatever a test left, nothing of it goes on."""
        self.close_prompt()
        if self.process and self.process.poll() is None:
            self.stop()
        for pid in processes_of(self.var):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def shell(self, code: str) -> str:
        """What a program prints that runs in the stack's environment. One interpreter for all: each takes seconds."""
        if self.prompt is None or self.prompt.poll() is not None:
            command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", PROMPT]
            self.prompt = subprocess.Popen(
                command, env=self.env(), cwd=self.cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self.prompt.stdin.write(json.dumps(code) + "\n")
        self.prompt.stdin.flush()
        told, failed = json.loads(self.prompt.stdout.readline() or '["", "The interpreter has ended."]')
        assert not failed, failed
        return told.strip()

    def close_prompt(self) -> None:
        if self.prompt:
            self.prompt.communicate()
            self.prompt = None

    def manage(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess:
        """A management command in the stack's environment, e.g. `manage("purge", "--commit")`."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, env=self.env(), cwd=self.cwd, capture_output=True, text=True, input=stdin, check=False
        )
