"""Staff pages of assessments: what is due, the wizard, and approving by somebody else."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consents import assessments, assessments_drafts, assessments_overview
from consents import office_assessments_pages as pages
from consents.assessments_drafts import Incomplete
from consents.assessments_questions import FORMS, part_of
from consents.models import AssessmentVersion
from consents.office_assessments_input import AgainForm, ApproveForm, PartForm, ReturnForm
from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import Controller
from processing.models import Purpose

READ, WRITE = "consents.view_assessmentversion", "consents.change_assessmentversion"
APPROVE = "consents.approve_assessmentversion"
FOLDER = "consents/assessments"


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """Every purpose on an interest, what is due first on top."""
    context = {
        "title": _("Assessments"),
        "lines": assessments_overview.lines(_today()),
        "today": _today(),
        "may_write": request.user.has_perm(WRITE),
        "may_approve": request.user.has_perm(APPROVE),
    }
    return page(request, f"{FOLDER}/list.html", context)


@require_GET
@for_staff(READ)
def show(request: HttpRequest, slug: str) -> HttpResponse:
    return _show(request, _purpose(slug))


@require_POST
@for_staff(WRITE)
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    version = assessments_drafts.begin(_purpose(slug), now=timezone.now(), actor=actor_of(request))
    return redirect("admin:assessment-part", slug, FORMS[version.basis][0].slug)


@require_POST
@for_staff(WRITE)
def again(request: HttpRequest, slug: str) -> HttpResponse:
    """Something happened: it is to be weighed again."""
    purpose, form = _purpose(slug), AgainForm(request.POST)
    if not form.is_valid():
        return _show(request, purpose, again_form=form)
    assessments.ask_again(purpose, cause=form.cleaned_data["cause"], now=timezone.now(), actor=actor_of(request))
    messages.success(request, _("It is to be weighed again. It counts until a new version is approved."))
    return redirect("admin:assessment", slug)


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def part(request: HttpRequest, slug: str, part: str) -> HttpResponse:
    """One page of the wizard. Whatever is filled in is kept; what is open is told beside it."""
    version = _draft(slug)
    asked = part_of(version.basis, part)
    if asked is None:
        raise Http404
    form = PartForm(request.POST if request.method == "POST" else None, part=asked, version=version)
    if request.method == "POST" and form.is_valid():
        purpose, given = version.assessment.purpose, form.cleaned_data
        try:
            saved = assessments_drafts.save(purpose, part, given, now=timezone.now(), actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            return _after(request, saved, part)
    return page(request, f"{FOLDER}/part.html", pages.of_part(version, asked, form))


@require_GET
@for_staff(WRITE)
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that was answered, and what is missing, before it is submitted."""
    return page(request, f"{FOLDER}/check.html", pages.of_check(_draft(slug)))


@require_POST
@for_staff(WRITE)
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    version = _draft(slug)
    try:
        assessments_drafts.submit(version.assessment.purpose, now=timezone.now(), actor=actor_of(request))
    except Incomplete:
        return page(request, f"{FOLDER}/check.html", {**pages.of_check(version), "was_refused": True})
    messages.success(request, _("Submitted. Somebody who did not write it approves it now."))
    return redirect("admin:assessment", slug)


@require_POST
@for_staff(WRITE)
def discard(request: HttpRequest, slug: str) -> HttpResponse:
    assessments_drafts.discard(_purpose(slug), now=timezone.now(), actor=actor_of(request))
    messages.success(request, _("The draft is thrown away. What was approved stays."))
    return redirect("admin:assessment", slug)


@require_http_methods(["GET", "POST"])
@for_staff(APPROVE)
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """What was submitted, what it changes, and the button of the second person."""
    version = _waiting(slug)
    is_own = actor_of(request) in assessments.writers(version)
    data = request.POST if request.method == "POST" else None
    form = ApproveForm(data, is_own=is_own, initial={"review_due": _today() + assessments.REVIEW_EVERY})
    if request.method == "POST" and form.is_valid():
        try:
            done = assessments.approve(version, approver=actor_of(request), now=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Version %(number)s is approved.") % {"number": done.number})
            return redirect("admin:assessment", slug)
    return page(request, f"{FOLDER}/approve.html", pages.of_approval(version, form, is_own=is_own))


@require_POST
@for_staff(WRITE, APPROVE)
def send_back(request: HttpRequest, slug: str) -> HttpResponse:
    """To its author, with what should be different; its author takes it back without a word."""
    version, form = _waiting(slug), ReturnForm(request.POST)
    if form.is_valid():
        try:
            note = form.cleaned_data["note"]
            assessments_drafts.send_back(
                version.assessment.purpose, note=note, now=timezone.now(), actor=actor_of(request)
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("It is a draft again."))
            return redirect("admin:assessment", slug)
    return _show(request, version.assessment.purpose, return_form=form)


@require_GET
@for_staff(READ)
def read(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One round as it was, and what it said differently from the one before."""
    rows = AssessmentVersion.objects.select_related("assessment__purpose")
    version = rows.filter(assessment__purpose__slug=slug, number=number).first()
    if version is None:
        raise Http404
    return page(request, f"{FOLDER}/version.html", pages.of_version(version))


def _today() -> date:
    return _local(timezone.now())


def _local(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _purpose(slug: str) -> Purpose:
    found = Purpose.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def _draft(slug: str) -> AssessmentVersion:
    version = assessments_drafts.in_the_making(_purpose(slug))
    if version is None:
        raise assessments_drafts.NoRound
    if version.is_waiting:
        raise assessments_drafts.Submitted
    return version


def _waiting(slug: str) -> AssessmentVersion:
    version = assessments_drafts.in_the_making(_purpose(slug))
    if version is None or not version.is_waiting:
        raise assessments_drafts.NoRound(_("Nothing waits for approval here."))
    return version


def _after(request: HttpRequest, version: AssessmentVersion, slug: str) -> HttpResponse:
    """The next page, or a place to come back to."""
    purpose = version.assessment.purpose
    if "later" in request.POST:
        messages.success(request, _("The draft is kept. Go on with it here whenever you like."))
        return redirect("admin:assessment", purpose.slug)
    slugs = [one.slug for one in FORMS[version.basis]]
    ahead = slugs[slugs.index(slug) + 1 :]
    return (
        redirect("admin:assessment-part", purpose.slug, ahead[0])
        if ahead
        else redirect("admin:assessment-check", purpose.slug)
    )


def _show(request: HttpRequest, purpose: Purpose, **bound: Any) -> HttpResponse:
    context = {
        **pages.of_purpose(purpose, _today()),
        "again_form": AgainForm(),
        "return_form": ReturnForm(),
        "may_write": request.user.has_perm(WRITE),
        "may_approve": request.user.has_perm(APPROVE),
        "actor": actor_of(request),
        **bound,
    }
    return page(request, f"{FOLDER}/assessment.html", context)


def urls(site: AdminSite) -> list[URLPattern]:
    """Below the admin site, behind its door."""
    here = "assessments/<slug:slug>/"
    found = [
        path("assessments/", show_list, name="assessments"),
        path(here, show, name="assessment"),
        path(f"{here}begin/", begin, name="assessment-begin"),
        path(f"{here}again/", again, name="assessment-again"),
        path(f"{here}draft/", check, name="assessment-check"),
        path(f"{here}draft/<slug:part>/", part, name="assessment-part"),
        path(f"{here}submit/", submit, name="assessment-submit"),
        path(f"{here}discard/", discard, name="assessment-discard"),
        path(f"{here}approve/", approve, name="assessment-approve"),
        path(f"{here}return/", send_back, name="assessment-return"),
        path(f"{here}<int:number>/", read, name="assessment-version"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
