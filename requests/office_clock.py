"""What staff do that moves a due date. Each is a POST that calls one domain function.

Questions, doubts, extensions and fees are letters: they are written, looked at and sent in requests/office_drafts.py.
"""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.errors import DomainError, Invalid, Text
from requests import (
    asking,
    asking_where,
    casework,
    clarification,
    exam_marks,
    fee,
    identity_doubt,
    identity_evidence,
    office,
    refusing,
    two_people,
)
from requests.models_identity import Kind
from requests.office import RELEASE, WRITE, act, actor_of, for_staff, get
from requests.office_forms import DayField

# What may be taken back by its name. A doubt has its own way, because what was sent for it goes too.
TAKEN_BACK = (Kind.CLARIFICATION, Kind.EXTENSION, Kind.FEE, Kind.REFUSAL, Kind.WHERE, Kind.EXAM)


def _act(
    func: Callable[..., object], done: Text, *fields: str, days: tuple[str, ...] = ()
) -> Callable[..., HttpResponseBase]:
    """A door to one domain function: named fields as text, named days as dates."""

    @require_POST
    @for_staff(WRITE)
    def door(request: HttpRequest, uuid: UUID) -> HttpResponse:
        found, now, actor = get(request, uuid), timezone.now(), actor_of(request)

        def do() -> None:
            given: dict[str, Any] = {field: request.POST.get(field, "") for field in fields}
            given |= {field: day_of(request, field) for field in days}
            func(found, **given, actor=actor, now=now)

        return act(request, found, str(done), do)

    return door


def day_of(request: HttpRequest, field: str) -> date:
    try:
        day: date = DayField().clean(request.POST.get(field, ""))
    except ValidationError as error:
        raise Invalid(fields={field: " ".join(error.messages)}) from error
    return day


@require_POST
@for_staff(WRITE, RELEASE)
def doubt_letter(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The letter of a late doubt exactly as it would go, for whoever approves it."""
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    waits = asking.in_force(found, Kind.IDENTITY)
    try:
        letter = identity_doubt.preview(found, now=now)
    except DomainError:
        return act(request, found, "", lambda: identity_doubt.preview(found, now=now))
    casework.view(found, purpose="review", actor=actor, now=now)
    is_theirs = actor in identity_doubt.writers(found)
    context = {"title": found.reference, "rights_request": found, "letter": letter, "doubt": waits}
    return office.page(request, "doubt", {**context, "is_theirs": is_theirs})


@require_POST
@for_staff(WRITE, RELEASE)
def approve(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The second person, for a doubt that comes late."""
    found, now, doubt = get(request, uuid), timezone.now(), request.POST.get("doubt", "")
    done = _("Approved. The letter is sent, or waits to be posted.")
    given: dict[str, Any] = {"doubt": doubt, "actor": actor_of(request), "now": now}
    return act(request, found, done, lambda: identity_doubt.approve(found, **given))


@require_POST
@for_staff(WRITE)
def arrived(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    kind, words, file = request.POST.get("kind", ""), request.POST.get("words", ""), request.FILES.get("file")
    content = file.read(identity_evidence.LARGEST + 1) if file else b""
    done = _("Recorded and sealed. Now look at it, and say whether it is enough.")

    def do() -> None:
        day = day_of(request, "day")
        identity_doubt.arrived(found, day=day, kind=kind, words=words, content=content, actor=actor, now=now)

    return act(request, found, done, do)


@require_POST
@for_staff(WRITE)
def evidence(request: HttpRequest, uuid: UUID, piece: UUID) -> HttpResponse:
    """What was sent as proof. Looking is an event; a file is only ever given out as a download."""
    found = get(request, uuid)
    try:
        note, kind, content = identity_evidence.look(found.case, piece, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        raise Http404 from error
    if not content:
        return HttpResponse(note, content_type="text/plain; charset=utf-8")
    ending = kind.rpartition("/")[2]
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="evidence.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@for_staff(WRITE)
def destroy(request: HttpRequest, uuid: UUID, piece: UUID) -> HttpResponse:
    """One piece that was not needed: somebody sent more than was asked for. The doubt stays as it is."""
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    done = _("Destroyed. That it was destroyed stays in the record.")
    given: dict[str, Any] = {"because": "not-needed", "only": piece, "actor": actor, "now": now}
    return act(request, found, done, lambda: identity_evidence.destroy(found.case, **given))


@require_POST
@for_staff(WRITE)
def take_back(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, kind = get(request, uuid), timezone.now(), request.POST.get("kind", "")
    if kind not in TAKEN_BACK:
        raise Http404
    done = _("Taken back. The date is what it would have been without it.")
    return act(request, found, done, lambda: asking.take_back(found, Kind(kind), actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE, RELEASE)
def refusal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The refusal exactly as it would go, with the button that sends it."""
    found, now = get(request, uuid), timezone.now()
    try:
        letter = refusing.preview(found, now=now)
    except DomainError:
        return act(request, found, "", lambda: refusing.preview(found, now=now))
    casework.view(found, purpose="review", actor=actor_of(request), now=now)
    exceptions = two_people.REASONS if two_people.needs_reason(found, actor=actor_of(request)) else {}
    context = {"title": found.reference, "rights_request": found, "letter": letter, "exceptions": exceptions}
    return office.page(request, "refusal", {**context, "may_release": office.may_release(request)})


@require_POST
@for_staff(WRITE, RELEASE)
def refuse(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    if not office.may_release(request):
        raise Http404
    why = request.POST.get("exception", "")
    done = _("Refused. The letter says why, and where to complain.")
    return act(request, found, done, lambda: refusing.refuse(found, actor=actor, now=now, exception=why))


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/<uuid:uuid>/"
    withdrawn = gettext_lazy("The doubt is taken back. The day of receipt counts again.")
    asked = gettext_lazy("Asked. The letter is written.")
    prepared = gettext_lazy("Prepared. Look at the letter, then send it.")
    recorded = gettext_lazy("Recorded, and the date computed anew.")
    recorded_as_said = gettext_lazy("Recorded: they have said where to look.")
    doors: dict[str, Callable[..., HttpResponseBase]] = {
        "doubt-letter": doubt_letter,
        "doubt-approve": approve,
        "doubt-arrived": arrived,
        "doubt-withdraw": _act(identity_doubt.withdraw, withdrawn),
        "clarified": _act(clarification.answered, recorded, "answer", days=("day",)),
        "paid": _act(fee.paid, recorded, days=("day",)),
        "exam": _act(exam_marks.record, recorded, "reason", "why", days=("day",)),
        "take-back": take_back,
        "where": _act(asking_where.ask, asked),
        "where-complete": _act(asking_where.complete, recorded_as_said),
        "where-told": _act(asking_where.told, recorded, "answer", days=("day",)),
        "refusal-prepare": _act(refusing.prepare, prepared, "reason", "explanation"),
        "refusal": refusal,
        "refuse": refuse,
    }
    views = [path(f"{here}{name}/", door, name=f"rights-{name}") for name, door in doors.items()]
    views.append(path(f"{here}evidence/<uuid:piece>/", evidence, name="rights-evidence"))
    views.append(path(f"{here}evidence/<uuid:piece>/destroy/", destroy, name="rights-evidence-destroy"))
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
