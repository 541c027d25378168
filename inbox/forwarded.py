"""Mail that somebody passed on: who sends it is not who asks, and it reached us on another day.

What is found here is a proposal. Nobody is written to and no time is counted from it until staff have confirmed both.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from email.utils import parsedate_to_datetime

from inbox.reading import BROKEN, Message, address_in, clean, decoded

SUBJECT = re.compile(r"^\s*(?:\[[^\]]{1,30}\]\s*)?(?:fwd?|fw|wg|tr|i)\s*:", re.I)
MARK = re.compile(
    r"^[> \t]*(?:-{2,}[ \t]*(?:forwarded message|original message|forwarded by)\b|begin forwarded message\s*:)",
    re.I | re.M,
)
FORWARD = re.compile(
    r"^[> \t]*(?:-{2,}[ \t]*(?:forwarded message|forwarded by)\b|begin forwarded message\s*:)", re.I | re.M
)
# Redirected by hand (RFC 5322 section 3.6.6). A rule that forwards by itself changes neither sender nor day.
RESENT = "resent-from"
FROM = re.compile(r"^[>* \t]*(?:from|reply-to)[ \t]*:\*?[ \t]*(.{3,300})$", re.I | re.M)
SENT = re.compile(r"^[>* \t]*(?:date|sent)[ \t]*:\*?[ \t]*(.{6,80})$", re.I | re.M)
FORMS = (
    *("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y-%m-%d", "%d/%m/%Y"),
    *("%A %d %B %Y", "%a %d %b %Y", "%A %B %d %Y", "%a %b %d %Y"),
)
TIME_OF_DAY = re.compile(r"(?:,?\s+at)?,?\s+\d{1,2}:\d{2}.*$")


@dataclass(frozen=True)
class Original:
    """Who wrote it and when, as far as the forwarded message says so."""

    name: str = ""
    address: str = ""
    day: date | None = None


def is_forwarded(message: Message, *, own_domains: set[str]) -> bool:
    """Whether the sender passes on what somebody else wrote. A colleague never asks for themselves at this address."""
    if message.address.rpartition("@")[2].lower() in own_domains:
        return True
    if message.header(RESENT) or FORWARD.search(message.text[:400]):
        return True
    # An answer quotes what it answers under the same line, so that counts only where the subject says "Fwd".
    return bool(SUBJECT.match(message.subject)) and bool(MARK.search(message.text) or message.enclosed)


def original(message: Message, *, own_domains: set[str], zone: tzinfo) -> Original:
    """The innermost sender who is not one of us, and the day beside that name."""
    for block in _blocks(message):
        for found in reversed(list(FROM.finditer(block))):
            name, address = address_in(found[1])
            if not address or address.rpartition("@")[2].lower() in own_domains:
                continue
            # Below the name as a rule; some programs write it above.
            near = SENT.search(block, found.end(), found.end() + 600) or SENT.search(
                block, max(0, found.start() - 200), found.start()
            )
            return Original(name or _bare(found[1]), address, _day(near[1], zone) if near else None)
    if message.header(RESENT):
        return Original(message.name, message.address, _day(message.date, zone))
    return Original()


def _blocks(message: Message) -> list[str]:
    mark = MARK.search(message.text)
    return [*message.enclosed, *([message.text[mark.start() :]] if mark else []), message.text]


def _bare(text: str) -> str:
    """A name that stands before the address without quotes: Ada Lovelace <ada@…>."""
    return clean(decoded(text.partition("<")[0].strip(' "*')), 200) if "<" in text else ""


def _day(text: str, zone: tzinfo) -> date | None:
    try:
        moment = parsedate_to_datetime(text)
    except BROKEN:
        return _written(TIME_OF_DAY.sub("", text.strip()))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()


def _written(text: str) -> date | None:
    for form in FORMS:
        try:
            return datetime.strptime(" ".join(text.replace(",", " ").split()), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None
