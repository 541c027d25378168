"""What the person at the terminal sees."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def say(text: str, *, end: str = "\n") -> None:
    """Print. A terminal that was closed must not keep us from stopping things in order."""
    try:
        print(text, end=end, flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (for as long as we live)


def complain(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """One line for one step: what is being done, then how long it took."""
    began = time.monotonic()
    say(f"  {text} … ", end="")
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f"done ({time.monotonic() - began:.1f} s)")


WELCOME = """
Kraken Privacy is running at {url}

  Admin site    {url}/admin/    user {user}    password {password}
  API key       {key}
  For browsers  {site_key}
                on pages of {site_origin} (examples/marketing-site)
  Outgoing mail {url}/dev/mail/

Three things to try:
  1. File a rights request as a member of the public: {url}/rights/
  2. Work it as the data protection officer: {url}/admin/
  3. Record a consent over the API (the form itself: GET {url}/api/v1/forms/newsletter/):
       curl {url}/api/v1/consents/ -H 'Authorization: Api-Key {key}' -H 'Content-Type: application/json' -d '{{
         "form": "newsletter", "version": 1, "locale": "en-GB", "identity": {{"email": "sam@example.com"}},
         "choices": {{"newsletter": true}}, "source": {{"channel": "website", "url": "https://example.com/"}}}}'

Data and logs are in {var}. Ctrl-C stops everything; `make run` brings it back with the same data.
"""
