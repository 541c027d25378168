"""Storage only, by rule (UK GDPR Art 18; a held record that would be deleted becomes restricted): placed and lifted.

A run restricts what is due and held, or due under a rule that restricts, a row at a time: one record for one purpose.
Each is in the ledger and, in a line for the batch, in the journal, like a restriction that somebody asked for. It
stands as long as a rule in force says that the row is due: when none does (the period is longer, the rule is retired,
the person turned to us again), it may be used for the purpose again. What is due still after a hold goes with the next
run. Its ground says why it was placed.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Greatest

from core import outbox
from core.arrays import Among
from core.hints import hint
from core.models import Controller, Outbox
from ledger.entries import Pattern, store
from processing.models import Purpose
from retention import due
from retention.models import RetentionRule, Run
from retention.rules import cutoff
from subjects import restrictions
from subjects.deletes import by_index
from subjects.models import ItemPurpose, Restriction

ACTOR = "system:retention"
PLACED, LIFTED = "restrictions.placed", "restrictions.lifted"
Ground, Action = Restriction.Ground, RetentionRule.Action
# Each of these says of a row that it is used no more.
STORES = (*due.TAKES, Action.RESTRICT)
TASK, MANY = "retention.tasks.settle", 1000
# What rules restricted, as subjects_restriction_by_rule has it; what somebody asked for is theirs to lift.
STANDING = Restriction.objects.filter(
    lifted_at=None, placed_for=None, item__isnull=False, ground__in=[Ground.HOLD, Ground.RULE]
)


def place(run: Run, needs: list[int], *, now: datetime) -> int:
    """Restrict these needs (primary keys), in the caller's transaction; returns how many were not before."""
    if run.rule is None:
        return 0
    restricts = run.rule.action == Action.RESTRICT
    ground = Ground.RULE if restricts else Ground.HOLD
    rows = ItemPurpose.objects.filter(~due.RESTRICTED, Among("pk", needs)).order_by("pk")
    found = list(rows.values_list("subject", "item", "subject__uuid", "item__uuid", "subject__is_test"))
    made = Restriction.objects.bulk_create(
        Restriction(subject_id=row[0], purpose=run.rule.purpose, item_id=row[1], ground=ground, since=now)
        for row in found
    )
    told = [(one.uuid, row[2], row[3], row[4]) for one, row in zip(made, found, strict=True)]
    _note("restriction.placed", run.rule.purpose, ground, [(one[0], one[1], one[3]) for one in told], now=now)
    lines = [{"restriction": str(a), "subject": str(b), "item": str(c)} for a, b, c, is_test in told if not is_test]
    if lines:
        same = {"purpose": run.rule.purpose.slug, "ground": ground.value, "since": now.isoformat(), "placed_for": ""}
        outbox.post(Outbox.Kind.JOURNAL, {"action": PLACED, **same, "restrictions": lines}, about=None, now=now)
    return len(made)


def settle(purpose: Purpose, *, now: datetime) -> int:
    """Lift what rules restricted for this purpose and what nothing stands behind any more. Returns how many.

    In portions, each a transaction of its own: there may be millions. Nobody waits for it inside a request.
    """
    lifted = after = 0
    standing = STANDING.filter(purpose=purpose).order_by("pk").values_list("pk", flat=True)
    while portion := list(standing.filter(pk__gt=after)[:MANY]):
        lifted += _lift(portion, purpose, now=now)
        after = portion[-1]
    return lifted


def settle_all(*, now: datetime) -> int:
    """Every purpose, also one that no rule in force is about."""
    mine = Exists(STANDING.filter(purpose=OuterRef("pk")))
    return sum(settle(purpose, now=now) for purpose in Purpose.objects.filter(mine).order_by("pk"))


def settle_soon(purpose: Purpose | None = None) -> None:
    """Once the caller's transaction is committed, by a worker. If the hint is lost, the night does it."""
    ids = [purpose.pk] if purpose else []
    transaction.on_commit(lambda: hint(TASK, *ids), robust=True)


def _due(purpose: Purpose, now: datetime) -> Q:
    """A condition on restrictions: a rule in force says of their row that its period is over.

    Whichever rule: what one restricted and another would delete stays restricted while a hold stands in its way, and no
    run would restrict it anew.
    """
    today: date = now.astimezone(Controller.current().zone).date()
    found = Q(pk__in=[])
    active = RetentionRule.objects.filter(purpose=purpose, status=RetentionRule.Status.ACTIVE, action__in=STORES)
    for rule in active.select_related("purpose"):
        found |= Q(Exists(due.due(rule, cutoff(rule, today)).filter(item=OuterRef("item"))))
    return found


@transaction.atomic
def _lift(portion: list[int], purpose: Purpose, *, now: datetime) -> int:
    by_index()
    over = STANDING.filter(~_due(purpose, now), Among("pk", portion))
    # What somebody has locked is being lifted or deleted. It is not waited for: batches take these rows in no order.
    rows = over.select_for_update(of=("self",), skip_locked=True).order_by("pk")
    found = list(rows.values_list("pk", "uuid", "subject__uuid", "subject__is_test", "ground"))
    # A run dates what it does as it goes; whoever lifts it may have begun a little earlier.
    ends = Greatest(F("since"), Value(now, output_field=DateTimeField()))
    Restriction.objects.filter(Among("pk", [row[0] for row in found])).update(lifted_at=ends)
    for ground in {row[4] for row in found}:
        theirs = [(row[1], row[2], row[3]) for row in found if row[4] == ground]
        _note("restriction.lifted", purpose, ground, theirs, now=now)
    lines = [str(row[1]) for row in found if not row[3]]
    if lines:
        outbox.post(Outbox.Kind.JOURNAL, {"action": LIFTED, "restrictions": lines}, about=None, now=now)
    return len(found)


def _note(kind: str, purpose: Purpose, ground: str, rows: list[tuple[UUID, UUID, bool]], *, now: datetime) -> None:
    """An entry for each restriction, as subjects/restrictions.py writes it of one."""
    for is_test in (False, True):
        data = {"ground": str(ground)}
        pattern = Pattern(
            kind=kind, at=now, actor=ACTOR, purpose=purpose.slug, data=data, test=is_test, ids=["subject", "object"]
        )
        store(pattern.body(entry=uuid4(), subject=row[1], object=row[0]) for row in rows if row[2] == is_test)


def place_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Place what the journal says was placed after the backup."""
    same = {name: data[name] for name in ("purpose", "ground", "since", "placed_for")}
    done = [restrictions.place_again({**same, **one}, now=now, actor=actor) for one in data["restrictions"]]
    return any(done)


def lift_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    done = [restrictions.lift_again({"restriction": uuid}, now=now, actor=actor) for uuid in data["restrictions"]]
    return any(done)


def has_placed(data: Mapping[str, Any]) -> bool:
    uuids = [one["restriction"] for one in data["restrictions"]]
    return Restriction.objects.filter(uuid__in=uuids).count() == len(uuids)


def has_lifted(data: Mapping[str, Any]) -> bool:
    return not Restriction.objects.filter(uuid__in=data["restrictions"], lifted_at=None).exists()
