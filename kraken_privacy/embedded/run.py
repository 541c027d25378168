"""`make run`: everything in the foreground, in order, and nothing left behind however it ends.

Every process asks the kernel for a death signal (child.py), so even SIGKILL of this one stops them all. A later run
also looks for processes with the same mark and ends them before it starts its own.
"""

import argparse
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from kraken_privacy.demo import SITE_KEY, SITE_ORIGINS
from kraken_privacy.embedded import child, process
from kraken_privacy.embedded.checks import check_port, chosen_port
from kraken_privacy.embedded.home import Home
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.roles import OWNER, ensure_database, ensure_roles
from kraken_privacy.embedded.screen import WELCOME, complain, say, step
from kraken_privacy.embedded.service import Service, tail
from kraken_privacy.embedded.services import services_of
from kraken_privacy.embedded.stack import DATABASE, ROOT, Stack, assemble

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to stop. Not an Exception: nothing on the way may swallow it."""


def _stop(signum: int, frame: FrameType | None) -> None:
    # A second Ctrl-C while things are being stopped changes nothing: the kernel would do the same, less kindly.
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise Stopped


def listen_for_stop() -> None:
    for name in SIGNALS:
        # nohup ignores SIGHUP on purpose.
        if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _stop)


class Make:
    """The `make` that started us. Its death is ours; and a signal to it alone, which it keeps to itself, is seen.

    GNU make hands SIGTERM on to its children. On SIGINT and SIGHUP it only stops catching that signal and waits.
    """

    def __init__(self) -> None:
        self.pid = os.getppid()
        child.die_with(self.pid, signal.SIGTERM)
        self.caught = self._caught()

    def is_stopping(self) -> bool:
        return bool(self.caught & ~self._caught())

    def _caught(self) -> int:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        masks = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
        return int(masks[0], 16) & 0b100_0000_0000_0011 if masks else 0  # SIGTERM, SIGINT, SIGHUP


class Supervisor:
    def __init__(self, stack: Stack, make: Make | None) -> None:
        self.stack, self.make = stack, make
        self.services: list[Service] = []

    def bring_up(self) -> None:
        self._note_state()
        if not self.stack.postgres.data.exists():
            with step("Making a PostgreSQL data directory"):
                self.stack.postgres.initialise()
        for service in services_of(self.stack):
            if service.name == "web":
                self._prepare_database()
            with step(f"Starting {service.name}"):
                self.services.append(service)
                service.start()
                service.wait_until_ready(self._check_stop)
        self._note_state()

    def _prepare_database(self) -> None:
        url = self.stack.postgres.url(SUPERUSER, "postgres")
        ensure_roles(url)
        ensure_database(url, DATABASE)
        self._manage("Preparing the tables", "migrate", "--no-input", role=OWNER)
        self._manage("Loading the demo", "demo")

    def _manage(self, text: str, *arguments: str, role: str | None = None) -> None:
        """Run a management command, its output in the log of its name."""
        log = self.stack.home.logs / f"{arguments[0]}.log"
        env = self.stack.env(role) if role else self.stack.env()
        with step(text), log.open("ab") as output:
            command = self.stack.python("manage.py", *arguments)
            running = process.start(command, log=output, env=env, cwd=ROOT)
            while running.poll() is None:
                self._check_stop()
                time.sleep(0.05)
            if running.returncode != 0:
                raise Problem(f"{text} failed: {' '.join(tail(log, 1)).strip()} (the whole story is in {log}).")

    def wait_for_site(self, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        with step("Waiting for the site to answer"):
            while not answers(f"{self.stack.base_url}/healthz"):
                if time.monotonic() > until:
                    raise Problem(f"The site did not answer in {seconds:.0f} s; see {self.stack.home.logs}/web.log.")
                self.tend()
                time.sleep(0.1)

    def tend(self) -> None:
        self._check_stop()
        if [service for service in self.services if service.tend(say)]:
            self._note_state()

    def _check_stop(self) -> None:
        if self.make and self.make.is_stopping():
            raise Stopped

    def _note_state(self) -> None:
        pids = {service.name: service.pid for service in self.services}
        state = {"pid": os.getpid(), "base_url": self.stack.base_url, "port": self.stack.port, "pids": pids}
        self.stack.home.write_state(state)

    def bring_down(self) -> None:
        """Askers before the asked: beat, worker and web together, then Valkey, then PostgreSQL."""
        servers = self.services[:2]
        for service in self.services[2:]:
            service.ask_to_stop()
        for service in (*self.services[2:], *reversed(servers)):
            service.stop()
        process.clear(str(self.stack.home.var), [self.stack.home.var, self.stack.home.cluster], seconds=1)
        self.stack.home.forget_state()


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def prepare(environ: os._Environ[str]) -> Stack:
    port = chosen_port(environ)
    home = Home(Path(environ.get("KRAKEN_VAR") or ROOT / "var"))
    home.prepare()
    home.lock()
    # Nobody else holds the lock, so whatever carries our mark was left by a run that was killed.
    unclean = home.state.exists()
    if not process.clear(str(home.var), [home.var, home.cluster], seconds=10):
        raise Problem(f"Processes of an earlier run on {home.var} do not end: stop them and try again.")
    check_port(port, patience=5 if unclean else 0)
    return assemble(home, port)


def serve(stack: Stack, make: Make | None) -> None:
    supervisor = Supervisor(stack, make)
    try:
        supervisor.bring_up()
        supervisor.wait_for_site()
        keys = stack.secrets
        say(
            WELCOME.format(
                url=stack.base_url,
                user="dpo",
                password=keys["ADMIN_PASSWORD"],
                key=keys["DEMO_API_KEY"],
                site_key=SITE_KEY,
                site_origin=SITE_ORIGINS[0],
                var=stack.home.var,
            )
        )
        while True:
            supervisor.tend()
            time.sleep(0.2)
    except Stopped:
        say("\nStopping …")
    finally:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        supervisor.bring_down()
    say("Everything is stopped.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run Kraken Privacy on this machine.")
    parser.add_argument("--with-parent", action="store_true", help="stop when the parent process ends")
    options = parser.parse_args()
    os.umask(0o077)
    listen_for_stop()
    try:
        make = Make() if options.with_parent else None
        say("Starting Kraken Privacy")
        serve(prepare(os.environ), make)
    except Problem as problem:
        complain(str(problem))
        return 1
    except Stopped:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
