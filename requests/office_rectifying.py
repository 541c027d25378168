"""Looking at what may be wrong, proposing corrections, and deciding about each (Art 16)."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from requests import casework, office, proposing, rectifying
from requests.models import Correction, RightsRequest
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What we hold, readable, each with a form to propose what is right. Looking is an event."""
    found = get(request, uuid)
    try:
        return _show(request, found)
    except DomainError as error:
        raised = error
        return act(request, found, "", lambda: _again(raised))


def _show(request: HttpRequest, found: RightsRequest) -> HttpResponse:
    now = timezone.now()
    parts = proposing.look(found, actor=actor_of(request), now=now)
    claim = casework.view(found, purpose="corrections", actor=actor_of(request), now=now)
    shown = {"parts": parts, "shown_lines": proposing.lines(found, is_shown=True), "wrote": claim.get(found.right, "")}
    context = {"title": found.reference, "rights_request": found, "may_write": True, **shown}
    return office.page(request, "corrections", {**context, "work": casework.gather(found, now=now)})


@require_POST
@for_staff(WRITE)
def propose(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, data = get(request, uuid), timezone.now(), request.POST
    kind, part, new = data.get("kind", ""), data.get("part", ""), data.get("new", "")
    return act(
        request,
        found,
        _("The correction is proposed. Now decide about it."),
        lambda: proposing.propose(
            found,
            kind=kind,
            about=_uuid(data.get("about", "")) or found.uuid,
            part=part,
            new=new,
            everywhere=data.get("everywhere") == "yes",
            actor=actor_of(request),
            now=now,
        ),
        show_again=lambda: _show(request, found),
    )


@require_POST
@for_staff(WRITE)
def decide(request: HttpRequest, uuid: UUID, correction: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    row = _of(found, correction)
    code, note = request.POST.get("reason", ""), request.POST.get("note", "")
    done = _("The decision is recorded.")
    return act(request, found, done, lambda: proposing.decide(row, code, note, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def drop(request: HttpRequest, uuid: UUID, correction: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    row = _of(found, correction)
    done = _("The proposal is taken back.")
    return act(request, found, done, lambda: proposing.drop(row, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def contest(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Store only, while it is checked."""
    found, now = get(request, uuid), timezone.now()
    done = _("It is stored and not used until this is decided.")
    return act(request, found, done, lambda: rectifying.restrict(found, actor=actor_of(request), now=now))


def _of(rights_request: RightsRequest, uuid: UUID) -> Correction:
    row = rights_request.corrections.select_related("request__case").filter(uuid=uuid).first()
    if row is None:
        raise Http404
    return row


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _again(error: DomainError) -> None:
    raise error


def paths(here: str) -> list[URLPattern]:
    one = f"{here}corrections/<uuid:correction>/"
    return [
        path(f"{here}corrections/", show, name="rights-corrections"),
        path(f"{here}corrections/propose/", propose, name="rights-correction-propose"),
        path(f"{here}corrections/contest/", contest, name="rights-correction-contest"),
        path(f"{one}decide/", decide, name="rights-correction-decide"),
        path(f"{one}drop/", drop, name="rights-correction-drop"),
    ]
