"""Become another program that dies with its parent. Run as a script, so that it costs milliseconds and imports nothing.

    python -I -S child.py PARENT_PID SIGNAL IDENTITY program argument…

IDENTITY is "same", "namespace:UID" (a user namespace in which we are UID: PostgreSQL refuses to be root) or "user:UID"
(really become UID). The order matters: changing credentials clears the death signal, so it is set last.
"""

import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, signum: int = signal.SIGKILL) -> None:
    """Ask the kernel to send us `signum` when `parent` is gone; leave at once if it already is."""
    if sys.platform != "linux":
        return
    if _libc().prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os._exit(0)


def enter_namespace(uid: int) -> None:
    """Be `uid` in a user namespace of our own. Outside we stay who we are, so every file keeps its owner and mode."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if _libc().unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{uid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def become(identity: str) -> None:
    kind, _, number = identity.partition(":")
    if kind == "namespace":
        enter_namespace(int(number))
    elif kind == "user":
        os.setgroups([])
        os.setgid(int(number))
        os.setuid(int(number))


def main(arguments: list[str]) -> None:
    parent, signum, identity, *command = arguments
    os.umask(0o077)
    become(identity)
    die_with(int(parent), int(signum))
    if command:
        os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
