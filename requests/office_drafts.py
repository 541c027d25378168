"""Writing a letter in the office: open, save, look at it as it would go, send, throw away. Each is a POST.

It is about a request or a complaint; `about` says which of the two the address names.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from requests import (
    casework,
    complaints,
    identity_doubt,
    letter_drafts,
    letter_pdf,
    letter_words,
    notice,
    office,
    two_people,
)
from requests import office_complaints as grievances
from requests.letter_kinds import REQUIRED, title
from requests.letter_words import About
from requests.models import Complaint
from requests.office import RELEASE, WRITE, actor_of, for_staff, get


@require_POST
@for_staff(WRITE, RELEASE)
def draft(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """The draft to write on, with what was kept of it. Looking is an event."""
    found, kind = _chosen(request, uuid, about)
    _viewed(found, request)
    return _sheet(request, found, kind)


@require_POST
@for_staff(WRITE)
def save(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """Keep what was written, and go on writing or look at it."""
    found, kind = _chosen(request, uuid, about)
    words = {field.name: _words(request.POST, field) for field in letter_drafts.fields_of(kind)}
    try:
        letter_words.save(found, kind, words, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        return _sheet(request, found, kind, words=words, errors=error.fields)
    if "look" in request.POST:
        return _look(request, found, kind)
    messages.success(request, _("Kept. Nobody but staff sees it before it is sent."))
    return _sheet(request, found, kind)


@require_POST
@for_staff(WRITE, RELEASE)
def look(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """Exactly what would go, or what is still missing."""
    found, kind = _chosen(request, uuid, about)
    _viewed(found, request)
    return _look(request, found, kind)


@require_POST
@for_staff(WRITE, RELEASE)
def paper(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """The same on paper."""
    found, kind = _chosen(request, uuid, about)
    now = timezone.now()
    _viewed(found, request)
    try:
        seen = letter_drafts.look(found, kind, actor=actor_of(request), now=now)
    except DomainError:
        return _look(request, found, kind)
    pdf = letter_pdf.render(
        seen.html, title=title(kind), reference=found.reference, locale=found.case.locale, written=now
    )
    return letter_pdf.response(pdf, found.reference)


@require_POST
@for_staff(WRITE, RELEASE)
def send(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """Send it, with everything that comes with it."""
    found, kind = _chosen(request, uuid, about)
    if not office.may_release(request):
        raise Http404
    why, actor, now = request.POST.get("exception", ""), actor_of(request), timezone.now()
    try:
        letter = letter_drafts.send(found, kind, actor=actor, now=now, exception=why)
    except DomainError as error:
        messages.error(request, error.sentence)
        return _look(request, found, kind)
    is_given = letter.is_given
    messages.success(request, _("The letter is sent.") if is_given else _("Written. Print it, and send it by post."))
    return redirect(_page(found))


@require_POST
@for_staff(WRITE)
def propose(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """Raise a doubt late: the letter that was looked at waits for somebody else."""
    found, kind = _chosen(request, uuid, about)
    if isinstance(found, Complaint) or kind != identity_doubt.LETTER:
        raise Http404
    try:
        letter_drafts.propose(found, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        messages.error(request, error.sentence)
        return _look(request, found, kind)
    messages.success(request, _("The doubt is raised. Its letter goes when somebody else has looked at it and agreed."))
    return redirect(_page(found))


@require_POST
@for_staff(WRITE)
def discard(request: HttpRequest, uuid: UUID, about: str = "") -> HttpResponse:
    """Throw the draft away; asked for by its own button only."""
    found, kind = _chosen(request, uuid, about)
    letter_words.discard(found, kind, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The draft is thrown away."))
    return redirect(_page(found))


def _chosen(request: HttpRequest, uuid: UUID, about: str) -> tuple[About, str]:
    kind = request.POST.get("kind", "")
    if kind not in REQUIRED or letter_drafts.is_about_complaint(kind) != bool(about):
        raise Http404
    return (grievances.get if about else get)(request, uuid), kind


def _viewed(found: About, request: HttpRequest) -> None:
    """That somebody opened it stands in the ledger."""
    actor, now = actor_of(request), timezone.now()
    if isinstance(found, Complaint):
        complaints.view(found, actor=actor, now=now)
    else:
        casework.view(found, purpose="draft", actor=actor, now=now)


def _words(post: QueryDict, field: letter_drafts.Field) -> str:
    return " ".join(post.getlist(field.name)) if field.is_many else post.get(field.name, "")


def _sheet(request: HttpRequest, found: About, kind: str, **given: Any) -> HttpResponse:
    words = given.get("words") or letter_words.read(found, kind)
    errors = given.get("errors") or {}
    fields = [
        (field, words.get(field.name, ""), errors.get(field.name), words.get(field.name, "").split())
        for field in letter_drafts.fields_of(kind)
    ]
    return office.page(request, "draft", {**_frame(request, found, kind), "fields": fields})


def _look(request: HttpRequest, found: About, kind: str) -> HttpResponse:
    """The look, or the sheet again with what stands in the way."""
    actor, now = actor_of(request), timezone.now()
    try:
        seen = letter_drafts.look(found, kind, actor=actor, now=now)
    except DomainError as error:
        if not error.fields:
            messages.error(request, str(error.message))
        return _sheet(request, found, kind, errors=error.fields)
    context = {**_frame(request, found, kind), "seen": seen, "exceptions": _exceptions(found, kind, actor)}
    context["waits_for_another"] = letter_drafts.waits_for_another(found, kind, now=now)
    return office.page(request, "draft_look", {**context, "to": notice.address_of(found.case)})


def _exceptions(found: About, kind: str, actor: str) -> dict[str, object]:
    draft = letter_words.find(found, kind)
    by = two_people.writers(found, draft.uuid) if draft else set()
    return dict(two_people.REASONS) if two_people.needs_reason(found, actor=actor, by=by) else {}


def _page(found: About) -> str:
    is_complaint = isinstance(found, Complaint)
    return reverse("admin:complaint" if is_complaint else "admin:rights-request", args=[found.uuid])


def _frame(request: HttpRequest, found: About, kind: str) -> dict[str, Any]:
    prefix = COMPLAINT if isinstance(found, Complaint) else ""
    return {
        "title": found.reference,
        "about": found,
        "page": _page(found),
        "address": {name: reverse(f"admin:{prefix}letter-{name}", args=[found.uuid]) for name in _doors(prefix)},
        "kind": kind,
        "letter_title": title(kind),
        "is_sent_here": kind in letter_drafts.ACTS,
        "draft": letter_words.find(found, kind),
        "may_write": request.user.has_perm(WRITE),
        "may_release": office.may_release(request),
    }


# Before the names of the doors of letters about complaints, and what these doors are told.
COMPLAINT = "complaint-"
DOORS: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
    "draft": ("", draft),
    "save": ("save/", save),
    "look": ("look/", look),
    "paper": ("letter.pdf", paper),
    "send": ("send/", send),
    "propose": ("propose/", propose),
    "discard": ("discard/", discard),
}


def _doors(about: str) -> dict[str, tuple[str, Callable[..., HttpResponseBase]]]:
    """Nobody doubts who complains: that is a matter of requests."""
    return {name: door for name, door in DOORS.items() if not about or name != "propose"}


def urls(site: AdminSite) -> list[URLPattern]:
    roots = {"": "rights/<uuid:uuid>/draft/", COMPLAINT: "rights/complaints/<uuid:uuid>/draft/"}
    views = [
        path(f"{root}{end}", door, {"about": about}, name=f"{about}letter-{name}")
        for about, root in roots.items()
        for name, (end, door) in _doors(about).items()
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
