"""The breach log's pages, in the frame of the office."""

from collections.abc import Callable
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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from breaches import log
from breaches.forms import CloseForm, DecideForm, DescribeForm, LogForm, NotifiedForm, ToldForm
from breaches.models import Breach
from consents import assessments
from core import keyset
from core.errors import DomainError
from requests.office import actor_of, for_staff, page
from requests.office_forms import refuse

READ, ADD, WRITE = "breaches.view_breach", "breaches.add_breach", "breaches.change_breach"
FORMS: dict[str, type[forms.Form]] = {
    "describe": DescribeForm,
    "decide": DecideForm,
    "notified": NotifiedForm,
    "told": ToldForm,
    "close": CloseForm,
}


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """What is open, by the end of its 72 hours; or what is closed, the newest first."""
    now, is_closed, after = timezone.now(), request.GET.get("state") == "closed", request.GET.get("after", "")
    order = "closed_at" if is_closed else "notify_by"
    found = keyset.page(Breach.objects.filter(closed_at__isnull=not is_closed), order, after=after, newest=is_closed)
    rows = [
        {"breach": breach, "texts": breach.texts, "left": log.left_in_words(breach.notify_by, now)}
        for breach in found.rows
    ]
    context = {
        "title": _("Breaches"),
        "rows": rows,
        "page": found,
        "is_closed": is_closed,
        # Whoever finds none open is told what belongs here, or where those are that there were.
        "is_empty": not rows and not Breach.objects.exists(),
        "now": now,
        "may_add": request.user.has_perm(ADD),
    }
    return page(request, "breaches/list.html", context)


@require_http_methods(["GET", "POST"])
@for_staff(ADD)
def add(request: HttpRequest) -> HttpResponse:
    form = LogForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, now = form.cleaned_data, timezone.now()
        try:
            breach = log.log(
                aware_at=given["aware_at"],
                texts=form.texts,
                details=form.details,
                categories=list(given["categories"]),
                purposes=list(given["purposes"]),
                actor=actor_of(request),
                now=now,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The breach is in the log. The 72 hours are running."))
            return redirect("admin:breach", breach.uuid)
    return page(request, "breaches/add.html", {"title": _("Log a breach"), "form": form})


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _show(request, _get(uuid))


@require_POST
@for_staff(WRITE)
def act(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    """One step of the work on a breach: check the form, call its function, say what happened."""
    breach = _get(uuid)
    if step not in FORMS:
        raise Http404
    form = FORMS[step](request.POST, prefix=step)
    if form.is_valid():
        try:
            _steps(breach, form, actor=actor_of(request))[step]()
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Recorded."))
            return redirect("admin:breach", breach.uuid)
    return _show(request, _get(uuid), **{step: form})


def _steps(breach: Breach, form: Any, *, actor: str) -> dict[str, Callable[[], None]]:
    given = form.cleaned_data
    who: dict[str, Any] = {"actor": actor, "now": timezone.now()}
    return {
        "describe": lambda: log.describe(
            breach,
            texts=form.texts,
            details=form.details,
            categories=list(given["categories"]),
            purposes=list(given["purposes"]),
            **who,
        ),
        "decide": lambda: log.decide(breach, risk=given["risk"], reasoning=given["reasoning"], **who),
        "notified": lambda: log.notified(
            breach,
            at=given["notified_at"],
            reference=given["reference"],
            delay_reasons=given["delay_reasons"],
            **who,
        ),
        "told": lambda: log.told(breach, at=given["people_told_at"], exemption=given["exemption"], **who),
        "close": lambda: log.close(breach, lessons=given["lessons"], **who),
    }


def _show(request: HttpRequest, breach: Breach, **bound: forms.Form) -> HttpResponse:
    now, texts = timezone.now(), breach.texts
    initial = {name: getattr(breach, name) for name in log.DETAILS} | texts
    initial["categories"] = list(breach.categories.all())
    reviews = assessments.reviews_for(breach.uuid)
    initial["purposes"] = [review.assessment.purpose for review in reviews]
    made = {name: bound.get(name) or form(initial=initial, prefix=name) for name, form in FORMS.items()}
    context = {
        "title": breach.reference,
        "breach": breach,
        "texts": texts,
        "reviews": reviews,
        "now": now,
        "left": log.left_in_words(breach.notify_by, now),
        "is_over": now > breach.notify_by,
        "outstanding": log.outstanding(breach),
        "forms": made,
        "opened": list(bound),
        "may_write": request.user.has_perm(WRITE) and breach.closed_at is None,
    }
    return page(request, "breaches/breach.html", context)


def _get(uuid: UUID) -> Breach:
    found = Breach.objects.filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def urls(site: AdminSite) -> list[URLPattern]:
    """The log's addresses below the admin site, behind its door."""
    views = [
        path("breaches/", show_list, name="breaches"),
        path("breaches/new/", add, name="breach-add"),
        path("breaches/<uuid:uuid>/", show, name="breach"),
        path("breaches/<uuid:uuid>/<slug:step>/", act, name="breach-act"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
