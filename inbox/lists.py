"""The lists of the mailbox: pages by keyset, each row with its reasons and its due day. Nothing is counted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.models import Controller, User
from inbox.due import Due, Reckoner
from inbox.models import Box, Kind, Mail, MailQuerySet, State
from inbox.rules import LABELS

SIZE = 50
# Words in a message from the junk folder that sound like somebody's right bring it among the others.
_JUNK = Q(box=Box.JUNK, suggested=Kind.SPAM)
LISTS: dict[str, tuple[str | Promise, Callable[[MailQuerySet], MailQuerySet]]] = {
    "new": (_("To be sorted"), lambda rows: rows.filter(state=State.NEW).exclude(_JUNK).order_by("pk")),
    "waiting": (_("To be read"), lambda rows: rows.filter(state=State.WAITING).order_by("pk")),
    "tray": (_("Automatic"), lambda rows: rows.filter(state=State.TRAY).order_by("-pk")),
    "junk": (_("Junk"), lambda rows: rows.filter(_JUNK, state=State.NEW).order_by("-pk")),
    "done": (_("Done"), lambda rows: rows.filter(state=State.DONE).order_by("-pk")),
}
FALLING = ("tray", "junk", "done")


@dataclass(frozen=True)
class Row:
    mail: Mail
    due: Due
    reasons: list[str | Promise]


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    after: int | None


def read(which: str, user: User | AnonymousUser, *, after: str = "") -> Found:
    """One page of a list, and the key of the next."""
    _label, choose = LISTS[which]
    rows = choose(Mail.objects.visible_to(user).for_list().defer("raw", "digest"))
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after)) if which in FALLING else rows.filter(pk__gt=int(after))
    found = list(rows[: SIZE + 1])
    return Found(_dressed(found[:SIZE]), found[SIZE - 1].pk if len(found) > SIZE else None)


def head(user: User | AnonymousUser, size: int) -> tuple[list[Row], bool]:
    """The first messages that somebody must look at, and whether there are more; for Today."""
    visible = Mail.objects.visible_to(user).for_list().defer("raw", "digest")
    open_ones = visible.filter(state__in=[State.NEW, State.WAITING]).exclude(_JUNK, state=State.NEW)
    found = list(open_ones.order_by("pk")[: size + 1])
    return _dressed(found[:size]), len(found) > size


def others(user: User | AnonymousUser) -> list[tuple[str, str | Promise]]:
    """The lists that hold something nobody has to hurry for: machines and junk."""
    visible = Mail.objects.visible_to(user)
    return [(name, LISTS[name][0]) for name in ("tray", "junk") if LISTS[name][1](visible).exists()]


def due_of(mail: Mail) -> Due:
    return Reckoner().of(mail)


def today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _dressed(mails: list[Mail]) -> list[Row]:
    reckoner = Reckoner()
    return [Row(mail, reckoner.of(mail), [LABELS.get(code, code) for code in mail.reasons]) for mail in mails]
