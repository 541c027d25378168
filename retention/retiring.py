"""Ending a rule without another in its place. As when one is put in force, nobody does it alone.

Nothing is deleted under it from then on: what it let go of stays for the purpose's other rules, or for ever if there is
none. A run that is at work stops before its next batch, with its totals and a certificate of what it did.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError, Invalid
from core.models import Outbox
from ledger.entries import record
from retention import restricting, stopping
from retention.models import Approval, KeptRow, RetentionRule, WaitingSet

LENGTH = 500
RETIRED = "retention.retired"


class TwoPeopleNeeded(DomainError):
    code = "two-people-needed"
    message = _("You have asked for this yourself. Somebody else must look at it and end the rule.")


@transaction.atomic
def ask(rule: RetentionRule, *, because: str, by: str, now: datetime) -> None:
    """Say that a rule in force is needed no more. Asking again says why anew."""
    locked = _in_force(rule)
    because = " ".join(because.split())
    if not 0 < len(because) <= LENGTH:
        raise Invalid(fields={"because": _("Say why, in up to 500 characters. The auditor reads it.")})
    locked.retire_because, locked.retire_asked_by, locked.retire_asked_at = because, by, now
    locked.save(update_fields=["retire_because", "retire_asked_by", "retire_asked_at"])
    _note("retention.retiring", locked, by, now)


@transaction.atomic
def withdraw(rule: RetentionRule, *, by: str, now: datetime) -> None:
    """It goes on."""
    locked = _in_force(rule)
    if locked.retire_asked_by:
        locked.retire_because, locked.retire_asked_by, locked.retire_asked_at = "", "", None
        locked.save(update_fields=["retire_because", "retire_asked_by", "retire_asked_at"])
        _note("retention.kept", locked, by, now)


@transaction.atomic
def retire(rule: RetentionRule, *, by: str, now: datetime) -> None:
    """End it, as somebody else asked. Raises TwoPeopleNeeded."""
    locked = _in_force(rule)
    if not locked.retire_asked_by:
        raise DomainError(_("Nobody has asked for this rule to end."), code="not-asked")
    if locked.retire_asked_by == by and not settings.SOLE_OFFICER:
        raise TwoPeopleNeeded
    exception = {"exception": "sole-officer"} if locked.retire_asked_by == by else {}
    _end(locked, by=by, at=now, now=now)
    _note(RETIRED, locked, by, now, **exception)
    line = {"action": RETIRED, "rule": locked.slug, "version": locked.version, "by": by, "at": now.isoformat()}
    outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)


def retire_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """After a restore, inside the caller's transaction: a rule that had ended since the backup."""
    rule = _of(data).select_related("purpose").first()
    if rule is None:
        return False
    _end(rule, by=data["by"], at=datetime.fromisoformat(data["at"]), now=now)
    _note(RETIRED, rule, actor, now)
    return True


def is_over(data: Mapping[str, Any]) -> bool:
    return not _of(data).exists()


def _of(data: Mapping[str, Any]) -> QuerySet[RetentionRule]:
    return RetentionRule.objects.filter(slug=data["rule"], version=data["version"], status=RetentionRule.Status.ACTIVE)


def _end(locked: RetentionRule, *, by: str, at: datetime, now: datetime) -> None:
    locked.status, locked.retired_by, locked.retired_at = RetentionRule.Status.RETIRED, by, at
    locked.save(update_fields=["status", "retired_by", "retired_at"])
    stopping.stop(locked, why=stopping.RETIRED, now=now)
    # Nobody has to look at anything of it any more.
    WaitingSet.objects.filter(rule=locked).delete()
    KeptRow.objects.filter(rule=locked).delete()
    Approval.objects.filter(rule=locked, run=None, refused_at=None).update(refused_at=now)
    # Not here: a batch has restrictions before its run, and there may be millions.
    restricting.settle_soon(locked.purpose)


def _in_force(rule: RetentionRule) -> RetentionRule:
    locked = RetentionRule.objects.select_for_update(of=("self",)).select_related("purpose").get(pk=rule.pk)
    if locked.status != RetentionRule.Status.ACTIVE:
        raise DomainError(_("This rule is not in force."), code="rule-not-in-force")
    return locked


def _note(kind: str, rule: RetentionRule, by: str, now: datetime, **more: str) -> None:
    data = {"rule": rule.slug, "version": rule.version, **more}
    record(kind=kind, at=now, actor=by, purpose=rule.purpose.slug, data=data)
