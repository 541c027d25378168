"""Pages about forgetting: what waits for approval, what runs, and what is held."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.desk import actor_of, for_staff, page
from core.errors import DomainError
from core.hints import hint
from core.models import Controller
from retention import guard, holds, progress, runs, systems, tasks
from retention.models import LegalHold, RetentionRule, Run, WaitingSet, WriteBack
from retention.nightly import rules_in_force

READ, APPROVE, CHANGE, DRAFT = (
    "retention.view_retentionrule",
    "retention.approve_retentionrule",
    "retention.change_legalhold",
    "retention.add_retentionrule",
)


@require_GET
@for_staff(READ)
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    today = now.astimezone(Controller.current().zone).date()
    going = Run.objects.filter(status=Run.Status.RUNNING).select_related("rule").order_by("pk")
    kept = LegalHold.objects.filter(released_at=None).order_by("review_due", "pk")
    drafts = RetentionRule.objects.filter(status=RetentionRule.Status.DRAFT).select_related("purpose", "category")
    context = {
        "title": _("Forgetting"),
        "rules": [_line(rule, now) for rule in rules_in_force()],
        "drafts": drafts.order_by("slug", "version"),
        "going": [{"run": run, "done": runs.totals(run), "worked": progress.worked(run)} for run in going],
        "holds": [{"hold": hold, "reason": holds.REASONS.get(hold.reason, hold.reason)} for hold in kept],
        "silent": systems.unanswered()[:100].count(),
        "written_back": _written_back() if request.user.has_perm("retention.view_writeback") else 0,
        "today": today,
        "may_approve": request.user.has_perm(APPROVE),
        "may_hold": request.user.has_perm(CHANGE),
        "may_draft": request.user.has_perm(DRAFT),
    }
    return page(request, "retention/forgetting.html", context)


def _written_back() -> int:
    return WriteBack.objects.filter(decision=WriteBack.Decision.OPEN).count()


def _line(rule: RetentionRule, now: datetime) -> dict[str, Any]:
    last = rule.runs.filter(status=Run.Status.FINISHED).order_by("-pk").first()
    to_approve = WaitingSet.objects.filter(rule=rule).first()
    return {"rule": rule, "last": last, "waits": guard.standing(rule, now=now).exists(), "to_approve": to_approve}


@require_POST
@for_staff(APPROVE)
def steer(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    run = get_object_or_404(Run, uuid=uuid)
    act = runs.pause if step == "pause" else runs.resume
    said = _("Paused before its next batch.") if step == "pause" else _("It goes on within minutes.")
    now = timezone.now()
    return done(request, lambda: act(run, actor=actor_of(request), now=now), said, "admin:forgetting-run", uuid)


def done(request: HttpRequest, act: Callable[[], Any], said: str, name: str, *to: Any) -> HttpResponse:
    """Do it, say so or why not, and go there. What was let go or resumed begins within minutes."""
    try:
        act()
    except DomainError as error:
        messages.error(request, " ".join(str(text) for text in (error.fields or {"": error.message}).values()))
    else:
        messages.success(request, said)
        hint(tasks.resume)
    return redirect(name, *to)


def urls(site: AdminSite) -> list[URLPattern]:
    # Here, because both import what is above.
    from retention import pages_holds, pages_review, pages_rules, pages_systems

    views = [
        path("forgetting/", overview, name="forgetting"),
        path("forgetting/runs/<uuid:uuid>/<slug:step>/", steer, name="forgetting-steer"),
        *pages_rules.URLS,
        *pages_holds.URLS,
        *pages_systems.URLS,
        *pages_review.URLS,
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
