"""The pages on which a person collects what we wrote. A GET shows, a POST acts; nothing here may be cached."""

from datetime import datetime
from functools import wraps
from typing import Any, Protocol
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core import codes
from requests import collection, letter_pdf, letters, transfers
from requests.collection import Found
from requests.forms import Question
from requests.models import Letter, Package, Right
from requests.package import KEPT

GRANT = "collect"
GRANT_SECONDS = 15 * 60


class CodeForm(Question):
    code = forms.CharField(
        label=_("Code from the e-mail"),
        max_length=20,
        error_messages={"required": _("Enter the code from the e-mail.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false", "class": "code"}
        ),
    )


class View(Protocol):
    def __call__(self, request: HttpRequest, token: str, found: Found) -> HttpResponseBase: ...


class Door(Protocol):
    def __call__(self, request: HttpRequest, token: str) -> HttpResponseBase: ...


def with_found(view: View) -> Door:
    """Look the link up; unknown, expired or emptied, it leads to the same page."""

    @wraps(view)
    def door(request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            found = collection.find(token, now=timezone.now())
        except collection.LinkOver:
            return render(request, "requests/collect/over.html", {"token": token}, status=404)
        return view(request, token, found)

    return door


@never_cache
@require_http_methods(["GET", "HEAD"])
@with_found
def page(request: HttpRequest, token: str, found: Found) -> HttpResponse:
    """Before the code: a button that sends one. After it: the answer."""
    if is_granted(request, found, timezone.now()):
        readable = collection.letters_for(found)
        package = found if isinstance(found, Package) else None
        is_data = package is not None and package.request.result.get("purposes")
        context = {
            "letter": next(iter(readable), None),
            "earlier": readable[1:],
            "package": package,
            "is_data": is_data,
            "kept_until": package.made_at + KEPT if package else None,
            # To whom else it goes, at the person's word. Only their page shows it.
            "handed": transfers.shown(package.request, now=timezone.now()) if package else [],
            "is_portable": is_data and package and package.request.right == Right.PORTABILITY,
        }
        return _show(request, "open", token, found, **context)
    return _show(request, "page", token, found)


@never_cache
@require_POST
@with_found
def code(request: HttpRequest, token: str, found: Found) -> HttpResponse:
    """Send a fresh code, then ask for it."""
    sent = collection.issue_code(found, now=timezone.now())
    return redirect(f"{reverse('requests:collect-check', args=[token])}{'' if sent else '?wait=1'}")


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@with_found
def check(request: HttpRequest, token: str, found: Found) -> HttpResponse:
    """Ask for the code, and check it."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        now = timezone.now()
        try:
            collection.check_code(found, form.cleaned_data["code"], now=now)
        except codes.WrongCode as error:
            form.add_error("code", str(error.message))
        else:
            _grant(request, found, now)
            return redirect("requests:collect", token=token)
    return _show(request, "check", token, found, form=form, wait="wait" in request.GET)


@never_cache
@require_POST
@with_found
def letter(request: HttpRequest, token: str, found: Found) -> HttpResponse:
    if not is_granted(request, found, now := timezone.now()):
        return redirect("requests:collect", token=token)
    opened = _opened(request, found, now)
    return _show(request, "letter", token, found, letter=opened, html=letters.read(opened)["html"])


@never_cache
@require_POST
@with_found
def pdf(request: HttpRequest, token: str, found: Found) -> HttpResponse:
    """The same letter to keep or print."""
    if not is_granted(request, found, now := timezone.now()):
        return redirect("requests:collect", token=token)
    opened = _opened(request, found, now)
    return letter_pdf.response(letter_pdf.of(opened), opened.reference)


def _opened(request: HttpRequest, found: Found, now: datetime) -> Letter:
    """The letter that was chosen; the one the link is about when none was."""
    chosen = request.POST.get("letter", "")
    try:
        return collection.open_letter(found, UUID(chosen) if chosen else None, now=now)
    except (ValueError, collection.LinkOver) as error:
        raise Http404 from error


@never_cache
@require_POST
@with_found
def download(request: HttpRequest, token: str, found: Found) -> HttpResponseBase:
    if not isinstance(found, Package) or not is_granted(request, found, now := timezone.now()):
        return redirect("requests:collect", token=token)
    response = StreamingHttpResponse(collection.collect(found, now=now), content_type="application/zip")
    response["Content-Length"] = found.size
    response["Content-Disposition"] = f'attachment; filename="{found.reference}.zip"'
    return response


@never_cache
@require_POST
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a new link. The page says the same whether or not one is sent."""
    collection.reissue(token, now=timezone.now())
    return render(request, "requests/collect/renewed.html")


def _show(request: HttpRequest, name: str, token: str, found: Found, **context: Any) -> HttpResponse:
    context = {"token": token, "found": found, "reference": found.reference, **context}
    return render(request, f"requests/collect/{name}.html", context)


def _grant(request: HttpRequest, found: Found, now: datetime) -> None:
    """For this browser session, this link and a quarter of an hour."""
    request.session.cycle_key()
    request.session[GRANT] = {"opens": str(found.uuid), "until": now.timestamp() + GRANT_SECONDS}


def is_granted(request: HttpRequest, found: Found, now: datetime) -> bool:
    granted = request.session.get(GRANT) or {}
    return granted.get("opens") == str(found.uuid) and granted.get("until", 0) > now.timestamp()
