"""Complaints in the office: the list, one complaint with its clock, and each step of the work on it."""

import csv
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from consents import assessments
from core.errors import DomainError
from core.models import User
from requests import (
    acknowledging,
    assigning,
    beside,
    complaint_lists,
    complaint_panels,
    complaints,
    happened,
    office,
    representing,
)
from requests.complaint_forms import DescribeForm, EnquiryForm, PeriodForm
from requests.entering_forms import AuthorityForm
from requests.models import Complaint, ComplaintStep
from requests.office import actor_of, for_staff
from requests.office_forms import refuse

READ, WRITE = "requests.view_complaint", "requests.change_complaint"
FORMS: dict[str, type[forms.Form]] = {
    "describe": DescribeForm,
    "by-hand": forms.Form,
    "enquiry": EnquiryForm,
    "authority": AuthorityForm,
}


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """What is open, by the day of its acknowledgement; or what is closed, the newest outcome first."""
    today, is_closed = office.today(timezone.now()), request.GET.get("state") == "closed"
    listed = complaint_lists.closed if is_closed else complaint_lists.page
    context = {
        "title": _("Complaints"),
        "today": today,
        "is_closed": is_closed,
        "page": listed(request.user, after=request.GET.get("after", "")),
        "period": PeriodForm(initial={"since": date(today.year, 1, 1), "until": today}),
        "may_count": request.user.has_perm("requests.view_every_rightsrequest"),
    }
    return office.page(request, "complaints", context)


@require_GET
@for_staff("requests.view_every_rightsrequest")
def counts(request: HttpRequest) -> HttpResponse:
    """Numbers of a period as CSV, for a report. Whoever sees only a part of the complaints cannot count them."""
    form = PeriodForm(request.GET)
    if not form.is_valid():
        messages.error(request, _("Give two dates, for example 2026-01-01 and 2026-12-31."))
        return redirect("admin:complaints")
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="complaints-{since}-{until}.csv"'
    writer = csv.writer(response)
    writer.writerow(["from", "to", "measure", "code", "number"])
    writer.writerows([since, until, *row] for row in complaint_lists.counts(since, until))
    return response


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _show(request, get(request, uuid))


@require_POST
@for_staff(READ)
def reveal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same page with what was written, by the person and by us. Looking is an event."""
    complaint = get(request, uuid)
    claim = complaints.view(complaint, actor=actor_of(request), now=timezone.now())
    words: dict[str, Any] = {"steps": complaints.steps_of(complaint), "findings": complaints.findings_of(complaint)}
    return _show(request, complaint, claim=claim, **words)


@require_POST
@for_staff(WRITE)
def act(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    """One step of the work: check the form, call its function, say what happened."""
    complaint = get(request, uuid)
    if step not in FORMS:
        raise Http404
    form = FORMS[step](request.POST, prefix=step)
    if form.is_valid():
        try:
            _steps(complaint, form.cleaned_data, actor=actor_of(request))[step]()
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Recorded."))
            return redirect("admin:complaint", complaint.uuid)
    return _show(request, get(request, uuid), bound={step: form})


@require_POST
@for_staff(WRITE, assigning.ASSIGN)
def assign(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take a free case, give back one's own, or hand it to somebody."""
    complaint, user = get(request, uuid), request.user
    assert isinstance(user, User)  # noqa: S101 - narrows the type; the site lets nobody else through
    try:
        assigning.assign(complaint.case, office.chosen(request.POST.get("to", "")), by=user, now=timezone.now())
    except DomainError as error:
        messages.error(request, error.sentence)
    if Complaint.objects.visible_to(user).filter(pk=complaint.pk).exists():
        return redirect("admin:complaint", complaint.uuid)
    return redirect("admin:complaints")


def get(request: HttpRequest, uuid: UUID) -> Complaint:
    """The complaint, as far as this user may know of it."""
    found = Complaint.objects.visible_to(request.user).select_related("case__owner", "about").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def _steps(complaint: Complaint, given: dict[str, Any], *, actor: str) -> dict[str, Callable[[], object]]:
    who: dict[str, Any] = {"actor": actor, "now": timezone.now()}
    return {
        "describe": lambda: complaints.describe(complaint, **given, **who),
        "by-hand": lambda: complaints.acknowledge(complaint, **who),
        "enquiry": lambda: complaints.enquire(complaint, given["text"], **who),
        "authority": lambda: representing.show(complaint.case, **given, **who),
    }


def _show(
    request: HttpRequest, complaint: Complaint, *, bound: dict[str, forms.Form] | None = None, **extra: Any
) -> HttpResponse:
    about = complaint.about.reference if complaint.about else ""
    reviews = assessments.reviews_for(complaint.uuid)
    initial = {
        "issues": complaint.issues,
        "about": about,
        "regulator_reference": complaint.regulator_reference,
        "purposes": [review.assessment.purpose for review in reviews],
    }
    may_write, bound = request.user.has_perm(WRITE), bound or {}
    may_assign = request.user.has_perm(assigning.ASSIGN)
    today = office.today(timezone.now())
    letters = list(complaint.letters.with_delivery().defer("sealed").order_by("-pk"))
    context = {
        "title": complaint.reference,
        "complaint": complaint,
        "case": complaint.case,
        "beside": beside.beside(complaint.case, request.user),
        "reviews": reviews,
        "today": today,
        "panels": complaint_panels.of(complaint, letters, today=today),
        "clock": acknowledging.explained(complaint, today=today),
        "issues": [str(complaints.Issue(issue).label) for issue in complaint.issues],
        "remedies": [str(complaints.Remedy(remedy).label) for remedy in complaint.remedies],
        "letters": letters,
        "enquiries": complaint.steps.filter(kind=ComplaintStep.Kind.ENQUIRY).count(),
        "drafts": list(complaint.letter_drafts.order_by("pk")),
        "timeline": happened.timeline_of([complaint.uuid, complaint.case.uuid]),
        "forms": {name: bound.get(name) or form(initial=initial, prefix=name) for name, form in FORMS.items()},
        "opened": list(bound),
        "represented": representing.of(complaint.case),
        "is_unshown": representing.is_missing(complaint.case),
        "may_write": may_write and complaint.is_open,
        "owner": complaint.case.owner,
        "may_assign": may_assign,
        "may_take": may_write,
        "workers": assigning.workers() if may_assign else [],
        **extra,
    }
    return office.page(request, "complaint", context)


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/complaints/<uuid:uuid>/"
    views = [
        path("rights/complaints/", show_list, name="complaints"),
        path("rights/complaints/counts.csv", counts, name="complaint-counts"),
        path(here, show, name="complaint"),
        path(f"{here}show/", reveal, name="complaint-reveal"),
        path(f"{here}assign/", assign, name="complaint-assign"),
        path(f"{here}<slug:step>/", act, name="complaint-act"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
