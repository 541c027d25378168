"""Writing a letter in the office: open, save, look at it as it would go, send, throw away. Each is a POST."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from requests import casework, letter_drafts, letter_pdf, letter_words, notice, office, two_people
from requests.letter_kinds import REQUIRED, title
from requests.models import RightsRequest
from requests.office import RELEASE, WRITE, actor_of, for_staff, get


@require_POST
@for_staff(WRITE, RELEASE)
def draft(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The draft to write on, with what was kept of it. Looking is an event."""
    found, kind = _chosen(request, uuid)
    casework.view(found, purpose="draft", actor=actor_of(request), now=timezone.now())
    return _sheet(request, found, kind)


@require_POST
@for_staff(WRITE)
def save(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Keep what was written, and go on writing or look at it."""
    found, kind = _chosen(request, uuid)
    words = {field.name: request.POST.get(field.name, "") for field in letter_drafts.fields_of(kind)}
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
def look(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Exactly what would go, or what is still missing."""
    found, kind = _chosen(request, uuid)
    casework.view(found, purpose="draft", actor=actor_of(request), now=timezone.now())
    return _look(request, found, kind)


@require_POST
@for_staff(WRITE, RELEASE)
def paper(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same on paper."""
    found, kind = _chosen(request, uuid)
    now = timezone.now()
    casework.view(found, purpose="draft", actor=actor_of(request), now=now)
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
def send(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send it, with everything that comes with it."""
    found, kind = _chosen(request, uuid)
    if not office.may_release(request):
        raise Http404
    why, actor, now = request.POST.get("exception", ""), actor_of(request), timezone.now()
    try:
        letter = letter_drafts.send(found, kind, actor=actor, now=now, exception=why)
    except DomainError as error:
        messages.error(request, " ".join(map(str, [error.message, *error.fields.values()])))
        return _look(request, found, kind)
    is_given = letter.is_given
    messages.success(request, _("The letter is sent.") if is_given else _("Written. Print it, and send it by post."))
    return redirect("admin:rights-request", found.uuid)


@require_POST
@for_staff(WRITE)
def discard(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Throw the draft away; asked for by its own button only."""
    found, kind = _chosen(request, uuid)
    done, now, actor = _("The draft is thrown away."), timezone.now(), actor_of(request)
    return office.act(request, found, done, lambda: letter_words.discard(found, kind, actor=actor, now=now))


def _chosen(request: HttpRequest, uuid: UUID) -> tuple[RightsRequest, str]:
    found, kind = get(request, uuid), request.POST.get("kind", "")
    if kind not in REQUIRED or kind.startswith("complaint"):
        raise Http404
    return found, kind


def _sheet(request: HttpRequest, found: RightsRequest, kind: str, **given: Any) -> HttpResponse:
    words = given.get("words") or letter_words.read(found, kind)
    errors = given.get("errors") or {}
    fields = [(field, words.get(field.name, ""), errors.get(field.name)) for field in letter_drafts.fields_of(kind)]
    return office.page(request, "draft", {**_frame(request, found, kind), "fields": fields})


def _look(request: HttpRequest, found: RightsRequest, kind: str) -> HttpResponse:
    """The look, or the sheet again with what stands in the way."""
    actor, now = actor_of(request), timezone.now()
    try:
        seen = letter_drafts.look(found, kind, actor=actor, now=now)
    except DomainError as error:
        if not error.fields:
            messages.error(request, str(error.message))
        return _sheet(request, found, kind, errors=error.fields)
    context = {**_frame(request, found, kind), "seen": seen, "exceptions": _exceptions(found, kind, actor)}
    return office.page(request, "draft_look", {**context, "to": notice.address_of(found.case)})


def _exceptions(found: RightsRequest, kind: str, actor: str) -> dict[str, object]:
    draft = letter_words.find(found, kind)
    by = two_people.writers(found, draft.uuid) if draft else set()
    return dict(two_people.REASONS) if two_people.needs_reason(found, actor=actor, by=by) else {}


def _frame(request: HttpRequest, found: RightsRequest, kind: str) -> dict[str, Any]:
    return {
        "title": found.reference,
        "rights_request": found,
        "kind": kind,
        "letter_title": title(kind),
        "is_sent_here": kind in letter_drafts.ACTS,
        "draft": letter_words.find(found, kind),
        "may_write": request.user.has_perm(WRITE),
        "may_release": office.may_release(request),
    }


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/<uuid:uuid>/draft/"
    views = [
        path(here, draft, name="letter-draft"),
        path(f"{here}save/", save, name="letter-save"),
        path(f"{here}look/", look, name="letter-look"),
        path(f"{here}letter.pdf", paper, name="letter-paper"),
        path(f"{here}send/", send, name="letter-send"),
        path(f"{here}discard/", discard, name="letter-discard"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
