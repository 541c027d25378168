"""`ROWS` writes a file of so many people and takes it in. Prints seconds, processor time and memory as JSON."""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.measure import cpu  # noqa: E402
from consents import importing  # noqa: E402

ROW = (
    '{{"email":"p{}@example.com","purpose":"newsletter","channel":"email",'
    '"status":"given","at":"{}","evidence":"F1"}}\n'
)


def main(rows: int) -> None:
    now = timezone.now()
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    with tempfile.TemporaryDirectory() as folder:
        path, tenth = Path(folder) / "rows.ndjson", Path(folder) / "tenth.ndjson"
        for file, first, last in ((tenth, 0, rows // 10), (path, rows // 10, rows)):
            with file.open("w") as out:
                out.writelines(ROW.format(number, now.isoformat()) for number in range(first, last))
        before, began = (cpu(os.getpid()), cpu(backend)), time.perf_counter()
        stored = importing.take(tenth, actor="system:benchmark", now=now).counts["stored"]
        memory = [_memory()]
        stored += importing.take(path, actor="system:benchmark", now=now).counts["stored"]
        seconds = time.perf_counter() - began
    memory.append(_memory())
    spent = {"python": round(cpu(os.getpid()) - before[0], 1), "postgres": round(cpu(backend) - before[1], 1)}
    print(json.dumps({"rows": {"stored": stored}, "seconds": round(seconds, 1), "cpu": spent, "memory_mb": memory}))


def _memory() -> int:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
