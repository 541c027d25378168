"""A broker that is gone costs nobody anything: the row is there and a sweep finds it."""

import base64
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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


def arrived(listening: socket.socket) -> int:
    """How many have connected by now. The kernel lets them in, whether or not somebody accepts."""
    listening.setblocking(False)
    number = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            number += 1
    return number


def test_a_refused_connection_is_swallowed_and_not_tried_again_for_a_while(broker, monkeypatch) -> None:
    waits: list[float] = []
    with socket.socket() as address:
        address.bind(("127.0.0.1", 0))
        broker(f"redis://127.0.0.1:{address.getsockname()[1]}/0")
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", waits.append)
            assert hints.hint("core.tasks.deliver", 1) is False
        # There it could connect now, if it tried.
        address.listen()
        assert hints.hint("core.tasks.deliver", 1) is False
        assert arrived(address) == 0
    assert waits == [], "between two tries it would have waited"


def test_a_silent_broker_is_tried_once_and_given_up(broker) -> None:
    """Without a limit to its patience it would wait for ever, and with it this test."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        assert hints.hint("core.tasks.deliver", 1) is False
        tried = arrived(silent)
        assert 1 <= tried <= 2
        assert hints.hint("core.tasks.deliver", 1) is False
        assert arrived(silent) == 0


@pytest.mark.django_db(transaction=True)
def test_message_is_kept_without_a_broker(broker, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    broker("redis://127.0.0.1:1/0")
    now = timezone.now()
    outbox.post_mail(to="a@example.org", subject="s", text="t", about=None, now=now)
    assert Outbox.objects.count() == 1
    assert outbox.deliver_due(now=now) == 1
