"""What becomes of a run that may not go on, as of a rule in force no more: it ends with what it did, and says so."""

from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from retention import counting, runs
from retention.models import AnonymousRow, RetentionRule, Run

RETIRED, REPLACED, UNBOUNDED = "rule-retired", "rule-replaced", "set-not-kept"
WHY = {
    RETIRED: _("The rule was retired."),
    REPLACED: _("Another version of the rule took its place."),
    UNBOUNDED: _(
        "It was begun before the rows that a run may take were kept with it. What is left is looked at afresh."
    ),
}


def stop(rule: RetentionRule, *, why: str, now: datetime) -> None:
    """In the caller's transaction, as when it ends the rule. A batch at work is in the totals, or rolled back."""
    for run in Run.objects.select_for_update(of=("self",)).filter(rule=rule, status=Run.Status.RUNNING):
        # Part of a table that was measured as a whole: nobody knows whom this part still hides.
        AnonymousRow.objects.filter(run=run).delete()
        limit = run.cutoff or date.min
        held, undated = counting.held(rule, limit, now=now), counting.undated(rule)
        runs.close(run, held=held, indeterminate=undated, stopped=why, now=now)
