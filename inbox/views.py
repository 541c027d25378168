"""The mailbox's pages, in the frame of the office: what came, what each message may be, and confirming it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from consents.withdraw import ALL_MARKETING
from core.errors import DomainError
from core.vault import Unreadable
from inbox import lists, passing, sealed, threads, triage
from inbox.forms import AttachForm, BreachForm, PassOnForm, RequestForm, StopForm, complains, filled
from inbox.models import Kind, Mail, State
from requests.models import RightsRequest
from requests.office import actor_of, for_staff, page
from requests.office_forms import refuse

READ, WRITE = "inbox.view_mail", "inbox.change_mail"
ADD_CASE, ADD_BREACH = "requests.add_rightsrequest", "breaches.add_breach"
FORMS: dict[str, type[forms.Form]] = {
    "request": RequestForm,
    "stop": StopForm,
    "breach": BreachForm,
    "pass-on": PassOnForm,
    "attach": AttachForm,
}
NEEDS = {"request": ADD_CASE, "stop": ADD_CASE, "breach": ADD_BREACH}


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """One list: what is to be sorted, to be read, lay in junk, is automatic, or is done."""
    which = request.GET.get("list", "new")
    if which not in lists.LISTS:
        raise Http404
    found = lists.read(which, request.user, after=request.GET.get("after", ""))
    context = {
        "title": _("Mailbox"),
        "which": which,
        "lists": [(name, label) for name, (label, _rows) in lists.LISTS.items()],
        "found": found,
        "today": lists.today(timezone.now()),
        "is_polled": bool(settings.MAILBOX_URL),
        "may_write": request.user.has_perm(WRITE),
    }
    return page(request, "inbox/list.html", context)


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One message, with its words hidden."""
    return _show(request, _get(request, uuid))


@require_POST
@for_staff(READ)
def reveal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same page with what it says. Looking is an event."""
    mail = _get(request, uuid)
    return _show(request, mail, digest=sealed.view(mail, actor=actor_of(request), now=timezone.now()))


@require_POST
@for_staff(READ)
def part(request: HttpRequest, uuid: UUID, number: int) -> HttpResponse:
    """A file out of a message: only ever as a download of bytes, whatever it says it is."""
    mail = _get(request, uuid)
    try:
        found = sealed.download(mail, number, actor=actor_of(request), now=timezone.now())
    except Unreadable as error:
        raise Http404 from error
    if found is None:
        raise Http404
    return _download(*found)


@sensitive_post_parameters()
@require_POST
@for_staff(WRITE)
def sort(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    """Confirm what it is: check the form, call its function, go where the work goes on."""
    mail = _get(request, uuid)
    if step not in FORMS or (step in NEEDS and not request.user.has_perm(NEEDS[step])):
        raise Http404
    form, now = FORMS[step](request.POST, prefix=step), timezone.now()
    if form.is_valid():
        try:
            return _steps(request, mail, form, actor=actor_of(request), now=now)[step]()
        except triage.Settled as error:
            messages.error(request, error.sentence)
            return redirect("admin:mail", mail.uuid)
        except DomainError as error:
            refuse(form, error, {"requester": "name", "stop": "purposes"})
    digest = sealed.view(mail, actor=actor_of(request), now=now)
    return _show(request, mail, digest=digest, bound={step: form})


@require_POST
@for_staff(WRITE)
def settle(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The decisions that need no form: authority, aside, read, and no more marketing to the sender."""
    mail, what = _get(request, uuid), request.POST.get("as", "")
    given: dict[str, Any] = {"actor": actor_of(request), "now": timezone.now()}
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "read": (lambda: triage.finish(mail, **given), _("Done.")),
        "authority": (lambda: triage.keep_for_officer(mail, **given), _("It stays on Today until it is dealt with.")),
        "stop-all": (lambda: _stop_all(mail, **given), _("No more marketing to this address, from now on.")),
        **{
            kind.value: ((lambda kind=kind: triage.put_aside(mail, kind, **given)), _("Put away."))  # type: ignore[misc]
            for kind in triage.ASIDE
        },
    }
    if what not in acts or (what == "stop-all" and not request.user.has_perm(ADD_CASE)):
        raise Http404
    func, done = acts[what]
    try:
        func()
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("admin:mail", mail.uuid)
    messages.success(request, done)
    return redirect("admin:mailbox")


@require_POST
@for_staff(WRITE)
def clear(request: HttpRequest) -> HttpResponse:
    """Put away what was ticked on a page of the tray or of the junk folder."""
    wanted = []
    for text in request.POST.getlist("mail")[: lists.SIZE]:
        try:
            wanted.append(UUID(text))
        except ValueError as error:
            raise Http404 from error
    number = triage.clear(wanted, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Put away: %(n)d.") % {"n": number})
    return redirect("admin:mailbox")


def _steps(request: HttpRequest, mail: Mail, form: Any, **who: Any) -> dict[str, Callable[[], HttpResponse]]:
    given = form.cleaned_data

    def open_request() -> HttpResponse:
        case = triage.open_request(
            mail,
            rights=given["rights"],
            is_complaint=given["is_complaint"],
            requester=form.requester,
            received_on=given["received_on"],
            is_new=given["is_new"],
            capacity=given["capacity"],
            is_child=given["is_child"],
            **who,
        )
        return _to_case(request, case, _("It is a case now. Its time runs from the arrival of the message."))

    def stop() -> HttpResponse:
        triage.stop_marketing(mail, email=given["email"], purposes=given["purposes"], **who)
        messages.success(request, _("Stopped, from now on."))
        return redirect("admin:mailbox")

    def breach() -> HttpResponse:
        found = triage.log_breach(mail, **{name: given[name] for name in ("aware_at", "summary", "processor")}, **who)
        messages.success(request, _("The breach is in the log. The 72 hours are running."))
        if request.user.has_perm("breaches.view_breach"):
            return redirect("admin:breach", found.uuid)
        return redirect("admin:mailbox")

    def pass_on() -> HttpResponse:
        passing.pass_on(mail, controller=given["controller"], email=given["email"], **who)
        messages.success(request, _("Passed on."))
        return redirect("admin:mailbox")

    def attach() -> HttpResponse:
        case = triage.case_called(given["reference"])
        if case is None or not _may_see(request, case):
            form.add_error("reference", _("No case that is kept has this reference."))
            digest = sealed.view(mail, **who)
            return _show(request, mail, digest=digest, bound={"attach": form})
        triage.attach(mail, case, **who)
        return _to_case(request, case, _("It is with the case now."))

    return {"request": open_request, "stop": stop, "breach": breach, "pass-on": pass_on, "attach": attach}


def _stop_all(mail: Mail, **who: Any) -> None:
    digest = sealed.read(mail)
    email = digest.original_address if mail.is_forwarded else digest.address
    triage.stop_marketing(mail, email=email, purposes=[ALL_MARKETING], **who)


def _may_see(request: HttpRequest, case: Any) -> bool:
    if not case.requests.exists():
        return bool(request.user.has_perm("requests.view_complaint"))
    return RightsRequest.objects.visible_to(request.user).filter(case=case).exists()


def _to_case(request: HttpRequest, case: Any, done: str) -> HttpResponse:
    messages.success(request, done)
    first = RightsRequest.objects.visible_to(request.user).filter(case=case).order_by("pk").first()
    if first:
        return redirect("admin:rights-request", first.uuid)
    complaint = case.complaints.first()
    if complaint and request.user.has_perm("requests.view_complaint"):
        return redirect("admin:complaint", complaint.uuid)
    return redirect("admin:mailbox")


def _get(request: HttpRequest, uuid: UUID) -> Mail:
    found = Mail.objects.visible_to(request.user).for_list().filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def _show(
    request: HttpRequest,
    mail: Mail,
    *,
    digest: sealed.Digest | None = None,
    bound: dict[str, forms.Form] | None = None,
) -> HttpResponse:
    may_sort = request.user.has_perm(WRITE) and mail.state != State.DONE
    made = {**filled(mail, digest), **(bound or {})} if digest and may_sort else {}
    allowed = {name: form for name, form in made.items() if name not in NEEDS or request.user.has_perm(NEEDS[name])}
    # What answers a letter of ours is filed at once; what it complains of is still to be confirmed.
    guessed = Kind.COMPLAINT if mail.kind == Kind.REPLY and complains(mail) else Kind(mail.suggested)
    context = {
        "title": mail.get_kind_display() if mail.kind else mail.get_suggested_display(),
        "mail": mail,
        "digest": digest,
        "due": lists.due_of(mail),
        "today": lists.today(timezone.now()),
        "forms": {name.replace("-", "_"): form for name, form in allowed.items()},
        "opened": list(bound or {}) or [OPENED.get(guessed, "")],
        "open_requests": threads.open_requests(digest.original_address or digest.address) if digest else [],
        "aside": [(kind.value, kind.label) for kind in triage.ASIDE[:3]],
        "may_write": request.user.has_perm(WRITE),
        "may_add_case": request.user.has_perm(ADD_CASE),
    }
    return page(request, "inbox/mail.html", context)


OPENED = {
    Kind.RIGHTS: "request",
    Kind.COMPLAINT: "request",
    Kind.QUERY: "request",
    Kind.WITHDRAWAL: "stop",
    Kind.BREACH: "breach",
    Kind.PROCESSOR: "pass-on",
}


def _download(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/octet-stream")
    safe = "".join(char for char in name if char.isascii() and (char.isalnum() or char in "._- ")).strip(". ") or "file"
    response["Content-Disposition"] = f'attachment; filename="{safe}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    response["Cache-Control"] = "no-store"
    return response
