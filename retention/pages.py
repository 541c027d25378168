"""Pages about forgetting: what waits for approval, what runs, what is held, and what a rule would do."""

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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.hints import hint
from core.models import Controller
from retention import effect, guard, holds, runs, tasks
from retention.forms import HoldForm, ReviewForm
from retention.models import LegalHold, RetentionRule, Run
from retention.nightly import rules_in_force

READ, APPROVE, CHANGE = (
    "retention.view_retentionrule",
    "retention.approve_retentionrule",
    "retention.change_legalhold",
)


@require_GET
@for_staff(READ)
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    today = now.astimezone(Controller.current().zone).date()
    going = Run.objects.filter(status=Run.Status.RUNNING).select_related("rule").order_by("pk")
    kept = LegalHold.objects.filter(released_at=None).prefetch_related("purposes").order_by("review_due", "pk")
    context = {
        "title": _("Forgetting"),
        "rules": [_line(rule, now) for rule in rules_in_force()],
        "drafts": RetentionRule.objects.filter(status=RetentionRule.Status.DRAFT).order_by("slug", "version"),
        "going": [{"run": run, "done": runs.totals(run)} for run in going],
        "holds": [{"hold": hold, "reason": holds.REASONS.get(hold.reason, hold.reason)} for hold in kept],
        "today": today,
        "may_approve": request.user.has_perm(APPROVE),
        "may_hold": request.user.has_perm(CHANGE),
    }
    return page(request, "retention/forgetting.html", context)


def _line(rule: RetentionRule, now: datetime) -> dict[str, Any]:
    last = rule.runs.filter(status=Run.Status.FINISHED).order_by("-pk").first()
    return {"rule": rule, "last": last, "waits": guard.standing(rule, now=now).exists()}


@require_GET
@for_staff(READ)
def show_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """What it would do now and in the next two years, and what somebody has to approve of it."""
    rule = get_object_or_404(RetentionRule.objects.select_related("purpose", "category"), pk=pk)
    now = timezone.now()
    today = now.astimezone(Controller.current().zone).date()
    planned = guard.plan(rule, as_of=today, now=now)
    context = {
        "title": _("What %(rule)s does") % {"rule": rule},
        "rule": rule,
        "effect": effect.effect(rule, today=today, now=now),
        "without_date": effect.without_date(rule),
        "planned": planned,
        "why": guard.WHY.get(planned.why, ""),
        "standing": guard.standing(rule, now=now).first(),
        "may_approve": request.user.has_perm(APPROVE),
    }
    return page(request, "retention/rule.html", context)


@require_POST
@for_staff(APPROVE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(RetentionRule.objects.select_related("purpose"), pk=pk, status="active")
    now = timezone.now()
    today = now.astimezone(Controller.current().zone).date()
    given = request.POST.get("fingerprint", "")

    def act() -> None:
        guard.approve(rule, as_of=today, fingerprint=given, by=actor_of(request), now=now)

    return _done(request, act, _("Approved. It begins within minutes."), "admin:forgetting-rule", rule.pk)


@require_POST
@for_staff(APPROVE)
def steer(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    run = get_object_or_404(Run, uuid=uuid)
    act = runs.pause if step == "pause" else runs.resume
    said = _("Paused before its next batch.") if step == "pause" else _("It goes on within minutes.")
    now = timezone.now()
    return _done(request, lambda: act(run, actor=actor_of(request), now=now), said, "admin:forgetting")


@require_http_methods(["GET", "POST"])
@for_staff(CHANGE)
def add_hold(request: HttpRequest) -> HttpResponse:
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        purposes = list(given["purposes"])
        people = given["people"] or holds.everybody(purposes)
        words = {name: given[name] for name in ("matter", "reason", "review_due")}
        try:
            holds.place(people, purposes=purposes, actor=actor_of(request), now=timezone.now(), **words)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Held. Nothing of it is deleted until somebody releases it."))
            return redirect("admin:forgetting")
    return page(request, "retention/hold.html", {"title": _("Place a legal hold"), "form": form})


@require_POST
@for_staff(CHANGE)
def end_hold(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    hold = get_object_or_404(LegalHold, uuid=uuid)
    now = timezone.now()
    if step == "release":
        said = _("Released. What fell due meanwhile goes with the next run.")
        return _done(request, lambda: holds.release(hold, actor=actor_of(request), now=now), said, "admin:forgetting")
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a day within the next six months."))
        return redirect("admin:forgetting")
    until = form.cleaned_data["review_due"]
    act = lambda: holds.keep(hold, review_due=until, actor=actor_of(request), now=now)  # noqa: E731 - the same as above
    return _done(request, act, _("Kept on, with a new day to look at it."), "admin:forgetting")


def _done(request: HttpRequest, act: Callable[[], Any], said: str, name: str, *to: int) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        messages.error(request, " ".join(str(text) for text in (error.fields or {"": error.message}).values()))
    else:
        messages.success(request, said)
        hint(tasks.resume)
    return redirect(name, *to)


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("forgetting/", overview, name="forgetting"),
        path("forgetting/rules/<int:pk>/", show_rule, name="forgetting-rule"),
        path("forgetting/rules/<int:pk>/approve/", approve, name="forgetting-approve"),
        path("forgetting/runs/<uuid:uuid>/<slug:step>/", steer, name="forgetting-steer"),
        path("forgetting/holds/new/", add_hold, name="hold-add"),
        path("forgetting/holds/<uuid:uuid>/<slug:step>/", end_hold, name="hold-end"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
