"""Entries of the ledger as a list for people: what happened, and who did it by the name staff know."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.desk import names_of
from ledger.kinds import TOLD
from ledger.models import Entry

HAPPENED: dict[str, str | Promise] = {
    "block.placed": gettext_lazy("Deletion stopped"),
    "block.released": gettext_lazy("Deletion allowed again"),
    "consent.given": gettext_lazy("Consent given"),
    "consent.refused": gettext_lazy("Said no when asked"),
    "consent.objected": gettext_lazy("Objected to all marketing"),
    "consent.withdrawn": gettext_lazy("Consent withdrawn"),
    "consent.expired": gettext_lazy("Consent ran out"),
    "consent.ended": gettext_lazy("Consent ended"),
    "consent.deferred": gettext_lazy("Wants to be asked again later"),
    "consent.revoked": gettext_lazy("Consent ended by us"),
    "consent.requested": gettext_lazy("Consent waits for the button in an e-mail"),
    "consent.confirmed-in-part": gettext_lazy("Child or parent has confirmed, the other has not yet"),
    "consent.mailbox-shared": gettext_lazy("Confirmed in a mailbox that several people have: does not count yet"),
    "consent.guardian-ended": gettext_lazy("A parent or guardian ended theirs; what the person agreed to goes on"),
    "consent.told": gettext_lazy("Somebody else says that they consented"),
    "consent.paused": gettext_lazy("Asked to hear nothing for a while"),
    "consent.resumed": gettext_lazy("Ended their pause"),
    "consent.reminded": gettext_lazy("Told that a consent runs out soon"),
    "consent.evidenced": gettext_lazy("Evidence of a consent kept"),
    "consent.evidence-viewed": gettext_lazy("Evidence of a consent shown to staff"),
    "cookies.linked": gettext_lazy("A browser is known to be theirs"),
    "data.disclosed": gettext_lazy("Data disclosed"),
    "erasure.executed": gettext_lazy("Erasure carried out"),
    "identifier.corrected": gettext_lazy("An address or number was corrected"),
    "identifier.unlinked": gettext_lazy("An address or number was taken off"),
    "identifier.verified": gettext_lazy("An address or number was confirmed"),
    "item.collected": gettext_lazy("Data taken in"),
    "notice.given": gettext_lazy("Privacy notice shown"),
    "person.merged": gettext_lazy("Two records made one"),
    "person.split": gettext_lazy("Records parted again"),
    "person.viewed": gettext_lazy("Personal data shown to staff"),
    "application.closed": gettext_lazy("An application was closed with its outcome"),
    "application.reopened": gettext_lazy("The outcome of an application was taken back"),
    "relationship.ended": gettext_lazy("A date that retention counts from was set"),
    "relationship.established": gettext_lazy("Relationship recorded"),
    "relationship.resumed": gettext_lazy("A date that retention counts from was taken back"),
    "relationship.touched": gettext_lazy("The person turned to us"),
    "request.moved": gettext_lazy("A request changed its state"),
    "restriction.lifted": gettext_lazy("Restriction lifted"),
    "restriction.placed": gettext_lazy("Restricted"),
    "restriction.use-allowed": gettext_lazy("One use of restricted data allowed"),
    "restriction.use-ended": gettext_lazy("A use of restricted data ended"),
    "subject.created": gettext_lazy("Record of the person made"),
    "subject.language-chosen": gettext_lazy("Chose a language"),
    "suppression.carried": gettext_lazy("A no holds for their other addresses too"),
}


@dataclass(frozen=True)
class Line:
    at: datetime
    what: str
    purpose: str
    who: str
    entry: UUID


def actors(entries: Iterable[Entry]) -> list[Line]:
    """One query for the names. Accounts that are gone keep their id."""
    rows = [(entry, str(json.loads(entry.body)["actor"])) for entry in entries]
    names = names_of(actor for _entry, actor in rows)
    return [
        Line(
            entry.at,
            str(HAPPENED.get(entry.kind) or TOLD.get(entry.kind) or entry.kind),
            entry.purpose,
            names.get(actor, _who(actor)),
            entry.uuid,
        )
        for entry, actor in rows
    ]


def _who(actor: str) -> str:
    if actor == "public" or actor.startswith("case:"):
        return _("the person")
    if actor.startswith("api:"):
        return _("another system")
    return _("the system") if actor.startswith("system") else actor
