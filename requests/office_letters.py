"""Letters in the office: read one, print it, note that it was posted, send it again."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from requests import letter_lists, letter_pdf, letters, posting, sending
from requests.models import Letter
from requests.office import READ, WRITE, actor_of, for_staff
from requests.office_forms import DayField

COMPLAINTS_READ, COMPLAINTS_WRITE = "requests.view_complaint", "requests.change_complaint"


def find(request: HttpRequest, uuid: UUID) -> Letter:
    """The letter, as far as this user may know of it."""
    found = letter_lists.visible_to(request.user).filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


@require_POST
@for_staff(READ, COMPLAINTS_READ)
def read(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The letter as a page of its own. Looking is an event."""
    letter = _opened(request, uuid)
    return HttpResponse(letters.document(letter))


@require_POST
@for_staff(READ, COMPLAINTS_READ)
def pdf(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The letter on paper."""
    letter = _opened(request, uuid)
    return letter_pdf.response(letter_pdf.of(letter, for_post=True), letter.reference)


@require_POST
@for_staff(WRITE, COMPLAINTS_WRITE)
def posted(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Note that it was put into the post on that day."""
    letter, now, actor = _own(request, uuid), timezone.now(), actor_of(request)

    def note() -> None:
        posting.mark_posted(letter, day=DayField().clean(request.POST.get("day", "")), actor=actor, now=now)

    return _act(request, letter, _("Noted: it was posted."), note)


@require_POST
@for_staff(WRITE, COMPLAINTS_WRITE)
def again(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send the notice once more, after the address was put right or the mailbox works again."""
    letter, now, actor = _own(request, uuid), timezone.now(), actor_of(request)

    def send() -> None:
        if not sending.send_again(letter, actor=actor, now=now):
            raise DomainError(_("There is no e-mail address that is known to be theirs. Print the letter and post it."))

    return _act(request, letter, _("The notice is sent again."), send)


def _own(request: HttpRequest, uuid: UUID) -> Letter:
    """A letter that this user may give: reading complaints is no leave to answer requests."""
    letter = find(request, uuid)
    if not request.user.has_perm(COMPLAINTS_WRITE if letter.complaint else WRITE):
        raise Http404
    return letter


def _opened(request: HttpRequest, uuid: UUID) -> Letter:
    letter = find(request, uuid)
    posting.opened(letter, actor=actor_of(request), now=timezone.now())
    return letter


def _act(request: HttpRequest, letter: Letter, done: str, func: Callable[[], object]) -> HttpResponse:
    """Do it, say that it was done or why not, and show the page it belongs to again."""
    try:
        func()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, done)
    return redirect(posting.page_of(letter))


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/letters/<uuid:uuid>/"
    views = [
        path(here, read, name="letter"),
        path(f"{here}letter.pdf", pdf, name="letter-pdf"),
        path(f"{here}posted/", posted, name="letter-posted"),
        path(f"{here}again/", again, name="letter-again"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
