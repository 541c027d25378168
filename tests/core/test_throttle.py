"""How often somebody may call: per key and per client, over all processes while Redis is there, safely without it."""

import time
from types import SimpleNamespace

import pytest
from redis import Redis

from core import apikeys, throttle
from core.throttle import take
from tests import make_consents as make
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db
FORM = "/api/v1/forms/join/"
ORIGIN = "https://www.example.com"
NOW = 1_800_000_000.0 - 1_800_000_000 % 60


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(throttle, "_counts", throttle._Counts())
    # One minute for all of a test; and Redis is there, however busy the machine is.
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: NOW, monotonic=time.monotonic))
    monkeypatch.setattr(throttle, "PATIENCE", PATIENCE)
    throttle.client.cache_clear()
    throttle._named.cache_clear()
    redis = throttle.client()
    redis.flushdb()
    yield redis
    redis.close()
    throttle.client.cache_clear()


@pytest.fixture
def away(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing"
    throttle.client.cache_clear()


def taken(name, limit, calls, now=NOW):
    return sum(take(name, limit, now=now) for _ in range(calls))


def another_process(monkeypatch):
    monkeypatch.setattr(throttle, "_counts", throttle._Counts())


@pytest.mark.parametrize("limit", [1, 7, 100, 999, 5000])
def test_exactly_as_many_as_allowed(limit):
    assert taken("a", limit, limit + 50) == limit
    assert taken("b", limit, 1) == 1
    assert taken("a", limit, 1, NOW + 60) == 1


@pytest.mark.parametrize("limit", [1, 7, 100, 999, 5000])
def test_each_process_counts_by_itself_without_redis(away, limit):
    assert taken("a", limit, limit + 50) == limit


def test_processes_count_together(monkeypatch):
    first = taken("a", 1000, 600)
    another_process(monkeypatch)
    second = taken("a", 1000, 600)
    assert first == 600
    # What the first took in hand and did not spend is lost: at most a hundredth.
    assert 390 <= second <= 400


def test_a_busy_caller_costs_few_round_trips(monkeypatch):
    trips = []
    real = throttle._taken
    monkeypatch.setattr(throttle, "_taken", lambda *args: trips.append(args) or real(*args))
    assert taken("a", 60_000, 3000) == 3000
    assert len(trips) == 5


def test_no_name_and_no_address_stands_in_redis(fresh):
    name = throttle._named("client", "7", "192.0.2.1")
    taken(name, 5, 3)
    keys = fresh.keys()
    assert keys
    assert not any(b"192.0.2" in key for key in keys)
    assert all(0 < fresh.ttl(key) <= 120 for key in keys)


def test_a_redis_that_hangs_costs_one_short_wait(monkeypatch, caplog):
    waits = []

    def hang(*args, **more):
        waits.append(args)
        raise TimeoutError

    monkeypatch.setattr(Redis, "pipeline", hang)
    assert taken("a", 100, 50) == 50
    assert len(waits) == 1
    assert len(caplog.records) == 1


def test_memory_is_bounded(away, monkeypatch):
    monkeypatch.setattr(throttle, "MOST_NAMES", 50)
    for number in range(500):
        take(f"n{number}", 10, now=NOW)
    assert len(throttle._counts.spare) <= 51


def is_refused(answer):
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["code"] == "throttled"
    return True


def test_a_key_has_its_own_limit(client, settings):
    settings.API_CALLS_PER_KEY = 3
    make.published()
    key, other = make.key(), make.key()
    assert [client.get(FORM, **key).status_code for _ in range(3)] == [200] * 3
    assert is_refused(client.get(FORM, **key))
    assert client.get(FORM, **other).status_code == 200


def test_a_key_in_browsers_is_limited_by_client_too(client, settings):
    settings.API_CALLS_PER_CLIENT = 2
    make.published()
    _row, text = apikeys.create("site", ["forms:read"], kind="publishable", origins=[ORIGIN])
    headers = {"Authorization": f"Api-Key {text}", "Origin": ORIGIN}
    here, there = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}
    assert [client.get(FORM, headers=headers, **here).status_code for _ in range(2)] == [200] * 2
    refused = client.get(FORM, headers=headers, **here)
    assert is_refused(refused)
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert client.get(FORM, headers=headers, **there).status_code == 200


def test_calls_without_a_key_are_limited_by_client(client, settings):
    settings.API_CALLS_PER_CLIENT = 1
    for expected in (404, 429):
        assert client.get("/api/v1/notices/privacy-policy/", REMOTE_ADDR="192.0.2.9").status_code == expected
