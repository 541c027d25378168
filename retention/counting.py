"""What a rule leaves alone, of everything that it is about: needs, dealings without an item, and case files."""

from datetime import date, datetime

from retention import cases, due, exact
from retention.models import RetentionRule


def held(rule: RetentionRule, cutoff: date, *, now: datetime) -> int:
    """Due, but kept by a hold or a request."""
    needs = due.kept(rule, cutoff, now=now).count()
    files = cases.ruled_by(rule) if exact.files(rule, cutoff, now=now) else None
    of_cases = cases.counted(files, cutoff, now=now).held if files else 0
    return needs + due.kept_ties(rule, cutoff, now=now).count() + of_cases


def undated(rule: RetentionRule) -> int:
    """Without the date that the rule counts from. An open case is none of these: it is not over."""
    return due.indeterminate(rule).count() + due.ties(rule).filter(since=None).count()
