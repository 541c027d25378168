"""After a restore: everything in the journal that the restored database does not know of is done again.

In the order of the acts (retention/journal.py), whatever line reached the disk first. The mark says how far all is
known, so a healthy start reads one line. While a replay is under way it rests, and says how far that came and what it
did: one that broke off is taken up, with the same run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, takewhile
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core import outbox
from core.models import Outbox
from ledger.entries import record
from retention import journal, runs
from retention.journal import START, Line
from retention.lines_again import Refused, do_again, is_known, is_ours
from retention.models import JournalMark, Run

ACTOR = "system:restore"


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
    if head and not mark.replay and (head["seq"], head["hash"]) == (mark.seq, mark.hash):
        return Standing()
    for seq, hash_ in _relied_on(mark):
        line = journal.line_at(seq)
        if head is None or head["seq"] < seq:
            return Standing(problem=_missing(seq, head["seq"] if head else 0))
        if line and (line["seq"], line["hash"]) != (seq, hash_):
            return Standing(problem=_("The journal is not the one that this database was written with. ") + WAY_OUT)
    return Standing(waiting=catch_up())


def catch_up() -> list[Line]:
    """Move the mark over the next lines that are known here; returns those from the first that is not, in order.

    What only looks done, as the release of what is not here, says nothing while anything is to be done: it may be the
    placing, which stands behind it.
    """
    mark = _mark()
    lines = journal.after(mark.seq)
    if mark.replay:
        return lines
    known = list(takewhile(is_ours, lines))
    if all(is_known(line) for line in lines[len(known) :]):
        known = lines
    if known:
        _move(known[-1])
    return lines[len(known) :]


def replay(*, now: datetime, actor: str = ACTOR) -> Replayed:
    """Do again what is waiting. A transaction per line, so it can be broken off and taken up. Raises Refused.

    What is told of one that is taken up is all of it.
    """
    found = journal.verify()
    if not found.ok:
        text = _("The journal's chain is broken at %(place)s. Nothing was replayed. ") % {"place": found.problems[0]}
        raise Refused(text + WAY_OUT)
    done = Replayed(torn=found.torn)
    while begun := _begun(now):
        # As it was begun: what came to the journal meanwhile is for the next one.
        lines = [line for line in journal.after(begun["after"]) if line["seq"] <= begun["until"]]
        for place, line in islice(enumerate(journal.in_order(lines)), begun["done"], None):
            _go_on(begun["cause"], place, line, now=now, actor=actor)
        _finish(begun["cause"], lines, done, now=now, actor=actor)
    return done


def _begun(now: datetime) -> Any:
    """The replay under way, or a new one of what is waiting. None when nothing is. Raises Refused."""
    now_at = standing()
    if now_at.problem:
        raise Refused(now_at.problem)
    waiting = now_at.waiting
    with transaction.atomic():
        mark = _locked(now)
        if waiting and mark.replay is None and mark.seq < waiting[-1]["seq"]:
            # From now on messages are numbered beyond whatever was written after the backup.
            outbox.number_after(max(line.get("order", 0) for line in waiting))
            till = {"until": waiting[-1]["seq"], "hash": waiting[-1]["hash"]}
            counts: dict[str, Any] = {"done": 0, "lines": 0, "empty": 0, "by_action": {}}
            mark.replay = {"cause": str(uuid4()), "after": mark.seq, **till, **counts}
            mark.save(update_fields=["replay"])
    return mark.replay


@transaction.atomic
def _go_on(cause: str, place: int, line: Line, *, now: datetime, actor: str) -> None:
    """The line at this place in the order of the acts, unless it is done."""
    # Whoever else replays waits here, and then finds that it came further, or to its end.
    mark = _locked(now)
    told = mark.replay
    if not told or told["cause"] != cause or told["done"] > place:
        return
    if not is_known(line):
        has_done = do_again(line, UUID(cause), now=now, actor=actor)
        told["lines"], told["empty"] = told["lines"] + 1, told["empty"] + (not has_done)
        told["by_action"][line["action"]] = told["by_action"].get(line["action"], 0) + 1
    told["done"] = place + 1
    mark.save(update_fields=["replay"])


@transaction.atomic
def _finish(cause: str, lines: list[Line], done: Replayed, *, now: datetime, actor: str) -> None:
    """With its end the mark moves over all of it, so that nothing is served before."""
    mark = _locked(now)
    if mark.replay and mark.replay["cause"] == cause:
        _end(mark, mark.replay, done, now=now, actor=actor)
        _move(lines[-1])


def _end(mark: JournalMark, told: Mapping[str, Any], done: Replayed, *, now: datetime, actor: str) -> None:
    """Close the run of the replay under way, with what it did, which is added to `done`."""
    cause = UUID(told["cause"])
    for run in Run.objects.filter(request=cause):
        runs.finish(run, held=0, indeterminate=0, now=now)
    if told["lines"]:
        counts = {"lines": told["lines"], "empty": told["empty"], "torn": done.torn}
        record(kind="restore.replayed", at=now, actor=actor, object=cause, data={**counts, **told["by_action"]})
    done.lines, done.empty = done.lines + told["lines"], done.empty + told["empty"]
    for action, count in told["by_action"].items():
        done.by_action[action] = done.by_action.get(action, 0) + count
    mark.replay = None
    mark.save(update_fields=["replay"])


@transaction.atomic
def go_on_without(*, now: datetime, actor: str = ACTOR) -> None:
    """The journal is lost for good: begin at what is left of it. What was erased since the backup is back.

    Lines beyond the mark of a database that stands on this journal are not lost: `replay` does them.
    """
    head, mark = journal.head(), _locked(now)
    known, (found, hash_) = mark.seq, (head["seq"], head["hash"]) if head else (0, START)
    lost = [seq for seq, hash_of in _relied_on(mark) if not _is_line(seq, hash_of)]
    if mark.replay and lost:
        # Its lines are not there any more. What is left is replayed anew.
        _end(mark, mark.replay, Replayed(), now=now, actor=actor)
    if known in lost:
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


def _relied_on(mark: JournalMark) -> list[tuple[int, str]]:
    """The lines by number and hash that have to be there: that of the mark, and the last of a replay under way."""
    begun = [(mark.replay["until"], mark.replay["hash"])] if mark.replay else []
    return [*([(mark.seq, mark.hash)] if mark.seq else ()), *begun]


def _is_line(seq: int, hash_: str) -> bool:
    line = journal.line_at(seq)
    return bool(line and (line["seq"], line["hash"]) == (seq, hash_))


def _mark() -> JournalMark:
    return JournalMark.objects.filter(pk=1).first() or JournalMark(pk=1)


def _locked(now: datetime) -> JournalMark:
    _ensure_mark(now)
    return JournalMark.objects.select_for_update().get(pk=1)


def _move(line: Line) -> None:
    """Never backwards: two that carry at once may come here in either order. Nor while a replay is under way."""
    at = datetime.fromisoformat(line["at"])
    _ensure_mark(at)
    before = JournalMark.objects.filter(pk=1, seq__lt=line["seq"], replay__isnull=True)
    before.update(seq=line["seq"], hash=line["hash"], moved_at=at)


def _ensure_mark(now: datetime) -> None:
    JournalMark.objects.bulk_create([JournalMark(pk=1, hash=START, moved_at=now)], ignore_conflicts=True)
