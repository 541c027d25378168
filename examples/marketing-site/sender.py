"""A sender that asks before each send. Standard library only; the secret key stays in the environment of this server.

KRAKEN_URL=http://127.0.0.1:8000/api/v1 KRAKEN_KEY=kp_… python sender.py 8090
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

URL, KEY = os.environ["KRAKEN_URL"], os.environ["KRAKEN_KEY"]
PATIENCE = float(os.environ.get("KRAKEN_SECONDS", "2"))


def may_send(purpose: str, addresses: list[str]) -> list[bool]:
    """One call for all of them. No answer is a "no": marketing is closed while the check is down."""
    body = json.dumps({"purpose": purpose, "channel": "email", "type": "email", "values": addresses}).encode()
    headers = {"Authorization": f"Api-Key {KEY}", "Content-Type": "application/json"}
    question = Request(f"{URL}/permissions/check/", body, headers)  # noqa: S310  (from our own environment)
    try:
        with urlopen(question, timeout=PATIENCE) as answer:  # noqa: S310
            return [result["allowed"] for result in json.load(answer)["results"]]
    except (OSError, ValueError, KeyError):
        return [False] * len(addresses)


class Sender(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        verdicts = may_send(job["purpose"], job["addresses"])
        sent = [address for address, allowed in zip(job["addresses"], verdicts, strict=True) if allowed]
        # Here a real sender would hand `sent` to its mail server.
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"sent": len(sent), "kept_back": len(verdicts) - len(sent)}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """The usual line would be of no use and could name somebody."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sender).serve_forever()
