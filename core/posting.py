"""Posting to an address outside: the one that was checked is connected to, and nobody is followed elsewhere.

core.network.target_of looks the name up once and refuses networks that are not public.
"""

import ssl
import time
from collections.abc import Iterable, Mapping

import httpx

from core.network import Target

TIMEOUT = httpx.Timeout(20, connect=10)


def post(
    target: Target, content: bytes | Iterable[bytes], headers: Mapping[str, str], *, keep: int, deadline: float
) -> tuple[int, bytes]:
    """Status and the first `keep` bytes of the answer. Raises httpx.HTTPError; `deadline` is of time.monotonic()."""
    with (
        httpx.Client(timeout=TIMEOUT, trust_env=False, verify=ssl.create_default_context()) as client,
        client.stream(
            "POST",
            target.url,
            content=content,
            headers={
                "Host": target.host,
                "User-Agent": "Kraken-Privacy",
                "Accept-Encoding": "identity",
                **headers,
            },
            # The certificate is checked against the name, though the number is connected to.
            extensions={"sni_hostname": target.name},
        ) as response,
    ):
        return response.status_code, _beginning(response, keep, deadline)


def _beginning(response: httpx.Response, keep: int, deadline: float) -> bytes:
    found = b""
    for piece in response.iter_raw(1024):
        found += piece
        if len(found) >= keep or time.monotonic() > deadline:
            break
    return found[:keep]
