"""Another controller's server, as a process of its own: `receiving_server.py PORT FOLDER [CERTIFICATE]`.

What FOLDER/mode says decides how it behaves. It keeps one file for each Idempotency-Key and a line for each request.
"""

import base64
import hashlib
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[2])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        mode = (FOLDER / "mode").read_text()
        key = self.headers["Idempotency-Key"].strip('"')
        if mode == "stop-in-the-middle":
            self.rfile.read(100_000)
            self._wait_to_be_killed(key)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert self.headers["Content-Digest"] == f"sha-256=:{digest}:"
        known = (FOLDER / f"{key}.zip").exists()
        (FOLDER / f"{key}.zip").write_bytes(body)
        if mode == "stop-before-the-answer":
            self._wait_to_be_killed(key)
        self._log(key, known)
        statuses = {"redirect": 302, "refuse": 403, "busy": 503}
        self.send_response(statuses.get(mode, 201))
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        answer = json.dumps({"received": key, "again": known}).encode() + b" " * (200_000 if mode == "talk" else 0)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _wait_to_be_killed(self, key: str) -> None:
        self._log(key, False)
        time.sleep(600)

    def _log(self, key: str, known: bool) -> None:
        with (FOLDER / "log").open("a") as log:
            log.write(json.dumps({"key": key, "known": known, "manifest": self.headers["Kraken-Manifest"]}) + "\n")

    def log_message(self, *_args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
sys.stdout.write(f"{server.server_address[1]}\n")
sys.stdout.flush()
server.serve_forever()
