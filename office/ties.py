"""Relationships of two records that become one: at most one for each purpose, and the dates that are true of both."""

from datetime import date
from typing import Any

from core.models import Owner
from core.vault import destroy_keys, ensure_key
from subjects import relationships
from subjects.models import DataSubject, Relationship

ENDS = ("contract_ended_on", "application_closed_on", "ended_on")
DATES = ("started_on", "last_interaction_on", "consent_ended_on", *ENDS)
CODES = ("role", "ground", "ground_recorded_by", "source")
OUTCOME = ("application_outcome", "application_undo")


def unite(kept: DataSubject, gone: DataSubject) -> dict[str, Any]:
    """Move the relationships of `gone`; where `kept` has one for the purpose, join them. Returns what was done."""
    mine = {tie.purpose_id: tie for tie in Relationship.objects.select_for_update().filter(subject=kept)}
    theirs = list(Relationship.objects.select_for_update().filter(subject=gone).order_by("pk"))
    moved = [tie.pk for tie in theirs if tie.purpose_id not in mine]
    Relationship.objects.filter(pk__in=moved).update(subject=kept)
    both = [tie.purpose_id for tie in theirs if tie.purpose_id in mine]
    hires = _keep_hires(kept, gone, both)
    joined = [_join(mine[tie.purpose_id], tie) for tie in theirs if tie.purpose_id in mine]
    return {"ties": moved, "joined": joined, "hires": hires}


def part(kept: DataSubject, gone: DataSubject, moved: dict[str, Any], *, merged_on: date) -> None:
    """Give back what was moved, and make again what was joined, unless it has ended since. A joined note stays with
    `kept`, and a consent that has ended since has ended for both.
    """
    Relationship.objects.filter(pk__in=moved["ties"], subject=kept).update(subject=gone)
    for row in moved["joined"]:
        mine = Relationship.objects.select_for_update().filter(subject=kept, purpose=row["purpose"]).first()
        if mine is None:
            continue
        outcomes = row.get("outcomes", {"mine": {}, "theirs": {}})
        before = {name: _day(value) for name, value in row["before"].items()} | outcomes["mine"]
        given = {name: _day(value) for name, value in row["dates"].items()} | row["codes"] | outcomes["theirs"]
        _keep_what_came_since(mine, row, before)
        if mine.consent_ended_on and mine.consent_ended_on > merged_on:
            before["consent_ended_on"] = given["consent_ended_on"] = mine.consent_ended_on
        Relationship.objects.filter(pk=mine.pk).update(**before)
        Relationship.objects.get_or_create(subject=gone, purpose_id=row["purpose"], defaults=given)
    for row in moved.get("hires", []):
        Relationship.objects.filter(pk=row["tie"]).update(application_undo=row["undo"])


def _keep_what_came_since(mine: Relationship, row: dict[str, Any], before: dict[str, Any]) -> None:
    """Takes from `before` what is not so any more: whoever turned to us since is `kept`, and may have applied again."""
    last = max(row[name]["last_interaction_on"] for name in ("before", "dates"))
    turned = _dates(mine)["last_interaction_on"] > last
    if turned:
        del before["last_interaction_on"]
    was_closed = all(row[name]["application_closed_on"] for name in ("before", "dates"))
    if mine.application_closed_on is None and (turned or was_closed):
        for name in ("application_closed_on", *OUTCOME):
            before.pop(name, None)


def _keep_hires(kept: DataSubject, gone: DataSubject, joining: list[int]) -> list[dict[str, Any]]:
    """An employment that is joined is more than what a hire began: the hire is not undone before they are parted."""
    hired = Relationship.objects.filter(subject__in=[kept, gone], application_undo__employment__in=joining)
    # What is joined itself is kept with its outcome.
    ties = list(hired.exclude(purpose__in=joining).order_by("pk"))
    rows = [{"tie": tie.pk, "undo": tie.application_undo} for tie in ties]
    Relationship.objects.filter(pk__in=[tie.pk for tie in ties]).update(application_undo=None)
    return rows


def _join(mine: Relationship, theirs: Relationship) -> dict[str, Any]:
    """The earliest beginning, the latest interaction; an end only when both have ended; a consent ended in either."""
    row = {
        "purpose": mine.purpose_id,
        "before": _dates(mine),
        "dates": _dates(theirs),
        "codes": {name: getattr(theirs, name) for name in CODES} | {"ground_recorded_at": _moment(theirs)},
        "outcomes": {"mine": _outcome(mine), "theirs": _outcome(theirs)},
    }
    mine.started_on = min(mine.started_on, theirs.started_on)
    for name in ("last_interaction_on", "consent_ended_on"):
        setattr(mine, name, max(filter(None, [getattr(mine, name), getattr(theirs, name)]), default=None))
    last = max((mine, theirs), key=lambda tie: tie.application_closed_on or date.min)
    is_closed = mine.application_closed_on and theirs.application_closed_on
    # What was handed over for either is not taken back before the two are parted again.
    mine.application_outcome, mine.application_undo = last.application_outcome if is_closed else "", None
    for name in ENDS:
        both = getattr(mine, name), getattr(theirs, name)
        setattr(mine, name, max(both) if all(both) else None)
    notes = [note for note in (relationships.note_of(mine), relationships.note_of(theirs)) if note]
    if theirs.ground_note and notes:
        key = ensure_key(Owner.RELATIONSHIP, mine.uuid)
        mine.ground_note = key.seal(relationships.FIELD, "\n".join(dict.fromkeys(notes)).encode())
    mine.save(update_fields=[*DATES, *OUTCOME, "ground_note"])
    destroy_keys(Owner.RELATIONSHIP, [theirs.uuid])
    theirs.delete()
    return row


def _outcome(tie: Relationship) -> dict[str, Any]:
    return {name: getattr(tie, name) for name in OUTCOME}


def _moment(tie: Relationship) -> str | None:
    return tie.ground_recorded_at.isoformat() if tie.ground_recorded_at else None


def _dates(tie: Relationship) -> dict[str, str]:
    return {name: day.isoformat() if (day := getattr(tie, name)) else "" for name in DATES}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
