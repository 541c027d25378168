"""Kill worker, web, Valkey and PostgreSQL with SIGKILL, fifty times each at random moments, and count.

Meanwhile workers purge and deliver, and people answer a form and ask for their data over HTTP (chaos_clients.py).
There are two workers and two web processes, and the older one dies: it is at work, while the other one starts.

`value` is how many rows went in a second with all the dying, `baseline` the same before the first kill, for interest
only. What matters is that it ends: with anything lost, left, half there or counted twice it stops and says what.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.chaos_clients import Clients
from benchmarks.measure import Plan, Result
from benchmarks.site import DATABASE, HOST, ROOT, Site, free_port, prepared
from kraken_privacy.embedded import process
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import OWNER, RUNTIME
from kraken_privacy.embedded.valkey import Valkey

VICTIMS = ("worker", "web", "valkey", "postgres")
SERVER = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "2", "--no-ws"]
# The longest that a victim lives on once the others are at work.
LIVES = 0.6
# How long a machine that does much else may take to start something, or to go on.
PATIENCE = 300
ITEMS_EACH = 3
DUE = "SELECT count(*) FROM subjects_itempurpose WHERE collected_on < '2025-01-01'"
# For how long a worker rests in a batch, so that there is something left for every kill.
SHORTEST, LONGEST, FIRST = 0.02, 5.0, 0.15


@dataclass
class Stage:
    """What is killed, and how it is made anew."""

    site: Site
    valkey: Valkey
    rest: Path
    log: Path
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    web: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VICTIMS, 0))

    def work(self) -> None:
        """Two workers and two web processes, the youngest last."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.workers.append(self._start(["-m", "benchmarks.chaos_rows", "work", str(self.rest)], {}))
        for port in self.ports:
            if port not in self.web or self.web[port].poll() is not None:
                self.web.pop(port, None)
                place = ["--host", HOST, "--port", str(port), "kraken_privacy.wsgi:application"]
                self.web[port] = self._start(["-m", "granian", *SERVER, *place], {"DB_POOL": "1"})

    def _start(self, arguments: list[str], extra: dict[str, str]) -> subprocess.Popen[bytes]:
        env = self.site.environment | {"DATABASE_URL": self.site.url(RUNTIME), "REDIS_URL": self.valkey.url(), **extra}
        with self.log.open("ab") as log:
            return process.start([sys.executable, *arguments], log=log, env=env, cwd=ROOT)

    def kill(self, victim: str) -> None:
        self.killed[victim] += 1
        if victim == "worker":
            _end(self.workers[0])
        elif victim == "web":
            _end(next(iter(self.web.values())))
        elif victim == "valkey" and self.valkey.server:
            _end(self.valkey.server)
            self.valkey.start(seconds=PATIENCE)
        elif victim == "postgres":
            self._crash()
        self.work()

    def _crash(self) -> None:
        """The server and every session at once, as when the power goes: nobody can still write what was in memory."""
        for pid in process.servers_in(self.site.postgres.data):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.site.postgres.server:
            _end(self.site.postgres.server)
        self.site.postgres.start(seconds=PATIENCE)

    def end(self) -> None:
        for one in (*self.workers, *self.web.values(), *filter(None, [self.valkey.server])):
            _end(one)

    def due(self) -> int:
        with psycopg.connect(self.site.postgres.url(SUPERUSER, DATABASE)) as session:
            row = session.execute(DUE).fetchone()
        assert row
        return int(row[0])


def _end(one: subprocess.Popen[bytes]) -> None:
    """With its children: a web process is two."""
    with suppress(ProcessLookupError):
        os.killpg(one.pid, signal.SIGKILL)
    one.wait()


def run(plan: Plan) -> Result:
    return chaos(kills=50, people=6_000, seed=plan.rounds)


def chaos(*, kills: int, people: int, seed: int) -> Result:
    random.seed(seed)
    with prepared() as site, tempfile.TemporaryDirectory(prefix="kraken-v-") as folder:
        place = Path(folder)
        stage = Stage(site, Valkey(place, place / "valkey.log"), place / "rest", place / "log")
        key = site.run("-m", "benchmarks.seed", role=OWNER).strip()
        site.run("-m", "benchmarks.chaos_rows", "load", str(people), str(ITEMS_EACH), role=OWNER)
        clients = Clients(f"Authorization: Api-Key {key}\r\n", lambda: stage.ports)
        stage.valkey.start(seconds=PATIENCE)
        try:
            seconds, done, before = _dying(stage, clients, kills)
            clients.stop()
            _to_the_end(stage)
        finally:
            clients.stop()
            stage.end()
        asked = place / "asked.json"
        asked.write_text(json.dumps([vars(ask) for ask in clients.asks]))
        found = json.loads(site.run("-m", "benchmarks.chaos_rows", "check", str(asked), role=OWNER))
    if found["wrong"] or clients.wrong:
        raise SystemExit(f"It does not add up: {found} {clients.wrong[:20]}")
    told = {"asked": len(clients.asks), "answered": clients.answered}
    details = {"killed": stage.killed, "rows_gone_when_the_last_died": done, "seconds": round(seconds), **told, **found}
    return Result("chaos", done / seconds, "rows/s", before, details)


def _dying(stage: Stage, clients: Clients, kills: int) -> tuple[float, int, float]:
    """Seconds of it, rows that went, and rows a second before it. A kill waits until all goes on, and a moment more."""
    order = [victim for victim in VICTIMS for _kill in range(kills)]
    random.shuffle(order)
    stage.rest.write_text(str(FIRST))
    stage.work()
    clients.start()
    began, left = time.monotonic(), stage.due()
    _until_it_goes_on(stage, clients, left, "the beginning")
    first, at_first = time.monotonic(), stage.due()
    before = (left - at_first) / (first - began)
    for number, victim in enumerate(order):
        left = stage.due()
        _until_it_goes_on(stage, clients, left, f"kill {number}")
        time.sleep(random.uniform(0, LIVES))  # noqa: S311
        stage.kill(victim)
        now_left = stage.due()
        if not now_left:
            raise SystemExit(f"Everything was gone after {number + 1} kills: begin with more people.")
        _adjust(stage.rest, went=left - now_left, share=now_left / (len(order) - number))
        line = f"{number + 1}/{len(order)} {victim}, {now_left} due, {clients.answered} of {len(clients.asks)} answered"
        print(line, file=sys.stderr, flush=True)
    return time.monotonic() - first, at_first - stage.due(), before


def _adjust(rest: Path, *, went: int, share: float) -> None:
    """Let the workers rest longer or shorter, so that what is due lasts until the last kill on any machine."""
    longer = 1.4 if went > share else 0.8
    rest.write_text(str(min(LONGEST, max(SHORTEST, float(rest.read_text()) * longer))))


def _until_it_goes_on(stage: Stage, clients: Clients, left: int, since: str) -> None:
    answered = clients.answered
    _wait(lambda: stage.due() < left and clients.answered > answered, stage, f"Nothing went any more after {since}.")


def _wait(is_so: Callable[[], bool], stage: Stage, why: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise SystemExit(f"{why}\n{stage.log.read_text(errors='replace')[-6000:]}")
        stage.work()
        time.sleep(0.05)


def _to_the_end(stage: Stage) -> None:
    """Once more, and then without dying; as long as anything goes, it is waited for."""
    stage.rest.write_text("0")
    for worker in stage.workers:
        _end(worker)
    stage.work()
    left = stage.due()
    while left:
        _wait(lambda before=left: stage.due() < before, stage, "The purge does not end.")
        left = stage.due()
    for worker in stage.workers:
        worker.wait(timeout=PATIENCE)
