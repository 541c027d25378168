"""As whom PostgreSQL may run: it refuses to be root."""

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kraken_privacy.embedded import process
from kraken_privacy.embedded.problem import Problem


@dataclass(frozen=True)
class Identity:
    """`word` is for child.py. `uid` is set when the files must belong to another user than ourselves."""

    word: str
    uid: int | None = None


def choose(binaries: Path, folder: Path | None) -> Identity:
    """Ourselves if we may; as root a user namespace, where files stay ours; failing that a real change of user.

    In a namespace root has no power over other people's directories, so it is tried out on `folder` and the programs.
    Without a folder the namespace is not wanted.
    """
    if os.geteuid() and _has_name(os.geteuid()):
        return Identity("same")
    uid = _unprivileged()
    inside = f"namespace:{uid}"
    # The variable lets the tests take the second way on a machine that offers the first.
    if folder and not os.environ.get("KRAKEN_NO_NAMESPACES") and _works(inside, binaries, folder):
        return Identity(inside)
    if os.geteuid():
        raise Problem("Your user id has no name on this machine, and PostgreSQL needs one: add it to /etc/passwd.")
    return Identity(f"user:{uid}", uid)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _unprivileged() -> int:
    """A user that is not root and has a name: initdb looks its own name up."""
    for name in ("nobody", "daemon"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    for user in pwd.getpwall():
        if user.pw_uid:
            return user.pw_uid
    raise Problem("PostgreSQL refuses to run as root and this machine has no other user: add one and try again.")


def _works(word: str, binaries: Path, folder: Path) -> bool:
    test: list[str | Path] = ["/bin/sh", "-c", 'test -x "$0/postgres" && test -w "$1"', binaries, folder]
    probe = process.command(test, identity=word, death=signal.SIGKILL)
    return subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
