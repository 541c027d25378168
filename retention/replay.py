"""After a restore: everything in the journal that the restored database does not know of is done again.

A line is known when its message is in the outbox, since that was written by the transaction that did the work; or, when
that row is long gone, by what the work left. The mark says how far all is known, so a healthy start reads one line.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from consents import pausing, revoking, suppression, withdraw
from core.arrays import Among
from core.errors import DomainError
from core.models import Controller, Outbox
from ledger.entries import record
from ledger.models import Entry
from processing.models import Purpose
from retention import (
    anonymise_again,
    cases,
    evidence,
    holds,
    holds_change,
    journal,
    restricting,
    retiring,
    rules,
    rules_again,
    runs,
    systems,
    told_again,
)
from retention.journal import START, Line
from retention.models import JournalMark, Run
from subjects import lawful_uses, restrictions
from subjects.again import Then, erase_again, is_left
from subjects.models import ItemPurpose, Relationship, Restriction

ACTOR = "system:restore"
Data = dict[str, Any]


class Refused(DomainError):
    """The journal cannot be relied on; the sentence says what to do about it."""

    code = "journal-unusable"


@dataclass
class Standing:
    """How this database stands to the journal. It may serve when there is no problem and nothing is waiting."""

    problem: str = ""
    waiting: list[Line] = field(default_factory=list)

    @property
    def may_serve(self) -> bool:
        return not self.problem and not self.waiting


@dataclass
class Replayed:
    """What a replay did, by action; `empty` counts lines about what this database does not hold."""

    lines: int = 0
    empty: int = 0
    torn: int = 0
    by_action: dict[str, int] = field(default_factory=dict)


def carry(outbox: Outbox, payload: Mapping[str, Any]) -> None:
    """The outbox's carrier of journal messages."""
    journal.carry(outbox, payload)
    catch_up()


def standing() -> Standing:
    """Where this database is on the journal. Moves the mark over what is known."""
    mark = _mark()
    head = journal.head()
    if mark.seq and (head is None or head["seq"] < mark.seq):
        return Standing(problem=_missing(mark.seq, head["seq"] if head else 0))
    if head and (head["seq"], head["hash"]) == (mark.seq, mark.hash):
        return Standing()
    if mark.seq and (line := journal.line_at(mark.seq)) and (line["seq"], line["hash"]) != (mark.seq, mark.hash):
        return Standing(problem=_("The journal is not the one that this database was written with. ") + WAY_OUT)
    return Standing(waiting=catch_up())


def catch_up() -> list[Line]:
    """Move the mark over the next lines that are known here; returns those from the first that is not, in order."""
    lines = journal.after(_mark().seq)
    known = list(takewhile(_is_known, lines))
    if known:
        _move(known[-1])
    return lines[len(known) :]


def replay(*, now: datetime, actor: str = ACTOR) -> Replayed:
    """Do again what is waiting. A transaction per line, so it can be broken off and begun again. Raises Refused."""
    found = journal.verify()
    if not found.ok:
        text = _("The journal's chain is broken at %(place)s. Nothing was replayed. ") % {"place": found.problems[0]}
        raise Refused(text + WAY_OUT)
    now_at = standing()
    if now_at.problem:
        raise Refused(now_at.problem)
    done, cause = Replayed(torn=found.torn), uuid4()
    for line in now_at.waiting:
        with transaction.atomic():
            # Whoever else replays waits here, and then finds the mark beyond this line.
            _ensure_mark(now)
            if JournalMark.objects.select_for_update().get(pk=1).seq >= line["seq"]:
                continue
            is_known = _is_known(line)
            has_done = not is_known and _again(line, cause, now=now, actor=actor)
            _move(line)
        if is_known:
            continue
        done.lines, done.empty = done.lines + 1, done.empty + (not has_done)
        done.by_action[line["action"]] = done.by_action.get(line["action"], 0) + 1
    _finish(cause, done, now=now, actor=actor)
    return done


@transaction.atomic
def go_on_without(*, now: datetime, actor: str = ACTOR) -> None:
    """The journal is lost for good: begin at what is left of it. What was erased since the backup is back.

    Lines beyond the mark of a database that stands on this journal are not lost: `replay` does them.
    """
    head, mark = journal.head(), _mark()
    known, (found, hash_) = mark.seq, (head["seq"], head["hash"]) if head else (0, START)
    at_mark = journal.line_at(known) if known else None
    if known and not (at_mark and (at_mark["seq"], at_mark["hash"]) == (known, mark.hash)):
        JournalMark.objects.filter(pk=1).update(seq=found, hash=hash_, moved_at=now)
    record(
        kind="restore.without-journal",
        at=now,
        actor=actor,
        data={"known": known, "found": found},
    )


WAY_OUT = _(
    "Put the whole directory (JOURNAL_DIR) back as it was and try again. If it is lost for good, see “When the journal"
    " is lost” in docs/backup.md: manage.py restore --journal-is-lost goes on without it."
)


def _missing(known: int, found: int) -> str:
    text = _("The journal ends at line %(found)d, and this database knows of line %(known)d: lines are missing. ")
    return text % {"found": found, "known": known} + WAY_OUT


def _mark() -> JournalMark:
    return JournalMark.objects.filter(pk=1).first() or JournalMark(pk=1)


def _move(line: Line) -> None:
    """Never backwards: two that carry at once may come here in either order."""
    at = datetime.fromisoformat(line["at"])
    _ensure_mark(at)
    JournalMark.objects.filter(pk=1, seq__lt=line["seq"]).update(seq=line["seq"], hash=line["hash"], moved_at=at)


def _ensure_mark(now: datetime) -> None:
    JournalMark.objects.bulk_create([JournalMark(pk=1, hash=START, moved_at=now)], ignore_conflicts=True)


def _is_known(line: Line) -> bool:
    """Whether the transaction that this line tells of is in this database."""
    if Outbox.objects.filter(uuid=line["entry"]).exists():
        return True
    look = LEFT_BY.get(line["action"])
    return bool(look and look(line["data"]))


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
    told_again.RELEASED: told_again.has_released,
    told_again.PUBLISHED: told_again.has_published,
    "restriction.lifted": lambda data: (
        not _left_by_restriction(data)
        or Restriction.objects.filter(uuid=data["restriction"], lifted_at__isnull=False).exists()
    ),
}


def _again(line: Line, cause: UUID, *, now: datetime, actor: str) -> bool:
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
        purpose=data.get("purpose", ""),
        ended=_uuids(data.get("ended")),
        ties=_uuids(data.get("ties")),
    )
    used = _purposes(then)
    erased = erase_again(then, now=now)
    if is_left(then):
        text = _("Line %(seq)d of the journal erased what something in this database keeps. Nothing may be served yet.")
        raise Refused(text % {"seq": line["seq"]})
    if not (erased.needs or erased.subjects or erased.relationships):
        return False
    chosen = list(Purpose.objects.filter(slug__in=[*slugs, then.purpose]))
    run = _run(cause, now)
    at = datetime.fromisoformat(line["at"])
    evidence.leave(run, erased, purposes=chosen, subject=person, actor=actor, erased_at=at, now=now)
    asked_by = UUID(data["request"]) if data.get("request") else UUID(data["run"])
    systems.ask_again(run, erased, asked_by=asked_by, purposes=used, now=now)
    return True


def _purposes(then: Then) -> set[int]:
    """For which purposes what is about to go is held here: the systems that use these have it, too."""
    theirs = Q(Among("subject__uuid", then.gone, "uuid"))
    needs = ItemPurpose.objects.filter(Q(Among("item__uuid", then.items, "uuid")) | theirs)
    ties = Relationship.objects.filter(theirs)
    named = Purpose.objects.filter(slug__in=[*then.purposes, then.purpose])
    ids = (needs.values_list("purpose"), ties.values_list("purpose"), named.values_list("pk"))
    return {row[0] for rows in ids for row in rows}


def _run(cause: UUID, now: datetime) -> Run:
    """One run for the whole replay."""
    today = now.astimezone(Controller.current().zone).date()
    return Run.objects.filter(request=cause).first() or runs.start(cause, as_of=today, now=now)


def _uuids(found: Iterable[str] | None) -> list[UUID]:
    return [UUID(text) for text in found or ()]


def _finish(cause: UUID, done: Replayed, *, now: datetime, actor: str) -> None:
    with transaction.atomic():
        for run in Run.objects.filter(request=cause):
            runs.finish(run, held=0, indeterminate=0, now=now)
        if done.lines:
            counts = {"lines": done.lines, "empty": done.empty, "torn": done.torn}
            record(kind="restore.replayed", at=now, actor=actor, object=cause, data={**counts, **done.by_action})
