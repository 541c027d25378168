"""A process that is kept running: started again when it dies, more slowly each time, given up when it cannot live."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kraken_privacy.embedded import process
from kraken_privacy.embedded.problem import Problem

QUICK = 10.0  # seconds: a life shorter than this counts as a failed start
PATIENCE = 5  # failed starts in a row
SLOWLY = 30.0  # seconds between further tries of a service that the site can do without


@dataclass
class Service:
    """`needed` services end the whole stack when they cannot live; without the others the site goes on."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    log: Path
    needed: bool = True
    ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 8.0
    running: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = 0.0

    @property
    def pid(self) -> int | None:
        return self.running.pid if self.running and self.running.poll() is None else None

    def start(self) -> None:
        self.running, self.started = self.launch(), time.monotonic()

    def wait_until_ready(self, check_stop: Callable[[], None], seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not self.ready():
            check_stop()
            if self.pid is None or time.monotonic() > until:
                raise Problem(f"{self.name} did not start: {last_words(self.log)} (see {self.log}).")
            time.sleep(0.05)

    def tend(self, say: Callable[[str], None]) -> bool:
        """Look after it once. True when it was started again."""
        now = time.monotonic()
        if self.running is None:
            if now < self.due:
                return False
            self.start()
            return True
        if self.running.poll() is not None:
            self._bury(now, say)
        return False

    def _bury(self, now: float, say: Callable[[str], None]) -> None:
        assert self.running is not None  # noqa: S101  (for the type checker)
        code, lived = self.running.returncode, now - self.started
        # What it leaves of its group would otherwise go on working beside its successor.
        process.stop(self.running, with_signal=signal.SIGKILL, seconds=0)
        self.running = None
        self.failures = self.failures + 1 if lived < QUICK else 1
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"stopped with code {code}"
        if self.failures < PATIENCE:
            pause = 0.2 * 2**self.failures
            say(f"{self.name} {how}; starting it again.")
        else:
            self._give_up(how, say)
            pause = SLOWLY
        self.due = now + pause

    def _give_up(self, how: str, say: Callable[[str], None]) -> None:
        last = "\n".join(f"    {line}" for line in tail(self.log))
        text = f"{self.name} {how}, {self.failures} times in a row. The end of {self.log}:\n{last}"
        if self.needed:
            raise Problem(text)
        say(f"{text}\nThe site goes on without it; another try every {SLOWLY:.0f} s.")

    def ask_to_stop(self) -> None:
        if self.running and self.running.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.running.send_signal(self.stop_signal)

    def stop(self) -> None:
        if self.running:
            process.stop(self.running, with_signal=self.stop_signal, seconds=self.patience)
            self.running = None


def tail(log: Path, lines: int = 12) -> list[str]:
    try:
        return log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def last_words(log: Path) -> str:
    """The line that most likely says why."""
    lines = tail(log, 200)
    grave = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (grave or lines or ["it said nothing"])[-1].split("] ")[-1].strip()
