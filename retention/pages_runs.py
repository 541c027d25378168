"""The page of one run: what it did, what it could not do, and its certificate."""

from datetime import date
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.desk import for_staff, names_of, page
from core.models import Controller
from retention import certificate, progress, runs, stopping
from retention.models import Run

AGAIN = 5
READ, APPROVE = "retention.view_retentionrule", "retention.approve_retentionrule"


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.select_related("rule__purpose"), uuid=uuid)
    is_over = run.status in (Run.Status.FINISHED, Run.Status.STOPPED) and run.finished_at
    done = runs.totals(run)
    changed = progress.changed(run) if run.measured else 0
    is_in_backups = progress.is_in_backups(vars(done), files=run.case_files, changed=changed)
    let_go = certificate.let_go(run)
    context = {
        "title": _("A run of %(rule)s") % {"rule": run.rule} if run.rule else _("An erasure that was asked for"),
        "run": run,
        "done": done,
        "worked": progress.worked(run) if run.status == Run.Status.RUNNING else None,
        # Until somebody stops it: whoever reads slowly, or with a reader, need not be interrupted.
        "is_live": run.status == Run.Status.RUNNING and not run.paused_at and "still" not in request.GET,
        "may_steer": request.user.has_perm(APPROVE) and run.rule,
        "changed": changed,
        "let_go": let_go,
        "let_go_by": names_of([let_go.approved_by]).get(let_go.approved_by, let_go.approved_by) if let_go else "",
        "why_stopped": stopping.WHY.get(run.stopped, ""),
        "systems": run.system_tasks.select_related("system").order_by("system__slug"),
        "is_in_journal": certificate.is_in_journal(run),
        "backups_until": _backups_until(run) if is_over and is_in_backups else None,
    }
    shown = page(request, "retention/run.html", context)
    if context["is_live"]:
        shown["Refresh"] = str(AGAIN)
    return shown


def _backups_until(run: Run) -> date | None:
    controller = Controller.current()
    return controller.backups_until(run.finished_at.astimezone(controller.zone).date()) if run.finished_at else None


@require_GET
@for_staff(READ)
def download(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.select_related("rule__purpose", "rule__category"), uuid=uuid)
    answer = HttpResponse(certificate.file(run), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="run-{run.uuid}.json"'
    return answer


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("forgetting/runs/<uuid:uuid>/", show, name="forgetting-run"),
        path("forgetting/runs/<uuid:uuid>/certificate/", download, name="forgetting-certificate"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
