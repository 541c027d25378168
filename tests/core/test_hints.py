"""A broker that is gone costs nobody anything: the row is there and a sweep finds it."""

import base64
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from django.utils import timezone
from redis import Redis

from core import hints, outbox
from core.models import Outbox


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch):
    """Points Celery at an address for one test."""

    def point(url: str) -> None:
        monkeypatch.setattr(hints, "_quiet_until", 0.0)
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)

    return point


def test_hint_arrives_with_ids_only(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """On the broker of this test run, from a thread such as a web server's."""
    monkeypatch.setattr(hints, "_quiet_until", 0.0)
    queue = Redis.from_url(settings.REDIS_URL)
    queue.delete("celery")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(hints.hint, "core.tasks.deliver", 42).result() is True
    message = json.loads(queue.lpop("celery"))
    queue.close()
    assert message["headers"]["task"] == "core.tasks.deliver"
    assert json.loads(base64.b64decode(message["body"]))[0] == [42]


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
