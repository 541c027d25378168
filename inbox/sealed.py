"""What a message says, sealed: opened for staff, handed from key to key, and destroyed.

A message begins under its own key. When it becomes part of a case or of a breach it is sealed again under that one's,
so that whatever ends the case ends the message with it, at once.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import date as Day
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.models import Owner
from core.vault import Key, Unreadable, create_key, destroy_keys, key_of
from inbox import reading
from inbox.forwarded import Original
from inbox.models import Mail
from inbox.reading import Message
from ledger.entries import record

# Files that are handed out, as bytes to save. Nothing else about them is trusted.
MOST_FILES, LARGEST_FILE = 30, 20 * 1024 * 1024
RUNNABLE = re.compile(
    r"(?:ade|adp|app|appx|bat|chm|cmd|com|cpl|dll|dmg|docm|exe|hta|html?|img|in[fs]|iso|jar|jse?|lnk|mht|mhtml|ms[cip]|"
    r"pif|potm|pp[as]m|pptm|ps1|psm1|py|rb|reg|sc[fr]|sh|svg|sys|url|vbe?|vbs|vhd|ws[fh]|xhtml|xl[al]|xlam|xlsm|xltm|xml)"
)


@dataclass(frozen=True)
class Digest:
    """What staff see of a message, and what sorting needs."""

    subject: str = ""
    name: str = ""
    address: str = ""
    reply_to: str = ""
    to: str = ""
    date: str = ""
    message_id: str = ""
    text: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    original_name: str = ""
    original_address: str = ""
    original_day: str = ""

    @property
    def files(self) -> list[dict[str, Any]]:
        return [{**part, "is_withheld": withheld(part)} for part in self.parts]

    @property
    def original_on(self) -> Day | None:
        return Day.fromisoformat(self.original_day) if self.original_day else None


def digest_of(message: Message, original: Original) -> Digest:
    return Digest(
        subject=message.subject,
        name=message.name,
        address=message.address,
        reply_to=message.reply_to if message.reply_to.lower() != message.address.lower() else "",
        to=message.to,
        date=message.date,
        message_id=message.message_id,
        text=message.text,
        parts=[asdict(part) for part in message.parts],
        original_name=original.name,
        original_address=original.address,
        original_day=original.day.isoformat() if original.day else "",
    )


def seal(mail: Mail, digest: Digest, raw: bytes) -> None:
    """Seal a new message under its own key. The caller saves the row."""
    mail.holder, mail.holder_id = Owner.MAIL, mail.uuid
    _write(mail, create_key(Owner.MAIL, mail.uuid), json.dumps(asdict(digest)).encode(), raw)


def read(mail: Mail) -> Digest:
    """What it says; empty once it is gone."""
    if mail.digest is None:
        return Digest()
    try:
        return Digest(**json.loads(_key(mail).open(f"mail-digest:{mail.uuid}", bytes(mail.digest))))
    except Unreadable:
        return Digest()


def raw_of(mail: Mail) -> bytes:
    """The message as it came. Raises Unreadable once it is gone."""
    if mail.raw is None:
        raise Unreadable
    return _key(mail).open(f"mail:{mail.uuid}", bytes(mail.raw))


def withheld(part: dict[str, Any]) -> bool:
    """Whether a file stays inside: what a computer would run, what is too large, or one too many."""
    ending = str(part["name"]).lower().rpartition(".")[2]
    return part["number"] >= MOST_FILES or part["size"] > LARGEST_FILE or bool(RUNNABLE.fullmatch(ending))


@transaction.atomic
def view(mail: Mail, *, actor: str, now: datetime) -> Digest:
    """What it says, opened for a member of staff; that it was opened is an event (`mail.viewed`)."""
    record(kind="mail.viewed", at=now, actor=actor, object=mail.uuid)
    return read(mail)


@transaction.atomic
def download(mail: Mail, number: int, *, actor: str, now: datetime) -> tuple[str, bytes] | None:
    """(name, bytes) of one part; None when it has none of this number. That it was taken out is an event."""
    part = next((one for one in read(mail).parts if one["number"] == number), None)
    found = reading.content(raw_of(mail), number) if part and not withheld(part) else None
    if part is None or found is None:
        return None
    record(kind="mail.part-taken", at=now, actor=actor, object=mail.uuid, data={"number": number})
    return str(part["name"]), found


def hand_over(mail: Mail, owner: Owner, owner_id: UUID) -> None:
    """Seal it under the key of the case or breach it belongs to now. What it had of its own is destroyed."""
    if (mail.holder, mail.holder_id) == (owner, owner_id) or mail.raw is None or mail.digest is None:
        return
    old, new = _key(mail), key_of(owner, owner_id)
    digest = old.open(f"mail-digest:{mail.uuid}", bytes(mail.digest))
    raw = old.open(f"mail:{mail.uuid}", bytes(mail.raw))
    destroy_keys(Owner.MAIL, [mail.uuid])
    mail.holder, mail.holder_id = owner, owner_id
    _write(mail, new, digest, raw)
    mail.save(update_fields=["holder", "holder_id", "digest", "raw"])


def _write(mail: Mail, key: Key, digest: bytes, raw: bytes) -> None:
    mail.digest = key.seal(f"mail-digest:{mail.uuid}", digest)
    mail.raw = key.seal(f"mail:{mail.uuid}", raw)


def _key(mail: Mail) -> Key:
    return key_of(Owner(mail.holder), mail.holder_id)
