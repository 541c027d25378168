"""What waits for somebody before it is deleted, where they look: silence would keep it for ever.

A set that nobody has looked at is noted by the sweep that it stopped, and those who may let it go are told once.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.query import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from core.models import Controller, User
from core.outbox import post_mail
from retention import reviewing, systems
from retention.exact import WHY, Planned
from retention.models import LegalHold, RetentionRule, Run, SystemTask, WaitingSet

APPROVE = "retention.approve_retentionrule"
ANSWER = "retention.change_systemtask"
MOST = 6


@transaction.atomic
def note(planned: Planned, *, tells: bool = True, now: datetime) -> None:
    """That these rows wait. A mail goes out when they begin to, not every night, and when what was approved changed."""
    seen = {"as_of": planned.as_of, "rows": planned.rows, "why": planned.why, "fingerprint": planned.fingerprint}
    changed = {"came": planned.came, "left": planned.left} if planned.came or planned.left else {}
    waiting, is_new = WaitingSet.objects.get_or_create(rule=planned.rule, defaults={**seen, **changed, "since": now})
    if not is_new:
        for name, value in {**seen, **changed}.items():
            setattr(waiting, name, value)
        waiting.save(update_fields=[*seen, *changed])
    if tells and (is_new or changed):
        _tell(waiting, now=now)


def asked_still(planned: Planned) -> Planned:
    """What an approved set became is looked at for its reason, however small it is by now, until some of it goes."""
    if planned.why or not planned.fresh:
        return planned
    became = WaitingSet.objects.filter(Q(came__gt=0) | Q(left__gt=0), rule=planned.rule).first()
    return replace(planned, why=became.why) if became else planned


def over(rule: RetentionRule) -> None:
    """The rule is applied, or nothing has to be looked at: nothing of it waits."""
    WaitingSet.objects.filter(rule=rule).delete()


def _tell(waiting: WaitingSet, *, now: datetime) -> None:
    link = f"{settings.BASE_URL}{reverse('admin:forgetting-rule', args=[waiting.rule.pk])}"
    context = {"rule": waiting.rule, "waiting": waiting, "why": WHY[waiting.why], "link": link}
    _mail("retention/mail/approval_waits.txt", context, APPROVE, now=now)


@transaction.atomic
def remind_of_systems(*, now: datetime) -> int:
    """One mail about the systems whose answer has become overdue. Twice is once. Returns how many there are."""
    today = now.astimezone(Controller.current().zone).date()
    fresh = list(systems.overdue(today).filter(reminded_at=None).select_for_update(of=("self",)))
    if fresh:
        names = sorted({task.system.name for task in fresh})
        context = {"tasks": fresh, "names": names, "link": f"{settings.BASE_URL}{reverse('admin:forgetting-systems')}"}
        _mail("retention/mail/systems_silent.txt", context, ANSWER, now=now)
        SystemTask.objects.filter(pk__in=[task.pk for task in fresh]).update(reminded_at=now)
    return len(fresh)


def _mail(template: str, context: dict[str, Any], permission: str, *, now: datetime) -> None:
    """To everybody who may do something about it; to the privacy mailbox when there is nobody."""
    text = render_to_string(template, context)
    subject, _blank, body = text.strip().partition("\n")
    staff = [one for one in User.objects.filter(is_active=True, is_staff=True) if one.has_perm(permission)]
    addresses = {one.email for one in staff if one.email} or {Controller.current().dpo_contact}
    for address in sorted(addresses):
        post_mail(to=address, subject=subject.strip(), text=body.strip() + "\n", about=None, now=now)


@dataclass(frozen=True)
class Work:
    """What somebody has to do so that forgetting goes on."""

    sets: list[WaitingSet]
    drafts: list[RetentionRule]
    paused: list[Run]
    rules: list[RetentionRule]
    holds: list[LegalHold]
    systems: list[SystemTask]
    reviews: list[RetentionRule]

    def __bool__(self) -> bool:
        return any((self.sets, self.drafts, self.paused, self.rules, self.holds, self.systems, self.reviews))


def work(today: date, *, now: datetime) -> Work:
    """Sets and drafts to approve, paused runs, rules and holds whose review is due, silent systems, rows to look at."""
    rules = RetentionRule.objects.select_related("purpose", "category")
    active = RetentionRule.Status.ACTIVE
    return Work(
        sets=_few(WaitingSet.objects.filter(rule__status=active).select_related("rule__purpose").order_by("since")),
        drafts=_few(rules.filter(status=RetentionRule.Status.DRAFT).order_by("pk")),
        paused=_few(Run.objects.filter(status=Run.Status.RUNNING, paused_at__isnull=False).select_related("rule")),
        rules=_few(rules.filter(review_due__lte=today, status=active).order_by("review_due")),
        holds=_few(LegalHold.objects.filter(released_at=None, review_due__lte=today).order_by("review_due")),
        systems=_few(systems.overdue(today)),
        reviews=reviewing.waiting(now=now)[:MOST],
    )


def _few(rows: QuerySet[Any]) -> list[Any]:
    return list(rows[:MOST])
