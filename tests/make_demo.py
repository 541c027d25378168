"""The demo, loaded once for a whole module: each test works in a savepoint of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import transaction

KEY = "kp_demo_" + "k" * 43
PASSWORD = "correct horse battery staple"


def demo(*arguments: str) -> None:
    call_command("demo", *arguments, verbosity=0)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def loaded(monkeypatch_class, blocker, *arguments: str) -> Iterator[None]:
    with monkeypatch_class.context() as patch, blocker.unblock():
        patch.setenv("ADMIN_PASSWORD", PASSWORD)
        patch.setenv("DEMO_API_KEY", KEY)
        with undone():
            demo(*arguments)
            yield
