"""What staff do to a request. Each is a POST that calls one domain function."""

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from core.models import User
from processing.models import Purpose
from requests import (
    answer,
    assigning,
    casework,
    decisions,
    moves,
    office,
    office_clock,
    office_complaints,
    office_drafts,
    office_duplicates,
    office_entering,
    office_identity,
    office_letters,
    office_messages,
    office_objecting,
    office_porting,
    office_recipients,
    office_rectifying,
    office_restricting,
    office_reviewing,
    office_triage,
    package,
    systems,
    two_people,
    ways,
)
from requests.models import Package, Right, RightsRequest
from requests.office import RELEASE, WRITE, act, actor_of, for_staff, get
from requests.office_found import urls as found_urls
from requests.office_left_out import urls as access_urls
from requests.office_searches import search_of
from requests.reasons import reason


@require_POST
@for_staff(WRITE)
def move(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, to = get(request, uuid), request.POST.get("to", "")
    now = timezone.now()
    return act(request, found, _("Done."), lambda: moves.step(found, to, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def task(request: HttpRequest, uuid: UUID, task: UUID) -> HttpResponse:
    """Record what a system answered."""
    found = get(request, uuid)
    asked = found.tasks.select_related("system").filter(uuid=task).first()
    if asked is None:
        raise Http404
    outcome, why = request.POST.get("outcome", ""), request.POST.get("reason", "")
    number, now = request.POST.get("count", ""), timezone.now()
    count = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None
    return act(
        request,
        found,
        _("The answer of %(system)s is recorded.") % {"system": asked.system.name},
        lambda: systems.answer(
            asked,
            outcome=outcome,
            reason=why,
            count=count,
            searched=search_of(request.POST),
            actor=actor_of(request),
            now=now,
        ),
    )


@require_POST
@for_staff(WRITE)
def decide(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Decide about one purpose: the reason chosen carries the outcome."""
    found, code, note = get(request, uuid), request.POST.get("reason", ""), request.POST.get("note", "")
    purpose = Purpose.objects.filter(slug=request.POST.get("purpose", "")).first()
    if purpose is None:
        raise Http404
    actor, now = actor_of(request), timezone.now()
    return act(
        request,
        found,
        _("The decision is recorded."),
        lambda: decisions.decide(found, purpose, reason(code).outcome, code, note, actor=actor, now=now),
    )


@require_POST
@for_staff(WRITE)
def confirm_all(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take the proposals for purposes that are not decided yet and ask for no look of their own."""
    found, now = get(request, uuid), timezone.now()
    done = _("The proposals are confirmed.")
    return act(request, found, done, lambda: decisions.confirm_all(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def prepare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("The copy is made. Look through it before you send it.")
    return act(request, found, done, lambda: answer.prepare_access(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE, RELEASE)
def copy(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The page inside the package, as the person will see it."""
    found = get(request, uuid)
    made = Package.objects.kept().select_related("request__case").filter(request=found).first()
    if made is None:
        raise Http404
    casework.view(found, purpose="package", actor=actor_of(request), now=timezone.now())
    return StreamingHttpResponse(package.page_of(made))


@require_POST
@for_staff(WRITE, RELEASE)
def review(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Exactly what will go, with the button that sends it."""
    found, now = get(request, uuid), timezone.now()
    try:
        preview = casework.preview(found, now=now)
    except DomainError:
        return act(request, found, "", lambda: casework.preview(found, now=now))
    casework.view(found, purpose="review", actor=actor_of(request), now=now)
    exceptions = two_people.REASONS if two_people.needs_reason(found, actor=actor_of(request)) else {}
    context = {"title": found.reference, "rights_request": found, "preview": preview, "exceptions": exceptions}
    context["may_release"] = office.may_release(request)
    return office.page(request, "review", {**context, "work": casework.gather(found, now=now)})


@require_POST
@for_staff(WRITE, assigning.ASSIGN)
def assign(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take a free case, give back one's own, or hand it to somebody."""
    found, now, user = get(request, uuid), timezone.now(), request.user
    assert isinstance(user, User)  # noqa: S101 - narrows the type; the site lets nobody else through
    to = office.chosen(request.POST.get("to", ""))
    try:
        assigning.assign(found.case, to, by=user, now=now)
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("The case is handed on.") if to else _("The case is free again."))
    if RightsRequest.objects.visible_to(user).filter(pk=found.pk).exists():
        return redirect("admin:rights-request", found.uuid)
    return redirect("admin:rights-queue")


@require_POST
@for_staff(WRITE, RELEASE)
def release(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Carry out what was decided, and send the answer."""
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    if not office.may_release(request):
        raise Http404
    why = request.POST.get("exception", "")
    done = _("The answer is sent.")
    if found.right == Right.ERASURE:
        done = _("Carried out. The person hears of it as soon as the journal has acknowledged it.")
    return act(request, found, done, lambda: ways.release(found, actor=actor, now=now, exception=why))


def urls(site: AdminSite) -> list[URLPattern]:
    """The office's addresses below the admin site, behind its door."""
    here = "rights/<uuid:uuid>/"
    views = [
        path("rights/find/", office.find, name="rights-find"),
        path(here, office.show, name="rights-request"),
        path(f"{here}show/", office.reveal, name="rights-reveal"),
        path(f"{here}move/", move, name="rights-move"),
        path(f"{here}task/<uuid:task>/", task, name="rights-task"),
        path(f"{here}decide/", decide, name="rights-decide"),
        path(f"{here}decide-all/", confirm_all, name="rights-confirm-all"),
        *access_urls(here),
        *found_urls(here),
        path(f"{here}prepare/", prepare, name="rights-prepare"),
        path(f"{here}copy/", copy, name="rights-copy"),
        path(f"{here}review/", review, name="rights-review"),
        path(f"{here}identify/", office_identity.accept, name="rights-identify"),
        path(f"{here}call-back/", office_identity.called_back, name="rights-call-back"),
        path(f"{here}tie/", office_identity.tie, name="rights-tie"),
        path(f"{here}name/", office_triage.name, name="rights-name"),
        path(f"{here}assign/", assign, name="rights-assign"),
        path(f"{here}release/", release, name="rights-release"),
        *office_recipients.paths(here),
        *office_rectifying.paths(here),
        *office_restricting.paths(here),
        *office_reviewing.paths(here),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    parts = (
        office_clock,
        office_drafts,
        office_duplicates,
        office_complaints,
        office_entering,
        office_letters,
        office_messages,
        office_objecting,
        office_porting,
    )
    return [*(pattern for part in parts for pattern in part.urls(site)), *views]
