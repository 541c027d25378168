"""How far a run is, from what its batches have committed by now."""

import json
from collections.abc import Mapping

from django.db.models import Q, Sum

from ledger.models import Entry
from retention.models import RetentionRule, Run


def worked(run: Run) -> int:
    """Of the rows that were due when it began, those that are done: in the unit of `Run.expected`."""
    empty = Sum("relationships", filter=Q(needs=0), default=0)
    done = run.batches.aggregate(ended=Sum("needs", default=0), empty=empty, restricted=Sum("restricted", default=0))
    total: int = done["ended"] + done["empty"]
    total += run.case_files
    if run.rule and run.rule.action == RetentionRule.Action.RESTRICT:
        total += done["restricted"]
    if run.rule and run.rule.action == RetentionRule.Action.ANONYMISE:
        total += changed(run)
    return min(total, run.expected) if run.expected else total


def is_in_backups(counts: Mapping[str, int], *, files: int, changed: int) -> bool:
    """Whether a backup of before has something as it is here no more. What was restricted is all here still."""
    ended = ("needs", "items", "identifiers", "subjects", "relationships")
    return bool(files or changed or any(counts[name] for name in ended))


def changed(run: Run) -> int:
    """How many records were changed where they stand. That ends nothing, so it has no batch: its evidence says it."""
    entries = Entry.objects.filter(object=run.uuid, kind="retention.pseudonymised").values_list("body", flat=True)
    return sum(json.loads(body)["data"]["items"] for body in entries)
