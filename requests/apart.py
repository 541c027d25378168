"""Opens what came from outside in a process of its own: with limits, without our keys, and nothing of ours to break.

The program is requests/sheets.py. It gets the file on its standard input and an environment without any secret.
"""

import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

TIMEOUT = 90
SENTENCES = {
    "encrypted": _("This file has a password. Save it without one, then add it again."),
    "too-many-pages": _("This file has more than 200 pages. Divide it, then add the parts."),
    "too-deep": _("Mails lie in mails too deep here. Save the inner ones, then add them one by one."),
    "too-much": _("This file unpacks to far more than a document would, so it was not opened."),
    "unknown": _("This kind of file cannot be shown. Print it to PDF, then add that."),
    "broken": _("This file cannot be read. Open it in its own program and print it to PDF, then add that."),
}


class Unshowable(DomainError):
    code = "unshowable"

    def __init__(self, why: str) -> None:
        super().__init__(SENTENCES.get(why, SENTENCES["broken"]))


def to_pages(content: bytes, kind: str) -> tuple[bytes, int]:
    """A PDF of what the file shows, and its pages. Raises Unshowable with a sentence that says what to do."""
    number, _line, pages = _run(content, do="to_pages", kind=kind).partition(b"\n")
    return pages, int(number)


def show(pages: bytes, page: int, boxes: list[list[int]]) -> bytes:
    """One page as a PNG, boxes veiled."""
    return _run(pages, do="show", page=page, boxes=boxes)


def find(pages: bytes, words: list[str]) -> list[list[int]]:
    """Where the words stand: [page, left, top, right, bottom]."""
    found: list[list[int]] = json.loads(_run(pages, do="find", words=words))
    return found


def black(pages: bytes, boxes: dict[int, list[list[int]]]) -> bytes:
    """The pages as pictures, boxes black."""
    return _run(pages, do="black", boxes=boxes)


def _run(content: bytes, **order: Any) -> bytes:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "requests.sheets"],
            input=json.dumps(order).encode() + b"\n" + content,
            cwd=settings.BASE_DIR,
            env=kept,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unshowable("too-much") from error
    if done.returncode:
        # What killed it says more than it could: out of time or memory.
        raise Unshowable(done.stderr.decode() if done.returncode == 2 else "too-much")
    return done.stdout
