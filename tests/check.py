"""`make check`: everything that can be told without running the product. Each check runs, whatever the others said."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = "c1:" + "Y2hlY2s" * 6 + "Y="
MANAGE = (sys.executable, "manage.py")


def python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def environment(**more: str) -> dict[str, str]:
    """Settings as in production. No check talks to a database, and this address leads nowhere."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    keys = dict.fromkeys(("MASTER_KEYS", "BLIND_INDEX_KEYS", "SUPPRESSION_KEYS", "SIGNING_KEYS"), KEY)
    return {
        **kept,
        **keys,
        "SECRET_KEY": "check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRST",
        "DATABASE_URL": "postgres://kraken_app@/none?host=/nonexistent",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def templates() -> list[str]:
    return [str(path) for path in sorted(ROOT.glob("templates/**/*.html"))]


def checks() -> dict[str, tuple[str, ...]]:
    found = {
        "format": python("ruff", "format", "--check", "--quiet", "."),
        "lint": python("ruff", "check", "--quiet", "."),
        "types": python("mypy", "--no-error-summary", "."),
        "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
        "deployment": (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
    }
    if templates():
        found["templates"] = (
            str(Path(sys.executable).parent / "djade"),
            "--check",
            "--target-version",
            "5.2",
            *templates(),
        )
    return found


def run(name: str, command: tuple[str, ...]) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    return report(name, began, "" if done.returncode == 0 else done.stdout + done.stderr)


def api_description() -> bool:
    """The committed description is the one that the views give."""
    began = time.monotonic()
    command = (*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        return report("API description", began, done.stdout + done.stderr)
    committed = ROOT / "docs" / "openapi.json"
    if "--write" in sys.argv:
        committed.write_text(done.stdout)
    same = committed.is_file() and committed.read_text().strip() == done.stdout.strip()
    hint = "docs/openapi.json is out of date: write it with `.venv/bin/python -m tests.check --write` and commit it."
    return report("API description", began, "" if same else hint)


def report(name: str, began: float, trouble: str) -> bool:
    line = f"  {name:<16}{'FAILED' if trouble else 'ok':<8}{time.monotonic() - began:5.1f} s"
    print("\n".join(filter(None, (line, trouble.strip()))), flush=True)  # noqa: T201
    return not trouble


def main() -> int:
    """The type checker takes as long as all others together, so it begins first and they go on beside it."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = checks()
        longest = pool.submit(run, "types", found.pop("types"))
        others = [pool.submit(run, name, command) for name, command in found.items()]
        others.append(pool.submit(api_description))
        results = [one.result() for one in (longest, *others)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
