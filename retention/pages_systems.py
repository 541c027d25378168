"""The page of what other systems still have to answer after a run, and writing down that they did."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.db.models.query import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.desk import actor_of, for_staff, page
from core.errors import DomainError
from core.models import ApiKey, Controller
from retention import shares, systems
from retention.models import SystemTask

READ, ANSWER, LOOK = "retention.view_systemtask", "retention.change_systemtask", "retention.view_systemrecord"
PAGE = 25


@require_GET
@for_staff(READ)
def show(request: HttpRequest) -> HttpResponse:
    """The oldest first. `after` is the number of the last one on the page before."""
    rows, after = systems.unanswered(), request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        last = get_object_or_404(SystemTask, pk=int(after))
        rows = rows.filter(Q(due_on__gt=last.due_on) | Q(due_on=last.due_on, pk__gt=last.pk))
    found = list(rows[: PAGE + 1])
    now = timezone.now()
    valid = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None).exclude(system="")
    keys = {key.system: key for key in valid.order_by("pk")}
    context: dict[str, Any] = {
        "title": _("Systems that have to answer"),
        "tasks": [(task, keys.get(task.system.slug)) for task in found[:PAGE]],
        "after": found[PAGE - 1].pk if len(found) > PAGE else "",
        "today": now.astimezone(Controller.current().zone).date(),
        **_may(request),
    }
    return page(request, "retention/systems.html", context)


@require_POST
@for_staff(LOOK)
def records(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What to erase in that system. A POST, because each look is recorded. `after`: the last one of the page before."""
    task, after = get_object_or_404(_tasks(), uuid=uuid), request.POST.get("after", "")
    number = int(after) if after.isdecimal() and len(after) < 19 else 0
    found, more = shares.shown(task, after=number, actor=actor_of(request), now=timezone.now())
    context: dict[str, Any] = {
        "title": _("What %(system)s has to erase") % {"system": task.system.name},
        "task": task,
        "records": found,
        "all": shares.of(task).count(),
        "after": found[-1].pk if more else "",
        **_may(request),
    }
    return page(request, "retention/system_records.html", context)


def _tasks() -> QuerySet[SystemTask]:
    return SystemTask.objects.select_related("system", "run__rule__purpose")


def _may(request: HttpRequest) -> dict[str, Any]:
    allowed = {"may_answer": request.user.has_perm(ANSWER), "may_look": request.user.has_perm(LOOK)}
    return {"reasons": systems.REASONS.items(), **allowed}


@require_POST
@for_staff(ANSWER)
def answer(request: HttpRequest, uuid: UUID) -> HttpResponse:
    task = get_object_or_404(SystemTask, uuid=uuid)
    given = {name: request.POST.get(name, "") for name in ("outcome", "reason")}
    try:
        systems.answer(task, **given, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        said = " ".join(str(text) for text in (error.fields or {"": error.message}).values())
        messages.error(request, f"{task.system.name}: {said}")
    else:
        messages.success(request, _("Written down. The certificate of the run says it from now on."))
    return redirect("admin:forgetting-systems")


URLS = [
    path("forgetting/systems/", show, name="forgetting-systems"),
    path("forgetting/systems/<uuid:uuid>/records/", records, name="forgetting-system-records"),
    path("forgetting/systems/<uuid:uuid>/answer/", answer, name="forgetting-system-answer"),
]
