"""PostgreSQL is the truth: Valkey is emptied in the middle of a journey, a worker killed in the middle of a task."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from redis import Redis

from tests.e2e.browser import link_in, mail_to
from tests.e2e.people import APPROVED, PAST_CUSTOMER
from tests.stack.stack import RunningStack, processes_of
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.stack


def file_request(stack: RunningStack, address: str) -> str:
    answer = httpx.post(
        f"{stack.base_url}/api/v1/requests/",
        headers={"Authorization": f"Api-Key {stack.api_key}"},
        json={
            "rights": ["access"],
            "requester": {"name": "Testperson Flush", "email": address},
            "details": "",
            "channel": "phone",
        },
        timeout=PATIENCE,
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["requests"][0]["reference"]


def celery_of(stack: RunningStack, name: str) -> list[int]:
    """The processes of worker or beat."""
    return [pid for pid, line in processes_of(stack.var).items() if "celery" in line and name in line]


@contextmanager
def standing_still(stack: RunningStack, name: str) -> Iterator[None]:
    stopped = celery_of(stack, name)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def test_emptying_valkey_in_the_middle_of_a_journey_loses_nothing(running_stack: RunningStack) -> None:
    """The worker stands still, so that the hint to send is in the queue when the queue is emptied."""
    address = "flush.testperson@example.org"
    with standing_still(running_stack, "worker"):
        reference = file_request(running_stack, address)
        url = running_stack.shell("from django.conf import settings; print(settings.REDIS_URL)")
        Redis.from_url(url.replace("redis+socket://", "unix://")).flushall()
    article = mail_to(running_stack, address, reference, seconds=90)
    page = httpx.get(link_in(article, "/rights/confirm/"), timeout=PATIENCE)
    assert reference in page.text


def test_a_worker_killed_in_the_middle_of_a_purge_leaves_nothing_half_done(running_stack: RunningStack) -> None:
    """The purge is held at its first row by a lock, its worker killed with SIGKILL; the next sweep does it all."""
    address = "killed.testperson@example.org"
    running_stack.shell(PAST_CUSTOMER.format(address=address))
    # Beat, which has runs resumed every minute, stands still: a new worker begins when it is told to.
    with standing_still(running_stack, "beat"), psycopg.connect(superuser(running_stack), autocommit=True) as looker:
        killed_at_work(running_stack, looker)
        assert running_stack.shell(HELD.format(address=address)) == "4"
        running_stack.shell("from retention.tasks import resume; resume.delay()")
        assert wait_until(lambda: running_stack.shell(HELD.format(address=address)) == "0", every=1)
    verified = running_stack.manage("ledger", "verify")
    assert verified.returncode == 0, verified.stdout


def killed_at_work(stack: RunningStack, looker: psycopg.Connection) -> None:
    """Until the server has noticed, too: it goes on with a statement that nobody waits for any more."""
    before = stack.pids["worker"]
    with psycopg.connect(superuser(stack)) as holder:
        # Reading goes on, so that the set is seen to be the approved one, which may begin at any time from then.
        holder.execute("LOCK TABLE subjects_itempurpose IN EXCLUSIVE MODE")
        stack.shell(APPROVED.format(rule="support-records"))
        stack.shell("from retention.tasks import resume; resume.delay()")
        asking = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'subjects_itempurpose'::regclass"
        assert wait_until(lambda: looker.execute(asking).fetchall())
        blocked = [pid for (pid,) in looker.execute(asking).fetchall()]
        for pid in celery_of(stack, "worker"):
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: stack.pids["worker"] not in (before, None))
        holder.rollback()
    left = "SELECT FROM pg_stat_activity WHERE pid = ANY(%s)"
    assert wait_until(lambda: not looker.execute(left, [blocked]).rowcount)


def superuser(stack: RunningStack) -> str:
    """The stack's own socket, which only its owner can open."""
    code = (
        "from django.db import connection as c; c.ensure_connection(); i = c.connection.info;"
        "from psycopg.conninfo import make_conninfo as m; print(m(host=i.host, dbname=i.dbname, user='postgres'))"
    )
    return stack.shell(code)


HELD = (
    "from subjects.people import find; from subjects.identifiers import Claim;"
    "person = find([Claim('email', '{address}')]); print(person.items.count() if person else 0)"
)
