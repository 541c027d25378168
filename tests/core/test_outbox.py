"""What leaves, leaves at least once, with one Message-ID, and nothing of it stays behind."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from core import hints, outbox, tasks
from core.models import DataKey, Outbox, Owner

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _memory(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_quiet_until", float("inf"))


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list:
    """A webhook carrier that remembers; a test may make it fail by setting `carried.fails`."""
    seen = []
    monkeypatch.setitem(outbox._carriers, Outbox.Kind.WEBHOOK, lambda row, payload: seen.append((row, payload)))
    return seen


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(row: Outbox, payload: dict) -> None:
        raise ConnectionRefusedError("to ada@example.org")

    monkeypatch.setitem(outbox._carriers, Outbox.Kind.WEBHOOK, fail)


def post(about: uuid.UUID | None = None) -> Outbox:
    return outbox.post(Outbox.Kind.WEBHOOK, {"secret": "sesame"}, about=about, now=NOW)


def keys() -> int:
    return DataKey.objects.filter(owner=Owner.OUTBOX).count()


def test_mail_goes_out_and_leaves_nothing() -> None:
    row = outbox.post_mail(
        to="ada@example.org", subject="Your\nrequest", text="Hello", html="<p>Hello</p>", about=None, now=NOW
    )
    assert b"ada" not in bytes(Outbox.objects.get().payload)
    assert outbox.deliver_due(now=NOW) == 1
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["ada@example.org"], "Your request", "Hello")
    assert sent.extra_headers["Message-ID"] == f"<{row.uuid}@testserver>"
    row.refresh_from_db()
    assert (row.payload, row.lease, row.sent_at - NOW < timedelta(seconds=5)) == (None, None, True)
    assert keys() == 0
    assert outbox.deliver_due(now=LATER) == 0


def test_rolled_back_message_never_was(carried: list) -> None:
    with transaction.atomic():
        post()
        transaction.set_rollback(True)
    assert outbox.deliver_due(now=NOW) == 0
    assert keys() == 0


def test_two_workers_at_once_send_each_once(carried: list) -> None:
    for _ in range(20):
        post()
    start, delivered = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        delivered.append(outbox.deliver_due(now=NOW))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(delivered) == len(carried) == len({row.pk for row, _ in carried}) == 20


def test_crash_after_sending_sends_again_with_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.post_mail(to="a@example.org", subject="s", text="t", about=None, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_delivered", _killed)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver_due(now=NOW)
    assert outbox.deliver_due(now=NOW + timedelta(seconds=60)) == 0, "the lease still holds"
    assert outbox.deliver_due(now=NOW + outbox.LEASE + timedelta(seconds=1)) == 1
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox)
    assert first == second


def _killed(*args, **options) -> None:
    raise KeyboardInterrupt


def test_failure_waits_longer_each_time_then_dies(broken: None) -> None:
    row, now, waits = post(), NOW, []
    for _ in range(outbox.ATTEMPTS):
        assert outbox.deliver_due(now=now) == 0
        row.refresh_from_db()
        waits.append(round((row.due_at - now).total_seconds()))
        now = row.due_at + timedelta(seconds=1)
    assert waits == sorted(waits)
    assert waits[0] == 15
    assert 30 < sum(waits[:-1]) / 3600 < 40
    assert row.dead_at is not None
    assert row.error == "ConnectionRefusedError", "the kind of the failure, never its text"
    assert outbox.deliver_due(now=LATER + timedelta(days=30)) == 0


def test_dead_letter_is_replayed(broken: None, request) -> None:
    row = post()
    with pytest.raises(outbox.NotReplayable):
        outbox.replay(row, now=NOW)
    Outbox.objects.update(dead_at=NOW, attempts=outbox.ATTEMPTS)
    outbox.replay(row, now=LATER)
    carried = request.getfixturevalue("carried")
    assert outbox.deliver_due(now=LATER) == 1
    assert carried[0][1] == {"secret": "sesame"}


def test_message_whose_key_is_gone_dies_at_once(carried: list) -> None:
    row = post()
    DataKey.objects.filter(owner=Owner.OUTBOX).delete()
    assert not outbox.deliver_one(row.pk, now=NOW)
    row.refresh_from_db()
    assert row.dead_at == NOW
    assert not carried


def test_erasing_someone_erases_what_waits(carried: list) -> None:
    ada, other = uuid.uuid4(), uuid.uuid4()
    post(ada)
    dead = post(ada)
    kept = post(other)
    Outbox.objects.filter(pk=dead.pk).update(dead_at=NOW)
    assert outbox.forget(ada) == 2
    assert list(Outbox.objects.values_list("pk", flat=True)) == [kept.pk]
    assert keys() == 1
    assert outbox.deliver_due(now=NOW) == 1


def test_tasks_are_doors(carried: list) -> None:
    row = outbox.post(Outbox.Kind.WEBHOOK, {}, about=None, now=datetime.now(tz=UTC))
    tasks.deliver(row.pk)
    tasks.deliver(row.pk)
    tasks.sweep_outbox()
    tasks.sweep_idempotency()
    assert len(carried) == 1


def test_delivered_rows_go_after_a_month(carried: list) -> None:
    post()
    outbox.deliver_due(now=NOW)
    assert outbox.sweep(now=NOW + outbox.KEPT) == 0
    assert outbox.sweep(now=NOW + outbox.KEPT + timedelta(minutes=1)) == 1
