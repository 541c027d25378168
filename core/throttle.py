"""How often somebody may call the API: counted for all processes in Redis while it is there, else in each by itself.

A count is kept per minute under a keyed hash, so no key and no address stands in Redis. A process takes a hundredth of
the limit at a time and spends it without asking again, so a busy caller costs one round trip in hundreds. What was
taken and not spent when the minute ends is lost: the limit is kept to within a hundredth for each process.
"""

import logging
import math
import threading
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.models import ApiKey
from core.network import network_of

WINDOW = 60
# After a failure Redis is left alone for a while, so that one that hangs costs one short wait and not one a request.
QUIET_SECONDS = 30.0
PATIENCE = 0.1
# A process forgets everything rather than remember more callers than this within one minute.
MOST_NAMES = 20_000
logger = logging.getLogger(__name__)


class Throttle(BaseThrottle):
    """Per key; for a key in browsers also per client; without a key per client."""

    def allow_request(self, request: Request, view: Any) -> bool:
        now = time.time()
        # Every limit counts every call, so that a refused caller cannot go on spending the key's.
        self.refused = [name for name, limit in self._limits(request) if not take(name, limit, now=now)]
        self.now = now
        return not self.refused

    def wait(self) -> float:
        return float(math.ceil(WINDOW - self.now % WINDOW))

    def _limits(self, request: Request) -> list[tuple[str, int]]:
        key = request.auth
        if not isinstance(key, ApiKey):
            return [(_named("client", network_of(request)), settings.API_CALLS_PER_CLIENT)]
        if key.kind == ApiKey.Kind.SECRET:
            return [(_named("key", str(key.pk)), settings.API_CALLS_PER_KEY)]
        client = _named("client", str(key.pk), network_of(request))
        return [(client, settings.API_CALLS_PER_CLIENT), (_named("key", str(key.pk)), settings.API_CALLS_PER_KEY)]


@lru_cache(maxsize=2048)
def _named(*identity: str) -> str:
    return f"throttle:{salted_hmac('core.throttle', '|'.join(identity), algorithm='sha256').hexdigest()[:32]}"


class _Counts:
    """What this process has in hand, and what it has counted by itself while Redis is away."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.window = -1
        self.spare: dict[str, int] = {}
        self.own: dict[str, int] = {}
        self.quiet_until = 0.0

    def turn(self, window: int) -> None:
        if window != self.window or len(self.spare) > MOST_NAMES:
            self.window, self.spare, self.own = window, {}, {}


_counts = _Counts()


def take(name: str, limit: int, *, now: float) -> bool:
    """Count one call; whether it is within the limit of this minute."""
    window = int(now // WINDOW)
    with _counts.lock:
        _counts.turn(window)
        spare = _counts.spare.get(name, 0)
        if spare > 0:
            _counts.spare[name] = spare - 1
            return True
    share = max(1, limit // 100)
    taken = _taken(f"{name}:{window}", share)
    with _counts.lock:
        if taken is None:
            taken = _counts.own[name] = _counts.own.get(name, 0) + share
        granted = min(share, limit - (taken - share))
        _counts.spare[name] = _counts.spare.get(name, 0) + max(granted - 1, 0)
    return granted > 0


def _taken(name: str, share: int) -> int | None:
    """How much all processes have taken together, this share included; None without Redis."""
    if time.monotonic() < _counts.quiet_until:
        return None
    try:
        with client().pipeline(transaction=False) as pipe:
            pipe.incrby(name, share)
            pipe.expire(name, 2 * WINDOW)
            return int(pipe.execute()[0])
    except (RedisError, OSError) as error:
        _counts.quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("calls are counted in each process by itself: %s", type(error).__name__)
        return None


@lru_cache(maxsize=1)
def client() -> Redis:
    """One pool per process. A request waits only a moment, and never twice."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
