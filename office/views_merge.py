"""Making two records one, parting them again, and taking off an address that was linked by mistake."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from core.errors import DomainError
from office import merge_plan, merging
from office.frame import page
from office.models import Merge
from office.search import search
from office.views_people import WRITE, get, sight_for
from requests.office import actor_of, for_staff


@sensitive_post_parameters()
@require_POST
@for_staff(WRITE)
def prepare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Find the other record and show what would happen. Nothing happens yet."""
    kept, text = get(uuid), request.POST.get("text", "")
    hits = search(text, request.user, sight_for(request)).hits if text else []
    found = [hit.subject for hit in hits if hit.subject.pk != kept.pk]
    if len(found) != 1:
        messages.error(
            request,
            _("Several people are found by this. Use an address, a number or the id of the record.")
            if found
            else _("Nobody else is found by this. Use an address, a number or the id of the record."),
        )
        return redirect("admin:person", uuid)
    context = {"title": _("Make two records one"), "plan": merge_plan.plan(kept, found[0]), "subject": kept}
    return page(request, "merge", context)


@require_POST
@for_staff(WRITE)
def merge(request: HttpRequest, uuid: UUID, other: UUID) -> HttpResponse:
    kept, gone = get(uuid), get(other)
    done = _("The two records are one now. Within thirty days you can part them again.")
    return _do(request, uuid, done, lambda: merging.merge(kept, gone, now=timezone.now(), actor=actor_of(request)))


@require_POST
@for_staff(WRITE)
def undo(request: HttpRequest, uuid: UUID, made: UUID) -> HttpResponse:
    found = Merge.objects.filter(uuid=made, kept=uuid).first()
    if found is None:
        raise Http404
    done = _("The two records are parted again.")
    return _do(request, uuid, done, lambda: merging.undo(found, now=timezone.now(), actor=actor_of(request)))


@require_POST
@for_staff(WRITE)
def take_off(request: HttpRequest, uuid: UUID, identifier: UUID) -> HttpResponse:
    subject = get(uuid)
    done = _("It is taken off this person.")
    actor, now = actor_of(request), timezone.now()
    return _do(request, uuid, done, lambda: merging.take_off(subject, identifier, now=now, actor=actor))


def _do(request: HttpRequest, uuid: UUID, done: str, func: Callable[[], object]) -> HttpResponse:
    try:
        func()
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, done)
    return redirect("admin:person", uuid)
