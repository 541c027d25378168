"""Recording who asks, when the mailed link did not show it, and saying whose case it is."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import identity, identity_doubt
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def accept(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    how, note = request.POST.get("how", ""), request.POST.get("note", "")
    mailbox = request.POST.get("mailbox") == "theirs"
    return act(
        request,
        found,
        _("Recorded. Now say whose case it is, if we know them."),
        lambda: identity_doubt.shown(found.case, how=how, note=note, is_their_mailbox=mailbox, now=now, actor=actor),
    )


@require_POST
@for_staff(WRITE)
def called_back(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    given = {field: request.POST.get(field, "") for field in ("number", "note")}
    done = _("Recorded. The number is proved, and the case belongs to this person.")
    return act(request, found, done, lambda: identity_doubt.called_back(found.case, **given, now=now, actor=actor))


@require_POST
@for_staff(WRITE)
def tie(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """By an exact address, number or id. A POST, so that it stands in no URL and no log."""
    found, now, actor = get(request, uuid), timezone.now(), actor_of(request)
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")
    return act(
        request,
        found,
        _("The case belongs to this person now."),
        lambda: identity.tie(found.case, identity.person_of(kind, value), now=now, actor=actor),
    )
