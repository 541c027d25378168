"""The page of what other systems still have to answer after a run, and writing down that they did."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.desk import actor_of, for_staff, page
from core.errors import DomainError
from core.models import Controller
from retention import systems
from retention.models import SystemTask

READ, ANSWER = "retention.view_systemtask", "retention.change_systemtask"
PAGE = 25
OUTCOMES = [choice for choice in SystemTask.Outcome.choices if choice[0] != SystemTask.Outcome.PENDING]


@require_GET
@for_staff(READ)
def show(request: HttpRequest) -> HttpResponse:
    """The oldest first. `after` is the number of the last one on the page before."""
    rows, after = systems.unanswered(), request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        last = get_object_or_404(SystemTask, pk=int(after))
        rows = rows.filter(Q(due_on__gt=last.due_on) | Q(due_on=last.due_on, pk__gt=last.pk))
    found = list(rows[: PAGE + 1])
    context: dict[str, Any] = {
        "title": _("Systems that have to answer"),
        "tasks": found[:PAGE],
        "after": found[PAGE - 1].pk if len(found) > PAGE else "",
        "today": timezone.now().astimezone(Controller.current().zone).date(),
        "outcomes": OUTCOMES,
        "reasons": systems.REASONS.items(),
        "may_answer": request.user.has_perm(ANSWER),
    }
    return page(request, "retention/systems.html", context)


@require_POST
@for_staff(ANSWER)
def answer(request: HttpRequest, uuid: UUID) -> HttpResponse:
    task = get_object_or_404(SystemTask, uuid=uuid)
    given = {name: request.POST.get(name, "") for name in ("outcome", "reason")}
    try:
        systems.answer(task, **given, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        messages.error(request, " ".join(str(text) for text in (error.fields or {"": error.message}).values()))
    else:
        messages.success(request, _("Written down. The certificate of the run says it from now on."))
    return redirect("admin:forgetting-systems")


URLS = [
    path("forgetting/systems/", show, name="forgetting-systems"),
    path("forgetting/systems/<uuid:uuid>/answer/", answer, name="forgetting-system-answer"),
]
