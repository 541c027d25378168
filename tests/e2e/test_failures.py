"""PostgreSQL is the truth: Valkey is emptied in the middle of a journey, a worker killed in the middle of a task."""

import os
import signal

import httpx
import psycopg
import pytest
from redis import Redis

from tests.e2e.browser import link_in, mail_to
from tests.e2e.people import APPROVED, PAST_CUSTOMER
from tests.stack.stack import RunningStack, processes_of, wait_until

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
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["requests"][0]["reference"]


def test_emptying_valkey_in_the_middle_of_a_journey_loses_nothing(running_stack: RunningStack) -> None:
    """The worker stands still, so that the hint to send is in the queue when the queue is emptied."""
    address = "flush.testperson@example.org"
    worker = running_stack.pids["worker"]
    children = [pid for pid, line in processes_of(running_stack.var).items() if "celery" in line and "worker" in line]
    for pid in {worker, *children}:
        os.kill(pid, signal.SIGSTOP)
    try:
        reference = file_request(running_stack, address)
        url = running_stack.shell("from django.conf import settings; print(settings.REDIS_URL)")
        Redis.from_url(url.replace("redis+socket://", "unix://")).flushall()
    finally:
        for pid in {worker, *children}:
            os.kill(pid, signal.SIGCONT)
    article = mail_to(running_stack, address, reference, seconds=90)
    page = httpx.get(link_in(article, "/rights/confirm/"))
    assert reference in page.text


def test_a_worker_killed_in_the_middle_of_a_purge_leaves_nothing_half_done(running_stack: RunningStack) -> None:
    """The purge is held at its first row by a lock, its worker killed with SIGKILL; the next sweep does it all."""
    address = "killed.testperson@example.org"
    running_stack.shell(PAST_CUSTOMER.format(address=address))
    before = running_stack.pids["worker"]
    with psycopg.connect(superuser(running_stack)) as holder:
        # Reading goes on, so that the set is seen to be the approved one, which may begin at any time from then.
        holder.execute("LOCK TABLE subjects_itempurpose IN EXCLUSIVE MODE")
        running_stack.shell(APPROVED.format(rule="support-records"))
        running_stack.shell("from retention.tasks import resume; resume.delay()")
        with psycopg.connect(superuser(running_stack), autocommit=True) as looker:
            blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'subjects_itempurpose'::regclass"
            assert wait_until(lambda: looker.execute(blocked).fetchone()[0] > 0, 60)
        for pid, line in processes_of(running_stack.var).items():
            if "celery" in line and "worker" in line:
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: running_stack.pids["worker"] != before, 60)
        holder.rollback()
    assert running_stack.shell(HELD.format(address=address)) == "4"
    running_stack.shell("from retention.tasks import resume; resume.delay()")
    assert wait_until(lambda: running_stack.shell(HELD.format(address=address)) == "0", 60)
    verified = running_stack.manage("ledger", "verify")
    assert verified.returncode == 0, verified.stdout


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
