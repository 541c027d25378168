"""One line for each request: method, route, status, milliseconds, request id. No address, no query, no client."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from core import logs
from core.once import held

HEADER = "X-Request-ID"
# What a proxy in front of us would make up. An address or a name with a space does not fit.
_SANE = re.compile(r"[A-Za-z0-9-]{8,64}")
# Asked every few seconds by whatever watches us.
_PROBES = {"/healthz", "/readyz"}
logger = logging.getLogger("kraken.access")


class AccessLogMiddleware:
    """Outermost, so that the time is all of the time and every line written meanwhile carries the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        number = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token, reading = logs.current.set(number), held.set({})
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers[HEADER] = number
            level = logging.DEBUG if request.path_info in _PROBES else logging.INFO
            if logger.isEnabledFor(level):
                _write(level, request, response.status_code, began)
        finally:
            logs.current.reset(token)
            held.reset(reading)
        return response


def _write(level: int, request: HttpRequest, status: int, began: float) -> None:
    # A method can be any word, so only those that exist are repeated.
    method = request.method if request.method in _METHODS else "OTHER"
    route, took = logs.route_of(request), round((time.perf_counter() - began) * 1000, 1)
    extra = {"method": method, "route": route, "status": status, "ms": took}
    logger.log(level, "%s %s %s %s ms", method, route, status, took, extra=extra)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
