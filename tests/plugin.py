"""What must be in place before Django reads its settings: keys, directories, and the addresses of throw-away servers.

The controller starts one PostgreSQL and one Valkey for the whole run; xdist's workers find them in the environment.
With TEST_SUPERUSER_URL that server is used instead, and nothing is started in PostgreSQL's place.
"""

import base64
import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from kraken_privacy.embedded.cluster import throw_away
from kraken_privacy.embedded.dsn import change
from kraken_privacy.embedded.postgres import SUPERUSER
from kraken_privacy.embedded.roles import RUNTIME, drop_database, ensure_roles
from kraken_privacy.embedded.valkey import Valkey

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# Set by the controller, read by its workers. "KT" keeps them apart from settings of the application.
SERVER, VALKEY, FOLDER, RUN = "KT_SUPERUSER_URL", "KT_VALKEY_FOLDER", "KT_FOLDER", "KT_RUN"
# The migrated database that workers copy theirs from.
PATTERN = "test_{run}_pattern"
resources = ExitStack()


def key_ring(letter: str) -> str:
    """A key ring with one key, the same in every run: failures must be repeatable."""
    return "t1:" + base64.b64encode(letter.encode() * 32).decode()


def start_servers() -> None:
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="kraken-t-")))
    os.environ.update({FOLDER: str(folder), RUN: str(os.getpid()), VALKEY: str(folder)})
    valkey = Valkey(folder, folder / "valkey.log")
    resources.callback(valkey.stop)
    valkey.start()
    given = os.environ.get("TEST_SUPERUSER_URL")
    if given:
        ensure_roles(given)
        resources.callback(drop_database, given, PATTERN.format(run=os.getpid()))
    os.environ[SERVER] = given or resources.enter_context(throw_away()).url(SUPERUSER, "postgres")


def set_environment() -> None:
    folder = Path(os.environ[FOLDER]) / (WORKER or "main")
    for name in ("mail", "journal", "static"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    number = int(WORKER.removeprefix("gw") or 0) + 1 if WORKER else 0
    # Several people's runs may share one server, so the name carries the run.
    database = f"test_{os.environ[RUN]}{'_' + WORKER if WORKER else ''}"
    os.environ.update(
        {
            "SECRET_KEY": "test-" + "k" * 60,
            "MASTER_KEYS": key_ring("m"),
            "BLIND_INDEX_KEYS": key_ring("b"),
            "SUPPRESSION_KEYS": key_ring("s"),
            "SIGNING_KEYS": key_ring("g"),
            "DEMO_MODE": "1",
            "BASE_URL": "http://testserver",
            "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
            "MAIL_DIR": str(folder / "mail"),
            "JOURNAL_DIR": str(folder / "journal"),
            "STATIC_ROOT": str(folder / "static"),
            # All tests are one client; those about the limit set it themselves. From 200 on a process takes several at
            # a time (core/throttle.py), and would have some in hand.
            "FORM_POSTS_PER_CLIENT": "199",
            "DATABASE_URL": change(os.environ[SERVER], user=RUNTIME, dbname=database, password=""),
            "RUNTIME_DB_ROLE": RUNTIME,
            "DB_POOL": "0",
            # One step after the other, so that a test can look in between; those about several workers say so.
            "RETENTION_WORKERS": "1",
            "REDIS_URL": Valkey(Path(os.environ[VALKEY]), Path(os.devnull)).url(number),
        }
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """A wrapper runs before pytest-django's own hook, which imports the settings."""
    if not WORKER:
        start_servers()
    set_environment()
    return (yield)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: looking through it for garbage took a twentieth of the time."""
    gc.freeze()


def pytest_unconfigure() -> None:
    resources.close()


class ByFile(LoadScopeScheduling):
    """A file goes to one worker. So do all files of the folders that share the running stack: two would start two.

    xdist's own groups work by names in test ids, which this pytest no longer lets a plugin change.
    """

    SHARING = ("tests/stack/", "tests/e2e/")
    STACK = "the running stack"
    # Few tests, each of them long. Begun last, as xdist would, they keep one worker busy while the other has no more.
    LONG = (
        *(STACK, "tests/embedded/", "accessibility", "browser", "killed"),
        *("machine", "canary", "crowd", "restore", "round_trip", "projection", "banner"),
    )

    def _split_scope(self, nodeid: str) -> str:
        return self.STACK if nodeid.startswith(self.SHARING) else nodeid.split("::", 1)[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=self._turn), last=False)
        super()._assign_work_unit(node)

    def _turn(self, scope: str) -> tuple[int, int]:
        """What is long first, then what has many tests."""
        kind = next((place for place, mark in enumerate(self.LONG) if mark in scope), len(self.LONG))
        return kind, -len(self.workqueue[scope])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "load" else None
