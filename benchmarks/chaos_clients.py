"""People who answer a form or ask for their data over HTTP while everything dies, and what they were told.

Each has an Idempotency-Key. Who is not answered either gives up, or sends the same again until somebody answers; some
who were answered send it once more.
"""

import json
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from benchmarks.client import Connection

CLIENTS, PAUSE, PATIENCE = 3, 0.15, 20
PATHS = {"consent": "/api/v1/consents/", "request": "/api/v1/requests/"}
# What the answer calls the thing that was made.
NAMES = {"consent": "consent", "request": "case"}
# Nothing was made, and the same may be sent again: in flight, too many, or one of our servers is not there.
LATER = {409, 429, 500, 502, 503, 504}


@dataclass
class Ask:
    """`told` is the id in the answer, or nothing: then it may be there or not, but never in part."""

    number: int
    kind: str
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    told: str = ""
    times: int = 0


def address(number: int) -> str:
    return f"asked{number}@example.net"


@dataclass
class Clients:
    """`ports` says where web processes listen; a client takes any of them."""

    header: str
    ports: Callable[[], list[int]]
    asks: list[Ask] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answered: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._numbers = count()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _client in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(timeout=3 * PATIENCE)

    def _work(self) -> None:
        while not self.over.wait(random.uniform(0, PAUSE)):  # noqa: S311
            ask = Ask(next(self._numbers), random.choice(list(PATHS)))  # noqa: S311
            self.asks.append(ask)
            self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        gives_up = random.random() < 0.4  # noqa: S311
        while not self.over.is_set():
            told = self._send(ask)
            if told and ask.told not in ("", told):
                self.wrong.append(f"{ask.kind} {ask.number} was made twice")
            ask.told = told or ask.told
            if random.random() < 0.8 if told else gives_up:  # noqa: S311
                return
            self.over.wait(0.1)

    def _send(self, ask: Ask) -> str:
        """The id of what was made, or nothing when nobody said so."""
        ask.times += 1
        try:
            line = Connection(random.choice(self.ports()), patience=PATIENCE)  # noqa: S311
            with line.socket:
                header = f"{self.header}Idempotency-Key: {ask.key}\r\n"
                status, content = line.post(PATHS[ask.kind], _body(ask), header)
        except (OSError, ValueError, IndexError):
            return ""
        if status in LATER:
            return ""
        if status not in (201, 202):
            self.wrong.append(f"{ask.kind} {ask.number} was refused: {status} {content.decode(errors='replace')}")
            return ""
        self.answered += 1
        return str(json.loads(content)[NAMES[ask.kind]])


def _body(ask: Ask) -> bytes:
    if ask.kind == "request":
        requester = {"name": "Ada Example", "email": address(ask.number)}
        return json.dumps({"rights": ["access"], "requester": requester, "details": "Everything, please."}).encode()
    told = {"form": "benchmark", "version": 1, "locale": "en-GB", "choices": {"newsletter": True}}
    source = {"channel": "website", "url": "https://example.com/newsletter"}
    return json.dumps({**told, "identity": {"email": address(ask.number)}, "source": source}).encode()
