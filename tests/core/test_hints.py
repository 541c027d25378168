"""A broker that is gone costs nobody anything: the row is there and a sweep finds it."""

import socket
import time

import pytest
from celery import current_app
from django.utils import timezone

from core import hints, outbox
from core.models import Outbox


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch):
    """Points Celery at an address for one test."""

    def point(url: str) -> None:
        monkeypatch.setattr(hints, "_quiet_until", 0.0)
        monkeypatch.setattr(current_app.conf, "broker_url", url)
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)
        current_app.amqp._producer_pool = None
        current_app._pool = None

    yield point
    current_app.amqp._producer_pool = None
    current_app._pool = None


def took(ids: tuple[int, ...] = (1,)) -> float:
    start = time.monotonic()
    assert hints.hint("core.tasks.deliver", *ids) is False
    return time.monotonic() - start


def test_refused_connection_is_swallowed_quickly(broker) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        broker(f"redis://127.0.0.1:{closed.getsockname()[1]}/0")
        assert took() < 1
        assert took() < 0.01, "after a failure it is quiet for a while"


def test_silent_broker_is_given_up_soon(broker) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        assert took() < 6
        assert took() < 0.01


@pytest.mark.django_db(transaction=True)
def test_message_is_kept_without_a_broker(broker, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    broker("redis://127.0.0.1:1/0")
    now = timezone.now()
    start = time.monotonic()
    outbox.post_mail(to="a@example.org", subject="s", text="t", about=None, now=now)
    assert time.monotonic() - start < 1
    assert Outbox.objects.count() == 1
    assert outbox.deliver_due(now=now) == 1
