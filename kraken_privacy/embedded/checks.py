"""What is looked at before anything is started."""

import contextlib
import socket
import time
from collections.abc import Mapping

from kraken_privacy.embedded.problem import Problem

HOST = "127.0.0.1"


def chosen_port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Problem(f"PORT={text} is not a port: choose a number from 1 to 65535.")
    return int(text)


def check_port(port: int, *, patience: float = 0.0) -> None:
    """Raises Problem when the port cannot be ours. A stack that has just been killed may need a moment to let go."""
    until = time.monotonic() + patience
    while True:
        try:
            with contextlib.closing(socket.socket()) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
                return
        except PermissionError as error:
            raise Problem(f"Port {port} is reserved for root: choose another one, e.g. make run PORT=8001.") from error
        except OSError as error:
            if time.monotonic() >= until:
                free = 8001 if port == 8000 else 8000
                raise Problem(
                    f"Port {port} on {HOST} is in use by another program: choose another, e.g. make run PORT={free}."
                ) from error
        time.sleep(0.1)
