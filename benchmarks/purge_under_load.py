"""How long a consent capture takes while a purge runs beside it, against without: the 99th percentile.

`value` and `baseline` are captures a second of the slowest hundredth (1/p99), so a ratio of 0.67 or more is within
1.5 times. Both halves are measured in turns over the same connections, with one client at a time for each core.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count

from benchmarks.client import Connection
from benchmarks.measure import Plan, Result
from benchmarks.site import ROOT, Site, serving
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import RUNTIME

PEOPLE, ITEMS_EACH, CONNECTIONS = 15_000, 5, 2
_numbers = count()


def run(plan: Plan) -> Result:
    with serving() as site:
        header = f"Authorization: Api-Key {site.run('-m', 'benchmarks.seed').strip()}\r\n"
        site.run("-m", "benchmarks.purge_rows", "load", str(PEOPLE), str(ITEMS_EACH), role=SUPERUSER)
        _captures(site, header, _never, 3)
        without = _captures(site, header, _never, plan.seconds * plan.rounds)
        done, beside = _beside(site, header)
        without += _captures(site, header, _never, plan.seconds * plan.rounds)
    before, during = _p99(without), _p99(beside)
    details = {
        "p99_ms": {"without": round(before * 1000, 1), "during": round(during * 1000, 1)},
        "p50_ms": {"without": _middle(without), "during": _middle(beside)},
        "captures": {"without": len(without), "during": len(beside)},
        "times_as_long": round(during / before, 2),
        "purge": {name: done[name] for name in ("needs", "workers", "seconds", "batch_ms")},
        "cores": os.cpu_count(),
    }
    return Result("purge_under_load", 1 / during, "1/p99", 1 / before, details)


def _beside(site: Site, header: str) -> tuple[dict[str, object], list[float]]:
    """What the purge told, and the times of the captures that were answered while it ran."""
    command = [sys.executable, "-m", "benchmarks.purge_rows", "purge"]
    env = site.environment | {"DATABASE_URL": site.url(RUNTIME)}
    purge = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while purge.poll() is None and site.one("SELECT count(*) FROM retention_batch") == 0:
        time.sleep(0.05)
    times = _captures(site, header, lambda: purge.poll() is not None, 600)
    told, _ = purge.communicate()
    if purge.returncode:
        raise SystemExit("The purge failed.")
    return json.loads(told), times


def _captures(site: Site, header: str, is_over: Callable[[], bool], seconds: float) -> list[float]:
    """Seconds that each capture took, one after the other on each connection."""
    times: list[float] = []
    until = time.monotonic() + seconds

    def work() -> None:
        line = Connection(site.port)
        while time.monotonic() < until and not is_over():
            body, began = _body(next(_numbers)), time.perf_counter()
            status, content = line.post("/api/v1/consents/", body, header)
            if status != 201:
                raise SystemExit(f"A capture was refused: {status} {content.decode()}")
            times.append(time.perf_counter() - began)
        line.socket.close()

    threads = [threading.Thread(target=work) for _connection in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _never() -> bool:
    return False


def _body(number: int) -> bytes:
    told = {"form": "benchmark", "version": 1, "locale": "en-GB", "choices": {"newsletter": True}}
    source = {"channel": "website", "url": "https://example.com/newsletter"}
    return json.dumps({**told, "identity": {"email": f"new{number}@example.com"}, "source": source}).encode()


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99) - 1]


def _middle(times: list[float]) -> float:
    return round(sorted(times)[len(times) // 2] * 1000, 1)
