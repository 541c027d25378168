"""What staff do to a request. Each is a POST that calls one domain function."""

from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from processing.models import Purpose
from requests import answer, casework, decisions, moves, office, package, systems
from requests.models import Package, Right
from requests.office import WRITE, act, actor_of, for_staff, get
from requests.reasons import reason


@require_POST
@for_staff(WRITE)
def move(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, to = get(uuid), request.POST.get("to", "")
    now = timezone.now()
    return act(request, found, _("Done."), lambda: moves.step(found, to, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def task(request: HttpRequest, uuid: UUID, task: UUID) -> HttpResponse:
    """Record what a system answered."""
    found = get(uuid)
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
        lambda: systems.answer(asked, outcome=outcome, reason=why, count=count, actor=actor_of(request), now=now),
    )


@require_POST
@for_staff(WRITE)
def decide(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Decide about one purpose: the reason chosen carries the outcome."""
    found, code, note = get(uuid), request.POST.get("reason", ""), request.POST.get("note", "")
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
    """Take the proposal for every purpose that is not decided yet."""
    found, now = get(uuid), timezone.now()
    done = _("Every proposal is confirmed.")
    return act(request, found, done, lambda: decisions.confirm_all(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def prepare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(uuid), timezone.now()
    done = _("The copy is made. Look through it before you send it.")
    return act(request, found, done, lambda: answer.prepare_access(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def copy(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The page inside the package, as the person will see it."""
    found = get(uuid)
    made = Package.objects.select_related("request__case").filter(request=found).first()
    if made is None or made.sealed is None:
        raise Http404
    casework.view(found, purpose="package", actor=actor_of(request), now=timezone.now())
    return HttpResponse(package.page_of(made))


@require_POST
@for_staff(office.READ)
def letter(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The letter that was sent, to read or to print for the post."""
    return HttpResponse(casework.read_letter(get(uuid), actor=actor_of(request), now=timezone.now()))


@require_POST
@for_staff(WRITE)
def review(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Exactly what will go, with the button that sends it."""
    found, now = get(uuid), timezone.now()
    try:
        preview = casework.preview(found, now=now)
    except DomainError:
        return act(request, found, "", lambda: casework.preview(found, now=now))
    casework.view(found, purpose="review", actor=actor_of(request), now=now)
    context = {"title": found.reference, "rights_request": found, "preview": preview}
    return office.page(request, "review", {**context, "work": casework.gather(found, now=now)})


@require_POST
@for_staff(WRITE)
def release(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send the copy, or carry out the erasure and report it."""
    found, now, actor = get(uuid), timezone.now(), actor_of(request)
    if found.right == Right.ERASURE:
        told = request.POST.getlist("told")
        done = _("Carried out. The person hears of it as soon as the journal has acknowledged it.")
        return act(request, found, done, lambda: answer.execute_erasure(found, actor=actor, now=now, told=told))
    return act(request, found, _("The answer is sent."), lambda: answer.release_access(found, actor=actor, now=now))


def urls(site: AdminSite) -> list[URLPattern]:
    """The office's addresses below the admin site, behind its door."""
    here = "rights/<uuid:uuid>/"
    views = [
        path("rights/", office.show_queue, name="rights-queue"),
        path("rights/find/", office.find, name="rights-find"),
        path(here, office.show, name="rights-request"),
        path(f"{here}show/", office.reveal, name="rights-reveal"),
        path(f"{here}move/", move, name="rights-move"),
        path(f"{here}task/<uuid:task>/", task, name="rights-task"),
        path(f"{here}decide/", decide, name="rights-decide"),
        path(f"{here}decide-all/", confirm_all, name="rights-confirm-all"),
        path(f"{here}prepare/", prepare, name="rights-prepare"),
        path(f"{here}copy/", copy, name="rights-copy"),
        path(f"{here}letter/", letter, name="rights-letter"),
        path(f"{here}review/", review, name="rights-review"),
        path(f"{here}release/", release, name="rights-release"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
