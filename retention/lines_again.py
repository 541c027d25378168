"""A line of the journal: whether this database knows of what it tells, and doing it again.

It is known when its message is in the outbox, since that was written by the transaction that did the work; or, when
that row is long gone, by what the work left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from consents import pausing, revoking, suppression, withdraw
from core.arrays import Among
from core.errors import DomainError
from core.models import Controller, Outbox
from ledger.models import Entry
from processing.models import Purpose
from retention import (
    anonymise_again,
    cases,
    evidence,
    holds,
    holds_change,
    restricting,
    retiring,
    rules,
    rules_again,
    runs,
    systems,
    told_again,
)
from retention.journal import Line
from retention.models import Run
from subjects import lawful_uses, restrictions
from subjects.again import Then, erase_again, is_left
from subjects.models import ItemPurpose, Relationship, Restriction

Data = dict[str, Any]


class Refused(DomainError):
    """The journal cannot be relied on; the sentence says what to do about it."""

    code = "journal-unusable"


def is_ours(line: Line) -> bool:
    """Whether the transaction that this line tells of is in this database."""
    return Outbox.objects.filter(uuid=line["entry"]).exists()


def is_known(line: Line) -> bool:
    """The same, or there is nothing to do here."""
    look = LEFT_BY.get(line["action"])
    return is_ours(line) or bool(look and look(line["data"]))


def _left_by_restriction(data: Data) -> bool:
    return Restriction.objects.filter(uuid=data["restriction"]).exists()


LEFT_BY: dict[str, Callable[[Data], bool]] = {
    "erase": lambda data: Run.objects.filter(uuid=data["run"]).exists(),
    suppression.WITHDRAWAL: lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    suppression.OBJECTION: lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    "suppression.added": lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    revoking.KIND: lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    pausing.BEGUN: lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    pausing.ENDED: lambda data: Entry.objects.filter(uuid=data["entry"]).exists(),
    "restriction.placed": _left_by_restriction,
    lawful_uses.ENDED: lambda data: lawful_uses.has_ended(data["use"]),
    restricting.PLACED: restricting.has_placed,
    restricting.LIFTED: restricting.has_lifted,
    anonymise_again.ACTION: anonymise_again.is_done,
    holds.PLACED: lambda data: holds.is_known(data["hold"]),
    holds.RELEASED: lambda data: holds.has_ended(data["hold"]),
    holds_change.CHANGED: holds_change.has_changed,
    cases.EXPIRED: cases.is_gone,
    rules.ACTIVATED: rules_again.is_known,
    retiring.RETIRED: retiring.is_over,
    runs.PAUSED: runs.is_paused,
    told_again.RELEASED: told_again.has_released,
    told_again.PUBLISHED: told_again.has_published,
    "restriction.lifted": lambda data: not restrictions.standing_of(data),
}


def do_again(line: Line, cause: UUID, *, now: datetime, actor: str) -> bool:
    """Do what the line says. False if this database holds nothing that it concerns. Raises Refused."""
    action, data = line["action"], line["data"]
    if action in ("erase", "purge"):
        return _erase(line, cause, now=now, actor=actor)
    if action in (suppression.WITHDRAWAL, suppression.OBJECTION):
        return withdraw.again(action, data, now=now, actor=actor)
    if action == restricting.PLACED:
        return restricting.place_again(data, now=now, actor=actor)
    if action == restricting.LIFTED:
        return restricting.lift_again(data, now=now, actor=actor)
    if action == anonymise_again.ACTION:
        return anonymise_again.again(data, now=now, actor=actor)
    if action == "restriction.placed":
        return restrictions.place_again(data, now=now, actor=actor)
    if action == "restriction.lifted":
        return restrictions.lift_again(data, now=now, actor=actor)
    if action == holds.PLACED:
        return holds.place_again(data, now=now, actor=actor)
    if action == holds_change.CHANGED:
        return holds_change.change_again(data, now=now, actor=actor)
    if action == holds.RELEASED:
        return holds.release_again(data, now=now, actor=actor)
    if action == told_again.RELEASED:
        return told_again.release_again(data)
    if action == told_again.PUBLISHED:
        return told_again.publish_again(data)
    if action == rules.ACTIVATED:
        return rules_again.activate_again(data, now=now, actor=actor)
    if action == retiring.RETIRED:
        return retiring.retire_again(data, now=now, actor=actor)
    if action == runs.PAUSED:
        return runs.pause_again(data, now=now, actor=actor)
    if action == cases.EXPIRED:
        return cases.expire_again(data, now=now)
    if action == lawful_uses.ENDED:
        return lawful_uses.end_again(data, now=now, actor=actor)
    if action == "suppression.added":
        return suppression.add_again(data)
    if action == revoking.KIND:
        return revoking.again(data, now=now, actor=actor)
    if action in (pausing.BEGUN, pausing.ENDED):
        return pausing.again(action, data)
    text = _("Line %(seq)d of the journal says “%(action)s”, which this version does not know. Install the newer one.")
    raise Refused(text % {"seq": line["seq"], "action": action})


def _erase(line: Line, cause: UUID, *, now: datetime, actor: str) -> bool:
    data: Data = line["data"]
    person = UUID(data["subject"]) if data.get("subject") else None
    slugs: Sequence[str] = data.get("purposes", ())
    then = Then(
        items=_uuids(data["items"]),
        gone=[UUID(data["subject"])] if data.get("person_gone") else _uuids(data.get("people")),
        persons=[*([person] if person else ()), *_uuids(data.get("others"))],
        purposes=slugs,
        spared=_uuids(data.get("spared")),
        ended=_by_purpose(data, "ended"),
        ties=_by_purpose(data, "ties"),
    )
    chosen = list(Purpose.objects.filter(slug__in={*slugs, *then.ended, *then.ties, data.get("purpose", "")}))
    used, at = _purposes(then, chosen), datetime.fromisoformat(line["at"])
    erased = erase_again(then, at=at, now=now)
    if is_left(then):
        text = _("Line %(seq)d of the journal erased what something in this database keeps. Nothing may be served yet.")
        raise Refused(text % {"seq": line["seq"]})
    if not (erased.needs or erased.subjects or erased.relationships):
        return False
    run = _run(cause, now)
    evidence.leave(run, erased, purposes=chosen, subject=person, actor=actor, erased_at=at, now=now)
    asked_by = UUID(data["request"]) if data.get("request") else UUID(data["run"])
    systems.ask_again(run, erased, asked_by=asked_by, purposes=used, now=now)
    return True


def _purposes(then: Then, named: Iterable[Purpose]) -> set[int]:
    """For which purposes what is about to go is held here: the systems that use these have it, too."""
    theirs = Q(Among("subject__uuid", then.gone, "uuid"))
    needs = ItemPurpose.objects.filter(Q(Among("item__uuid", then.items, "uuid")) | theirs)
    ties = Relationship.objects.filter(theirs)
    found = {row[0] for rows in (needs, ties) for row in rows.values_list("purpose")}
    return found | {purpose.pk for purpose in named}


def _run(cause: UUID, now: datetime) -> Run:
    """One run for the whole replay."""
    today = now.astimezone(Controller.current().zone).date()
    return Run.objects.filter(request=cause).first() or runs.start(cause, as_of=today, now=now)


def _by_purpose(data: Data, name: str) -> dict[str, list[UUID]]:
    """What a line names of single purposes: that of a rule's run of its own, an erasure's of each."""
    found = data.get(name) or {}
    named: Mapping[str, Iterable[str]] = found if isinstance(found, dict) else {data["purpose"]: found}
    return {slug: _uuids(uuids) for slug, uuids in named.items()}


def _uuids(found: Iterable[str] | None) -> list[UUID]:
    return [UUID(text) for text in found or ()]
