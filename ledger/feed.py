"""The change feed: what happened, in an order that is safe to remember one place in.

Neither ids nor times tell a reader what is final: a transaction that took its numbers early may commit late, and a
reader that has gone past would never see it. So, as in ledger/seals.py, a page ends below the oldest transaction that
still runs, and its order is that of transactions. A change is seen once everything that began before it has ended.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from ledger.kinds import TOLD
from ledger.leaves import horizon
from ledger.models import Head

# What other systems act on. A new kind of evidence is not told to anybody before it is named there.
KINDS = tuple(TOLD)
# Of the evidence, what such a system needs; keyed hashes and counts stay here.
MEMBERS = (
    *("acknowledge_by", "basis", "cause", "channel", "channels", "choices", "decision", "due", "form", "from", "gpc"),
    *("ground", "how", "locale", "new", "origin", "outcome", "proof", "purposes", "reason", "review_due"),
    *("right", "role", "site", "to", "until", "version", "what"),
)
PAGE, LONGEST = 100, 1000
# Earlier epochs have ended altogether. Both conditions are one range of the index on (epoch, xid, id).
_PAGE = """
SELECT epoch, xid::text, id, body FROM ledger_entry
WHERE (epoch, xid, id) > (%(epoch)s, %(xid)s::xid8, %(id)s) AND (epoch, xid) < (%(head)s, %(horizon)s::xid8)
  AND kind = ANY(%(kinds)s)
ORDER BY epoch, xid, id LIMIT %(limit)s
"""


class Restored(DomainError):
    """The reader has seen more than there is, and would miss what takes the same numbers again."""

    code = "feed-restored"
    message = _("This database was restored from a backup. Read the feed from its beginning, and expect repetitions.")
    status = 410


@dataclass(frozen=True)
class Place:
    """Just behind an entry."""

    epoch: int = 0
    xid: int = 0
    id: int = 0

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.epoch}.{self.xid}.{self.id}".encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """`after` is where the next page begins, also when there is nothing more yet: ask again from there."""

    events: list[dict[str, Any]]
    after: Place
    more: bool


def page(after: Place, *, limit: int = PAGE) -> Page:
    """What happened behind this place. Two queries, of which the first comes first: the horizon only ever rises."""
    head = Head.objects.get(pk=1)
    end, _has_foreign = horizon(head.epoch)
    # Below the head's own horizon everything is sealed; a restored cluster counts from the bottom again.
    end = max(end, head.horizon)
    if (after.epoch, after.xid) > (head.epoch, end):
        raise Restored
    with connection.cursor() as cursor:
        cursor.execute(
            _PAGE,
            {
                "epoch": after.epoch,
                "xid": str(after.xid),
                "id": after.id,
                "head": head.epoch,
                "horizon": str(end),
                "kinds": list(KINDS),
                "limit": limit + 1,
            },
        )
        rows = cursor.fetchall()
    found = rows[:limit]
    if len(rows) > limit:
        epoch, xid, number, _body = found[-1]
        return Page([event(row[3]) for row in found], Place(epoch, int(xid), number), True)
    # Nothing below the horizon is left, so the next look need not pass again over what is nobody's business.
    return Page([event(row[3]) for row in found], Place(head.epoch, end, 0), False)


def end() -> Place:
    """Behind everything that has ended by now, for a reader who wants to know of what comes."""
    head = Head.objects.get(pk=1)
    return Place(head.epoch, max(horizon(head.epoch)[0], head.horizon), 0)


def beginning() -> Place:
    """Where this database began, or came back from a backup."""
    return Place(Head.objects.get(pk=1).epoch, 0, 0)


def place(text: str) -> Place:
    """The place that an earlier page ended at; no text is the beginning. Raises Invalid for any other text."""
    if not text:
        return Place()
    try:
        epoch, xid, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(".")
        found = Place(int(epoch), int(xid), int(number))
    except (binascii.Error, ValueError):
        found = Place(-1)
    if not (0 <= found.epoch < 2**31 and 0 <= found.xid < 2**63 and 0 <= found.id < 2**63):
        raise Invalid(fields={"after": _("Give the value that an earlier answer named as next.")})
    return found


def event(body: str) -> dict[str, Any]:
    """One entry as other systems see it: ids and codes."""
    entry = json.loads(body)
    data = entry["data"]
    return {
        **{name: entry[name] for name in ("id", "kind", "at", "subject", "object", "purpose")},
        "test": bool(data.get("test")),
        "data": {name: data[name] for name in MEMBERS if name in data},
    }
