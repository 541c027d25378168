"""A small HTTP/1.1 client: it keeps connections alive and costs little, for it shares the machine with the server."""

import socket
import threading
import time
from collections.abc import Callable

from benchmarks.site import HOST


class Connection:
    def __init__(self, port: int, *, patience: float = 30) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path: str, body: bytes, header: str = "") -> tuple[int, bytes]:
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n{header}"
        return self._ask(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def get(self, path: str, header: str = "") -> tuple[int, bytes]:
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{header}\r\n".encode())

    def _ask(self, message: bytes) -> tuple[int, bytes]:
        self.socket.sendall(message)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = bytes(received[:end])
        length = end + 4 + int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        # Put together as bytes, an answer of megabytes would be copied once for each part of it.
        while len(received) < length:
            received += self._receive()
        return int(head[9:12]), bytes(received[end + 4 :])

    def _receive(self) -> bytes:
        part = self.socket.recv(2**18)
        if not part:
            raise ConnectionError("The server closed the connection.")
        return part


def rate(port: int, send: Callable[[Connection], None], *, connections: int, seconds: float) -> float:
    """Calls per second over so many connections at once. `send` raises when the answer is not the right one."""
    counts, errors = [0] * connections, []
    barrier = threading.Barrier(connections + 1)

    def work(number: int) -> None:
        try:
            line = Connection(port)
            barrier.wait()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                send(line)
                counts[number] += 1
            line.socket.close()
        except BaseException as error:  # noqa: BLE001  (told to the main thread)
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=work, args=[number]) for number in range(connections)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(counts) / (time.monotonic() - started)
