"""Talking to the IMAP server. It is asked for a message and told that it was stored; it decides nothing."""

import imaplib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from inbox.account import Account

TIMEOUT = 30
FAILURES = (OSError, imaplib.IMAP4.error, ImapToolsError, UnicodeError)
# The beginning of a message that is too large: headers, and surely the first words.
BEGINNING = 256 * 1024
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class Gone(Exception):
    """Another client has moved the message since the folder was listed."""


@dataclass(frozen=True)
class Fetched:
    """A message as the server has it. `arrived_at` is when the server received it, whatever the message says."""

    uid: int
    raw: bytes
    arrived_at: datetime | None
    size: int
    is_partial: bool


class Server:
    def __init__(self, box: BaseMailBox) -> None:
        self.box = box

    def open(self, folder: str) -> tuple[int, list[int]]:
        """(UIDVALIDITY, the UIDs there are), oldest first."""
        self.box.folder.set(folder)
        status = self.box.folder.status(folder, ["UIDVALIDITY"])
        return status["UIDVALIDITY"], sorted(int(uid) for uid in self.box.uids())

    def fetch(self, uid: int, *, limit: int) -> Fetched:
        """The message, or its beginning when it is larger than `limit`. Marks nothing. Raises Gone."""
        about = self._ask(uid, "(UID INTERNALDATE RFC822.SIZE)")
        head = b" ".join(part if isinstance(part, bytes) else part[0] for part in about)
        found = SIZE.search(head)
        size = int(found[1]) if found else 0
        is_partial = size > limit
        wanted = f"(UID BODY.PEEK[]<0.{BEGINNING}>)" if is_partial else "(UID BODY.PEEK[])"
        raw = next((part[1] for part in self._ask(uid, wanted) if isinstance(part, tuple)), b"")
        return Fetched(uid, raw, _arrival(head), size or len(raw), is_partial)

    def stored(self, uid: int, *, done: str) -> None:
        """The message is safe with us: move it to `done`, or only mark it as read when no folder is named."""
        if not done:
            self.box.flag(str(uid), r"\Seen", True)
            return
        if not self.box.folder.exists(done):
            self.box.folder.create(done)
        self.box.move(str(uid), done)

    def _ask(self, uid: int, wanted: str) -> list[bytes | tuple[bytes, bytes]]:
        status, data = self.box.client.uid("fetch", str(uid), wanted)
        if status != "OK":
            raise imaplib.IMAP4.error
        found = [part for part in data if part]
        if not found:
            raise Gone
        return found


@contextmanager
def connected(account: Account) -> Iterator[Server]:
    """Signed in over TLS, whose certificate is checked."""
    if account.scheme == "imaps":
        box: BaseMailBox = MailBox(account.host, account.port, TIMEOUT, ssl_context=account.tls)
    else:
        box = MailBoxUnencrypted(account.host, account.port, TIMEOUT)
    try:
        if account.scheme == "imap+starttls":
            # Raises when the server has no TLS to offer: the password is never said without it.
            box.client.starttls(account.tls)
        box.login(account.user, account.password, initial_folder=None)
        yield Server(box)
    finally:
        _leave(box)


def _leave(box: BaseMailBox) -> None:
    try:
        box.logout()
    except FAILURES:
        # It has hung up already. What it was told stands.
        with suppress(*FAILURES):
            box.client.shutdown()


def _arrival(head: bytes) -> datetime | None:
    local = imaplib.Internaldate2tuple(head)
    try:
        return datetime.fromtimestamp(time.mktime(local), UTC) if local else None
    except (OverflowError, ValueError, OSError):
        return None
