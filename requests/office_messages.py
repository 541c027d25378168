"""Messages and notes of a case in the office. They are hidden until asked for; asking is an event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.models import User
from ledger.entries import record
from requests import attachments, messages, office, replying, working
from requests.models import Attachment, CaseFile, Message
from requests.office import READ, WRITE, actor_of, for_staff


@require_POST
@for_staff(READ)
def show(request: HttpRequest, case: UUID) -> HttpResponse:
    """Everything that was said in this case, and the forms to say more."""
    return _show(request, _get(request, case))


def _show(request: HttpRequest, found: CaseFile) -> HttpResponse:
    _seen(request, found, "messages")
    notes = messages.comments(found)
    names = {user.actor: user.username for user in User.objects.filter(is_staff=True)}
    context = {
        "title": messages.reference_of(found),
        "case": found,
        "back": messages.page_of(found),
        "said": messages.said(found),
        "notes": [(note, text, names.get(note.actor, note.actor)) for note, text in notes],
        "may_write": request.user.has_perm(WRITE),
    }
    return office.page(request, "conversation", context)


@require_POST
@for_staff(WRITE)
def reply(request: HttpRequest, case: UUID) -> HttpResponse:
    found, text, who = _get(request, case), request.POST.get("text", ""), _who(request)
    return _act(request, found, _("Sent: they get a link."), lambda: replying.reply(found, text, **who))


@require_POST
@for_staff(WRITE)
def comment(request: HttpRequest, case: UUID) -> HttpResponse:
    found, text, who = _get(request, case), request.POST.get("text", ""), _who(request)
    return _act(request, found, _("The note is kept."), lambda: messages.comment(found, text, **who))


@require_POST
@for_staff(WRITE)
def handle(request: HttpRequest, case: UUID, message: UUID) -> HttpResponse:
    found, who = _get(request, case), _who(request)
    waiting = Message.objects.filter(case=found, uuid=message).select_related("case").first()
    if waiting is None:
        raise Http404
    return _act(request, found, _("Done."), lambda: messages.handle(waiting, **who))


@require_POST
@for_staff(READ)
def file(request: HttpRequest, case: UUID, file: UUID) -> HttpResponse:
    """A file that came with a message, as a download."""
    found = _get(request, case)
    rows = Attachment.objects.filter(message__case=found, uuid=file).select_related("message__case")
    if (sent := rows.first()) is None:
        raise Http404
    _seen(request, found, "attachment")
    return attachments.download(sent)


def _get(request: HttpRequest, uuid: UUID) -> CaseFile:
    found = working.cases_visible_to(request.user).filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"actor": actor_of(request), "now": timezone.now()}


def _seen(request: HttpRequest, case: CaseFile, what: str) -> None:
    record(kind="case.viewed", at=timezone.now(), actor=actor_of(request), object=case.uuid, data={"what": what})


def _act(request: HttpRequest, case: CaseFile, done: str, func: Callable[[], object]) -> HttpResponse:
    return office.attempt(request, done, func, messages.page_of(case), lambda: _show(request, case))


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/cases/<uuid:case>/"
    views = [
        path(f"{here}messages/", show, name="case-messages"),
        path(f"{here}reply/", reply, name="case-reply"),
        path(f"{here}comment/", comment, name="case-comment"),
        path(f"{here}messages/<uuid:message>/done/", handle, name="case-message-done"),
        path(f"{here}files/<uuid:file>/", file, name="case-file"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
