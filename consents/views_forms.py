"""Consent forms for people: our own page, plain form posts of other sites, and the script that other sites include."""

from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from consents import braking, forms, forms_hosted, receipts_offered
from consents.capture import Captured
from consents.forms_hosted import KEY, RETURN, HostedForm
from consents.models import ConsentFormVersion
from consents.preferences_words import NAMES
from core.errors import DomainError, Invalid
from core.network import client_address, network_of

SCRIPT = Path(settings.BASE_DIR) / "static" / "consent-form.js"


class TooMany(DomainError):
    code = "too-many"
    message = _("Too many forms were sent from your network in the last minute. Wait a while and try again.")
    status = 429


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, slug: str) -> HttpResponse:
    """The form on a page of ours."""
    version = forms.current(slug, request.POST.get("locale") or request.GET.get("locale") or _locale(request))
    hosted = HostedForm(request.POST if request.method == "POST" else None, shown=version)
    if request.method != "POST":
        return _page(request, version, hosted)
    return _take(
        request, version, hosted, collected_by="hosted_form", actor="public", url=f"{settings.BASE_URL}{request.path}"
    )


# Other people's pages have no token of ours. What they have is a key, and a browser that says where they are.
@csrf_exempt
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def post(request: HttpRequest, slug: str) -> HttpResponse:
    """A plain form of a site without a server. A fault is shown on our own page, with everything still filled in."""
    if request.method != "POST":
        return redirect("consents:form", slug)
    key = forms_hosted.key_for(request.POST.get(KEY, ""), request.headers.get("Origin"), now=timezone.now())
    version = forms.current(slug, request.POST.get("locale", ""))
    back = forms_hosted.way_back(request.POST.get(RETURN, ""), key)
    hosted = HostedForm(request.POST, shown=version)
    url = request.headers["Origin"]
    return _take(request, version, hosted, collected_by="html_form", actor=key.actor, url=url, back=back)


@never_cache
@require_safe
def done(request: HttpRequest, slug: str) -> HttpResponse:
    """Thank you. The same for everybody: it does not tell what stood before."""
    offered = request.GET.get("receipt", "")
    said = receipts_offered.said(offered)
    context = {
        "is_pending": "mail" in request.GET,
        "says_yes": "yes" in request.GET,
        "asked": request.GET.get("mail", ""),
        "said": said,
        "receipt": offered if said else "",
        "back": forms_hosted.signed_way_back(request.GET.get("back", "")),
    }
    return render(request, "consents/forms/done.html", context)


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """The script that other sites include. It holds no key and no words of a form, so anybody may keep it."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=3600"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@lru_cache(maxsize=1)
def _script() -> bytes:
    return SCRIPT.read_bytes()


def _take(
    request: HttpRequest, version: ConsentFormVersion, hosted: HostedForm, *, url: str, back: str = "", **who: str
) -> HttpResponse:
    _brake(request)
    keys = _keys(version, request.POST)
    if hosted.is_valid():
        data = forms_hosted.answer_of(version.form.slug, request.POST, keys, url=url)
        try:
            address = partial(client_address, request)
            captured = forms_hosted.submit(data, address=address, now=timezone.now(), **who)
        except Invalid as error:
            hosted.refuse(error)
        else:
            return _over(version, captured, data, back=back)
    return _page(request, version, hosted, status=400)


def _keys(version: ConsentFormVersion, posted: Any) -> list[str]:
    """The boxes of the version that the page showed, which a cached page may have from before."""
    number = posted.get("version", "")
    if number == str(version.number):
        return [control["key"] for control in version.controls]
    older = ConsentFormVersion.objects.filter(
        form=version.form_id, locale=posted.get("locale", ""), number=number if number.isdecimal() else 0
    ).first()
    return [control["key"] for control in older.controls] if older else []


def _over(version: ConsentFormVersion, captured: Captured, data: dict[str, Any], *, back: str) -> HttpResponse:
    """The receipt is offered on a page of ours, whatever site the answer came from; from there it goes back to that."""
    # The next page is asked for by GET, and there is no session to remember the answer by.
    if captured.pending:
        said = urlencode({"mail": forms_hosted.asked(version, data)})
    else:
        yes = {"yes": 1} if any(data["choices"].values()) else {}
        said = urlencode({"receipt": receipts_offered.offer(captured.consent), **yes})
    way = f"&{urlencode({'back': forms_hosted.sign_way_back(back)})}" if back else ""
    return _SeeOther(f"{reverse('consents:form-done', args=[version.form.slug])}?{said}{way}")


class _SeeOther(HttpResponseRedirect):
    """The browser asks for the next page by GET, whatever this was (RFC 9110 section 15.4.4)."""

    status_code = 303


def _page(request: HttpRequest, version: ConsentFormVersion, hosted: HostedForm, *, status: int = 200) -> HttpResponse:
    languages = version.form.versions.filter(published_at__isnull=False, superseded_at=None).order_by("locale")
    context = {
        "version": version,
        "form": hosted,
        "languages": [
            (one.locale, NAMES.get(one.locale, one.locale)) for one in languages if one.locale != version.locale
        ],
        "action": reverse("consents:form", args=[version.form.slug]),
    }
    return render(request, "consents/forms/page.html", context, status=status)


def _locale(request: HttpRequest) -> str:
    """The language that the browser asks for first."""
    return request.headers.get("Accept-Language", "").partition(",")[0].partition(";")[0].strip()[:10]


def _brake(request: HttpRequest) -> None:
    """Count one more form post of this client; raises TooMany. No address stands in the count."""
    if braking.is_too_often("form", network_of(request), settings.FORM_POSTS_PER_CLIENT):
        raise TooMany
