"""The page on which a person and we write to each other. Link and fresh code open it, for a quarter of an hour."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from core import codes
from core.errors import DomainError
from requests import attachments, collection, letter_pdf, letters, messages, replying
from requests.attachments import File
from requests.forms import LONG, Question, text
from requests.intake import DETAILS_LENGTH, LinkUnusable, waiting
from requests.models import Attachment, CaseFile, Package
from requests.throttle import brake
from requests.views import form_page
from requests.views_collect import CodeForm

GRANT = "conversation"
GRANT_SECONDS = 15 * 60
Door = Callable[..., HttpResponse]


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, each of them a file."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(FilesField, self).clean(one, initial) for one in data or []]


class WriteForm(Question):
    message = text(_("Enter your message"), DETAILS_LENGTH, LONG, forms.Textarea({"rows": 6}), label=_("Your message"))
    attached = FilesField(
        label=_("Files (optional)"),
        help_text=_("Up to five: PDF, JPEG, PNG, Word, Excel or plain text, 5 MB each."),
        required=False,
        widget=Files(attrs={"multiple": True}),
    )
    again = forms.BooleanField(label=_("You missed something in your answer: please take it up again"), required=False)


def _with_case(view: Door) -> Door:
    """Look the link up; what is wrong with it is not told. A mailbox that may be somebody else's opens nothing."""

    @wraps(view)
    def door(request: HttpRequest, token: str, **given: Any) -> HttpResponse:
        try:
            case = waiting(token, now=timezone.now())
            if case.by_post:
                raise LinkUnusable
        except LinkUnusable:
            return render(request, "requests/link_unusable.html", status=404)
        return view(request, token, case, **given)

    return never_cache(door)


@_with_case
@require_safe
def page(request: HttpRequest, token: str, case: CaseFile) -> HttpResponse:
    """Before the code: a button that sends one. After it: what was said, and a form to say more."""
    if _is_granted(request, case, timezone.now()):
        return _conversation(request, token, case, WriteForm())
    return _show(request, "page", token, case)


@_with_case
@require_POST
def code(request: HttpRequest, token: str, case: CaseFile) -> HttpResponse:
    sent = replying.issue_code(case, now=timezone.now())
    return redirect(f"{_url('messages-check', token)}{'' if sent else '?wait=1'}")


@_with_case
@sensitive_post_parameters("code")
@form_page
def check(request: HttpRequest, token: str, case: CaseFile) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        now = timezone.now()
        try:
            codes.check(case.codes, case.uuid, form.cleaned_data["code"], now=now)
        except codes.WrongCode as error:
            form.add_error("code", str(error.message))
        else:
            request.session.cycle_key()
            request.session[GRANT] = {"case": str(case.uuid), "until": now.timestamp() + GRANT_SECONDS}
            return redirect(_url("messages", token))
    context = {"form": form, "title_prefix": _prefix(form), "wait": "wait" in request.GET}
    return _show(request, "check", token, case, **context)


@_with_case
@require_POST
@sensitive_post_parameters()
def write(request: HttpRequest, token: str, case: CaseFile) -> HttpResponse:
    now = timezone.now()
    if not _is_granted(request, case, now):
        return redirect(_url("messages", token))
    form = WriteForm(request.POST, request.FILES)
    if form.is_valid():
        brake(request, "message")
        try:
            given = form.cleaned_data
            again, files = bool(given.get("again")), _files(given["attached"])
            messages.write(case, given["message"], asks_again=again, files=files, now=now)
        except DomainError as error:
            for name, sentence in (error.fields or {"text": error.message}).items():
                form.add_error("attached" if name == "files" else "message", str(sentence))
        else:
            return redirect(f"{_url('messages', token)}?sent=1")
    return _conversation(request, token, case, form)


@_with_case
@require_POST
def file(request: HttpRequest, token: str, case: CaseFile, uuid: UUID) -> HttpResponse:
    """A file that the person sent, back as a download."""
    if not _is_granted(request, case, timezone.now()):
        return redirect(_url("messages", token))
    rows = Attachment.objects.filter(message__case=case, message__is_proven=True)
    found = rows.select_related("message__case").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return attachments.download(found)


@_with_case
@require_POST
def letter(request: HttpRequest, token: str, case: CaseFile, uuid: UUID) -> HttpResponse:
    """A letter that we wrote earlier, to read; or on paper, where that is asked for."""
    now = timezone.now()
    if not _is_granted(request, case, now):
        return redirect(_url("messages", token))
    try:
        found = collection.open_given(case, uuid, now=now)
    except collection.LinkOver as error:
        raise Http404 from error
    if "pdf" in request.POST:
        return letter_pdf.response(letter_pdf.of(found), found.reference)
    return _show(request, "letter", token, case, letter=found, html=letters.read(found)["html"])


def _files(uploaded: list[Any]) -> list[File]:
    """What was uploaded; of a file that is too large only enough to see that it is."""
    return [File(one.name or "", one.read(attachments.LARGEST + 1)) for one in uploaded]


def _conversation(request: HttpRequest, token: str, case: CaseFile, form: WriteForm) -> HttpResponse:
    if not case.requests.exclude(answered_at=None).exists():
        del form.fields["again"]
    context = {"form": form, "said": messages.said(case, proven=True), "title_prefix": _prefix(form)}
    given = collection.given(case)
    # A copy is behind the link that was mailed with its letter, for as long as it is kept.
    copies = Package.objects.kept().filter(request__in=[letter.request for letter in given if letter.request])
    context |= {"letters": given, "has_copy": copies.exists(), "sent": "sent" in request.GET}
    return _show(request, "open", token, case, **context)


def _prefix(form: Question) -> Any:
    return _("Error: ") if form.is_bound and form.errors else ""


def _is_granted(request: HttpRequest, case: CaseFile, now: datetime) -> bool:
    granted = request.session.get(GRANT) or {}
    return granted.get("case") == str(case.uuid) and granted.get("until", 0) > now.timestamp()


def _show(request: HttpRequest, name: str, token: str, case: CaseFile, **context: Any) -> HttpResponse:
    context = {"token": token, "case": case, "reference": messages.reference_of(case), **context}
    return render(request, f"requests/messages/{name}.html", context)


def _url(name: str, token: str) -> str:
    return reverse(f"requests:{name}", args=[token])
