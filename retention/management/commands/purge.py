"""manage.py purge: what is due under the retention rules; with --commit, do it."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from core.commands import WritingCommand
from core.errors import DomainError
from core.models import Controller
from retention import guard
from retention.models import RetentionRule
from retention.nightly import rules_in_force
from retention.purge import Report, purge

COLUMNS = ("rule", "action", "cutoff", "due", "held", "indeterminate", "items", "subjects")


class Command(WritingCommand):
    help = "Count what is due under the retention rules. Nothing changes without --commit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rule", metavar="SLUG", help="only this rule (default: every rule in force)")
        parser.add_argument(
            "--as-of", metavar="DATE", help="the local date to count from (default: today; with --commit no later)"
        )
        parser.add_argument("--commit", action="store_true", help="do it; otherwise only count")
        parser.add_argument(
            "--approve",
            metavar="HASH",
            help="with --commit, where there is one officer only: let exactly this set go (the refusal names it)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON line per rule")

    def writes(self, options: Mapping[str, object]) -> bool:
        return bool(options["commit"])

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        as_of = _day(options["as_of"], now, commit=options["commit"])
        reports, refused = [], list[str]()
        for rule in _rules(options["rule"]):
            try:
                reports.append(_apply(rule, as_of, options, now))
            except guard.ApprovalNeeded as error:
                refused.append(_ask(error.planned))
            except DomainError as error:
                refused.append(f"{rule.slug}: {error.message}")
        if options["json"]:
            for report in reports:
                self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write(_table(reports, as_of, committed=options["commit"]))
        if refused:
            raise CommandError("\n".join(refused))


def _apply(rule: RetentionRule, as_of: date, options: dict[str, Any], now: datetime) -> Report:
    if not options["commit"]:
        return purge(rule, as_of=as_of, now=now)
    if options["approve"]:
        guard.confirm(rule, as_of=as_of, fingerprint=options["approve"], now=now)
    return guard.apply(rule, as_of=as_of, now=now)


def _ask(planned: guard.Planned) -> str:
    page = f"{settings.BASE_URL}{reverse('admin:forgetting-rule', args=[planned.rule.pk])}"
    lines = [f"{planned.rule.slug}: {planned.rows} rows would go. {guard.WHY[planned.why]}"]
    if planned.came or planned.left:
        lines.append(f"What was approved is another set by now: {planned.came} came to it, {planned.left} left it.")
    lines.append(f"Nothing of it went. Somebody looks at the set and approves exactly that within a day: {page}")
    if settings.SOLE_OFFICER:
        lines.append(f"As the only officer you may also add --rule {planned.rule.slug} --approve {planned.fingerprint}")
    return "\n".join(lines)


def _day(text: str | None, now: datetime, *, commit: bool) -> date:
    today = now.astimezone(Controller.current().zone).date()
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError as error:
        raise CommandError(f"{text!r} is not a date. Write it like {today.isoformat()}.") from error
    if commit and day > today:
        raise CommandError(f"{text} is still to come: nothing is due by it yet. Count it without --commit.")
    return day


def _rules(slug: str | None) -> list[RetentionRule]:
    rules = rules_in_force()
    if slug is None:
        return rules
    chosen = [rule for rule in rules if rule.slug == slug]
    if not chosen:
        names = ", ".join(rule.slug for rule in rules) or "none"
        raise CommandError(f"No rule in force is called {slug!r}. In force: {names}.")
    return chosen


def _table(reports: list[Report], as_of: date, *, committed: bool) -> str:
    if not reports:
        return "No retention rule is in force."
    rows = [COLUMNS, *(tuple(str(getattr(report, name)) for name in COLUMNS) for report in reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    closing = "Done." if committed else "Nothing was changed. Add --commit to do it."
    return "\n".join([f"As of {as_of.isoformat()}", *lines, closing])
