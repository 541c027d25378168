"""Data in: files on their way, and the request log on its way out, in the frame of the office."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.hints import hint
from imports import export, preview, reading, staging, work
from imports.fields import Kind
from imports.forms import UploadForm
from imports.kinds import KINDS
from imports.models import Import
from ledger.entries import record
from requests import office
from requests.models import RightsRequest
from requests.office import actor_of, for_staff
from requests.office_forms import refuse

READ, ADD = "imports.view_import", "imports.add_import"
# A small file is done before the page is shown; a large one goes on in the worker.
SECONDS = 2.0


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """What can come in, and the files of the last weeks."""
    return _list(request)


@sensitive_post_parameters()
@require_POST
@for_staff(ADD)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file apart. The file itself is not kept."""
    form = UploadForm(request.POST, request.FILES, kinds=kinds_for(request))
    if not form.is_valid():
        return _list(request, form)
    file = form.cleaned_data["file"]
    try:
        # One byte more than is allowed tells that it is too large.
        content = file.read(reading.MAX_BYTES + 1)
        job = staging.take_in(form.cleaned_data["kind"], content, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        refuse(form, error)
        return _list(request, form)
    return redirect("admin:import", job.uuid)


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _page(request, get(request, uuid))


@sensitive_post_parameters()
@require_POST
@for_staff(ADD)
def choose(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Say what the columns mean, and check every row."""
    job, now = get(request, uuid), timezone.now()
    columns = request.POST.getlist("column")
    fixed = {field.name: request.POST.get(f"fixed:{field.name}", "") for field in KINDS[job.kind].fields()}
    try:
        staging.choose(job, columns, fixed, now=now)
    except DomainError as error:
        return _page(request, job, chosen=columns, fixed=fixed, refused=error)
    return _work(request, job)


@require_GET
@for_staff(ADD)
def rename(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The columns once more."""
    job = get(request, uuid)
    if job.state not in (Import.State.MAPPING, Import.State.CHECKED):
        return redirect("admin:import", job.uuid)
    return _page(request, job, is_mapping=True)


@require_POST
@for_staff(ADD)
def commit(request: HttpRequest, uuid: UUID) -> HttpResponse:
    job = get(request, uuid)
    try:
        staging.commit(job, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("admin:import", job.uuid)
    return _work(request, job)


@require_POST
@for_staff(ADD)
def errors(request: HttpRequest, uuid: UUID) -> Any:
    """The rows with errors, as a file to put right. It leaves the building, so it is recorded."""
    job, now = get(request, uuid), timezone.now()
    if job.sealed is None:
        raise Http404
    record(kind="import.downloaded", at=now, actor=actor_of(request), object=job.uuid, data={"what": "errors"})
    return _csv(staging.bad_rows(job), f"{job.kind}-errors.csv")


@require_POST
@for_staff(ADD)
def erase(request: HttpRequest, uuid: UUID) -> HttpResponse:
    job = get(request, uuid)
    staging.erase(job, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("What was left of the file is erased."))
    return redirect("admin:data-in")


@require_GET
@for_staff(office.READ)
def log(request: HttpRequest) -> Any:
    """The request log, as far as this user may see requests."""
    return _csv(export.request_log(RightsRequest.objects.visible_to(request.user)), "request-log.csv")


def kinds_for(request: HttpRequest) -> list[Kind]:
    """What this user may bring in: the right to import, and the right to make such things at all."""
    may = request.user.has_perm
    return [kind for kind in KINDS.values() if may(ADD) and may(kind.permission)]


def get(request: HttpRequest, uuid: UUID) -> Import:
    """The file, if it is of a kind this user may bring in, or may see the counts of."""
    found = Import.objects.filter(uuid=uuid).first()
    may_add = request.user.has_perm(ADD)
    if found is None or (may_add and KINDS[found.kind] not in kinds_for(request)):
        raise Http404
    return found


def _work(request: HttpRequest, job: Import) -> HttpResponse:
    if work.advance(job, now=timezone.now(), seconds=SECONDS):
        hint("imports.tasks.advance", job.pk)
    return redirect("admin:import", job.uuid)


def _list(request: HttpRequest, form: UploadForm | None = None) -> HttpResponse:
    kinds = kinds_for(request)
    jobs = [{"job": job, "counts": staging.counts_of(job)} for job in Import.objects.order_by("-created_at")[:30]]
    context = {
        "title": _("Data in"),
        "form": form or (UploadForm(kinds=kinds) if kinds else None),
        "kinds": kinds,
        "jobs": jobs,
        "may_add_person": request.user.has_perm("subjects.add_datasubject"),
        "may_add_case": request.user.has_perm("requests.add_rightsrequest"),
        "may_export": request.user.has_perm(office.READ),
    }
    return office.page(request, "imports/list.html", context)


def _page(request: HttpRequest, job: Import, **extra: Any) -> HttpResponse:
    """The file at the point where it is. Only who may bring it in sees what it says."""
    may_see = request.user.has_perm(ADD) and job.sealed is not None
    is_mapping = may_see and (job.state == Import.State.MAPPING or "is_mapping" in extra or "refused" in extra)
    context: dict[str, Any] = {
        "title": job.get_kind_display(),
        "job": job,
        "counts": staging.counts_of(job),
        "is_working": job.state in work.WORKING,
        "may_see": may_see,
        "is_mapping": is_mapping,
    }
    if is_mapping:
        context |= _mapping(job, **extra)
        return office.page(request, "imports/mapping.html", context)
    if may_see:
        fields, rows = preview.rows(job, now=timezone.now())
        context |= {"fields": fields, "rows": rows, "errors": preview.errors(job)}
    return office.page(request, "imports/import.html", context)


def _mapping(
    job: Import,
    *,
    chosen: list[str] | None = None,
    fixed: dict[str, str] | None = None,
    refused: DomainError | None = None,
    is_mapping: bool = False,
) -> dict[str, Any]:
    layout, fields = staging.layout_of(job), KINDS[job.kind].fields()
    columns = preview.columns(job)
    for column, field in zip(columns, chosen or layout["columns"], strict=False):
        column["field"] = field
    values = fixed if fixed is not None else layout["fixed"]
    wrong = refused.fields if refused else {}
    return {
        "columns": columns,
        "fields": fields,
        "fixed": [
            {"field": one, "value": values.get(one.name, ""), "error": wrong.get(one.name, "")}
            for one in fields
            if not one.is_own
        ],
        "missing": [{"field": one, "error": wrong[one.name]} for one in fields if one.name in wrong],
        "refused": refused,
    }


def _csv(lines: Any, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
