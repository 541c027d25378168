"""Kill worker, Valkey and PostgreSQL with SIGKILL, fifty times each at random moments of a purge, and count.

`value` is how many rows went in a second with all the dying, `baseline` the same before the first kill, for interest
only. What matters is that it ends: with anything lost, left, or counted twice it stops and says what.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.measure import Plan, Result
from benchmarks.site import DATABASE, ROOT, Site, prepared
from kraken_privacy.embedded import process
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import OWNER, RUNTIME
from kraken_privacy.embedded.valkey import Valkey

VICTIMS = ("worker", "valkey", "postgres")
# The longest that a victim lives on once the others are at work.
LIVES = 0.6
# How long a machine that does much else may take to start something, or to go on.
PATIENCE = 300
ITEMS_EACH = 3
DUE = "SELECT count(*) FROM subjects_itempurpose WHERE collected_on < '2025-01-01'"


@dataclass
class Stage:
    """What is killed, and how it is made anew."""

    site: Site
    valkey: Valkey
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VICTIMS, 0))

    def work(self) -> None:
        """Two workers on the run, as long as anything is due."""
        env = self.site.environment | {"DATABASE_URL": self.site.url(RUNTIME), "REDIS_URL": self.valkey.url()}
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            command = [sys.executable, "-m", "benchmarks.chaos_rows", "work"]
            self.workers.append(subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.DEVNULL))

    def kill(self, victim: str) -> None:
        self.restarts[victim] += 1
        if victim == "worker":
            worker = random.choice(self.workers)  # noqa: S311
            worker.kill()
            worker.wait()
        elif victim == "valkey" and self.valkey.server:
            self.valkey.server.kill()
            self.valkey.server.wait()
            self.valkey.start(seconds=PATIENCE)
        elif victim == "postgres":
            self._crash()

    def _crash(self) -> None:
        """The server and every session at once, as when the power goes: nobody can still write what was in memory."""
        for pid in process.servers_in(self.site.postgres.data):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self.site.postgres.server:
            self.site.postgres.server.kill()
            self.site.postgres.server.wait()
        self.site.postgres.start(seconds=PATIENCE)

    def due(self) -> int:
        with psycopg.connect(self.site.postgres.url(SUPERUSER, DATABASE)) as session:
            row = session.execute(DUE).fetchone()
        assert row
        return int(row[0])


def run(plan: Plan) -> Result:
    return chaos(kills=50, people=12_000, seed=plan.rounds)


def chaos(*, kills: int, people: int, seed: int) -> Result:
    random.seed(seed)
    with prepared() as site, tempfile.TemporaryDirectory(prefix="kraken-v-") as folder:
        place = Path(folder)
        stage = Stage(site, Valkey(place, place / "log"))
        stage.valkey.start()
        try:
            site.run("-m", "benchmarks.chaos_rows", "load", str(people), str(ITEMS_EACH), role=OWNER)
            began, before = time.perf_counter(), stage.due()
            _dying(stage, kills)
            seconds, done = time.perf_counter() - began, before - stage.due()
            _to_the_end(stage)
        finally:
            for worker in stage.workers:
                worker.kill()
                worker.wait()
            if stage.valkey.server:
                stage.valkey.server.kill()
                stage.valkey.server.wait()
        found = json.loads(site.run("-m", "benchmarks.chaos_rows", "check", role=OWNER))
    if found["wrong"]:
        raise SystemExit(f"It does not add up: {found}")
    details = {"killed": stage.restarts, "rows_gone_when_the_last_died": done, "seconds": round(seconds, 1), **found}
    return Result("chaos", done / seconds, "rows/s", before / seconds, details)


def _dying(stage: Stage, kills: int) -> None:
    """Each waits until work goes on, then for a random moment."""
    order = [victim for victim in VICTIMS for _kill in range(kills)]
    random.shuffle(order)
    for number, victim in enumerate(order):
        stage.work()
        left = stage.due()
        if not left:
            raise SystemExit(f"Everything was gone after {number} kills: begin with more people.")
        until = time.monotonic() + PATIENCE
        while stage.due() == left:
            if time.monotonic() > until:
                raise SystemExit(f"Nothing went any more after kill {number}.")
            stage.work()
            time.sleep(0.05)
        time.sleep(random.uniform(0, LIVES))  # noqa: S311
        stage.kill(victim)
        print(f"{number + 1}/{len(order)} {victim}, {left} left", file=sys.stderr, flush=True)


def _to_the_end(stage: Stage) -> None:
    while stage.due():
        stage.work()
        time.sleep(0.5)
    for worker in stage.workers:
        worker.wait(timeout=PATIENCE)
