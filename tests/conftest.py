"""Fixtures of every test. The environment is set before this file is read: tests/plugin.py."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from django.test.utils import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.database import Snapshot, migrated_database, superuser_url
from tests.stack.fixtures import make_stack, running_stack  # noqa: F401  (fixtures for every folder)

# What every run tries. `--hypothesis-profile thorough` looks for longer. A busy machine is no failure in either.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis.register_profile("quick", max_examples=30, **PATIENT)
hypothesis.register_profile("thorough", max_examples=1000, **PATIENT)
hypothesis.load_profile("quick")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """Migrate as the owner, then let every test run as the runtime role."""
    with django_db_blocker.unblock(), migrated_database() as snapshot, _emptied_by_superuser(snapshot):
        django_db_blocker.block()
        yield
        django_db_blocker.unblock()


@contextmanager
def _emptied_by_superuser(snapshot: Snapshot) -> Iterator[None]:
    """The runtime role may not empty append-only tables, so after a transactional test a superuser does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: snapshot.restore())
        yield


@pytest.fixture(autouse=True)
def own_journal(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test wrote there is nothing that this one's database was written with. For its programs as well."""
    settings.JOURNAL_DIR = Path(tempfile.mkdtemp(dir=os.environ["JOURNAL_DIR"]))
    monkeypatch.setenv("JOURNAL_DIR", str(settings.JOURNAL_DIR))


@pytest.fixture(scope="session", autouse=True)
def fast_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_read_once() -> Iterator[None]:
    """Each client of a test starts the middleware anew, which would look at two hundred files every time."""
    with pytest.MonkeyPatch.context() as patch:
        read = WhiteNoiseMiddleware.add_files_from_finders
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", _remembered(read))
        yield


def _remembered(read: Callable[[WhiteNoiseMiddleware], None]) -> Callable[[WhiteNoiseMiddleware], None]:
    known: dict[tuple, dict] = {}

    def add(middleware: WhiteNoiseMiddleware) -> None:
        how = (middleware.static_prefix, middleware.static_root, middleware.max_age)
        if how not in known:
            read(middleware)
            known[how] = dict(middleware.files)
        middleware.files.update(known[how])

    return add


@pytest.fixture
def superuser_dsn(transactional_db: None) -> str:
    """The test database's address as a superuser, for tests that tamper. Only committed rows can be seen through it."""
    return superuser_url()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Missing, the test is skipped, or fails where REQUIRE_BROWSER says that it must run."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, but no Chromium was found: install one or set CHROMIUM to its path.")
    pytest.skip("No Chromium was found: install one or set CHROMIUM to its path.")
