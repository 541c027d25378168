"""Builders for data that go straight to another controller, and the other side: a real server."""

import json
import subprocess
import sys
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from threading import Thread

from core import outbox
from core.models import Outbox
from requests import porting, transfers
from tests import make_office as make
from tests.waiting import wait_until

NOW, OFFICER = make.NOW, make.OFFICER
LOOPBACK = [ip_network("127.0.0.0/8")]
SERVER = Path(__file__).parent / "requests" / "receiving_server.py"


class Receiver:
    """The other side: a process that can be killed and come back on the same port."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, 0, None

    def start(self, mode="take", certificate=""):
        (self.folder / "mode").write_text(mode)
        command = [
            sys.executable,
            str(SERVER),
            str(self.port),
            str(self.folder),
            *([certificate] if certificate else []),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    @property
    def log(self):
        path = self.folder / "log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def kept(self):
        return sorted(self.folder.glob("*.zip"))

    @contextmanager
    def killed_once_it_has_begun(self):
        def wait():
            wait_until(lambda: self.log)
            self.process.kill()

        killer = Thread(target=wait)
        killer.start()
        yield
        killer.join()
        self.stop()


@contextmanager
def receiving(folder, settings):
    """A receiver that is stopped in the end, and that we may send to."""
    settings.OUTGOING_NETWORKS = LOOPBACK
    made = Receiver(folder)
    yield made
    made.stop()


def prepared(mailbox):
    """A request for portable data whose set is ready."""
    make.register()
    make.person("newsletter")
    made = make.confirmed("portability", mailbox=mailbox).requests.get()
    porting.prepare(made, actor=OFFICER, now=NOW)
    return made


def instruct(found, port=443, **given):
    values = {
        "name": "Octopus Ltd",
        "address": f"http://127.0.0.1:{port}/take?from=kraken",
        "words": "Send it to Octopus.",
        "told": "request",
        **given,
    }
    return transfers.instruct(found, **values, actor=OFFICER, now=NOW)


def deliver(at=NOW):
    row = Outbox.objects.get(kind="transfer", sent_at=None, dead_at=None)
    return outbox.deliver_one(row.pk, now=at)
