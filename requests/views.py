"""The public pages. No account, no JavaScript; a GET changes nothing."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from requests import draft as drafts
from requests.forms import OFFERED, DetailsForm, EmailForm, LinkForm, NameForm, Question, RightsForm, SendForm
from requests.intake import LinkUnusable, confirm, open_case, send_new_link, waiting
from requests.models import CaseFile
from requests.throttle import brake

STEPS: dict[str, type[Question]] = {"rights": RightsForm, "name": NameForm, "email": EmailForm, "details": DetailsForm}
SENT = "rights_sent"
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def hub(request: HttpRequest) -> HttpResponse:
    return render(request, "requests/hub.html")


@never_cache
@sensitive_post_parameters()
@form_page
def step(request: HttpRequest, name: str = "rights") -> HttpResponse:
    """One question. The answer is kept in the draft; the next page is the first that is not answered yet."""
    draft = drafts.load(request)
    names = list(STEPS)
    missing = _first_missing(draft)
    if missing and names.index(missing) < names.index(name):
        return redirect(_url(missing))
    form = STEPS[name](request.POST if request.method == "POST" else None, initial=draft.answers)
    if request.method == "POST" and form.is_valid():
        draft.answers.update(form.cleaned_data)
        response = redirect(_url(_first_missing(draft) or "check"))
        draft.keep(request, response)
        return response
    before = _url(names[names.index(name) - 1]) if name != names[0] else reverse("requests:hub")
    back = reverse("requests:check") if "change" in request.GET else before
    return _page(request, "requests/question.html", {"form": form, "field": next(iter(form)), "back": back})


@never_cache
@sensitive_post_parameters()
@form_page
def check(request: HttpRequest) -> HttpResponse:
    """Every answer with a way to change it, and the button that sends them (WCAG 2.2 SC 3.3.4)."""
    draft = drafts.load(request)
    if request.method == "POST" and request.POST.get("token", "") == request.session.get(SENT):
        return redirect("requests:sent")
    if missing := _first_missing(draft):
        return redirect(_url(missing))
    form = SendForm(request.POST if request.method == "POST" else None, initial={"token": draft.token})
    if request.method == "POST" and form.is_valid():
        brake(request, "send")
        return _send(request, draft)
    labels = [label for value, label in OFFERED if value in draft.answers["rights"]]
    return _page(request, "requests/check.html", {"form": form, "answers": draft.answers, "rights": labels})


def _send(request: HttpRequest, draft: drafts.Draft) -> HttpResponse:
    now = timezone.now()
    answers = draft.answers
    case = open_case(
        rights=answers["rights"],
        requester={"name": answers["name"], "email": answers["email"]},
        details=answers["details"],
        channel=CaseFile.Channel.WEB,
        received_at=now,
        received_on=None,
        locale=to_locale(get_language() or settings.LANGUAGE_CODE).replace("_", "-"),
        actor="public",
        now=now,
        case_uuid=draft.token,
    )
    response = redirect("requests:sent")
    drafts.drop(request, response)
    request.session[SENT] = str(case.uuid)
    return response


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    known: str = request.session.get(SENT, "")
    case = CaseFile.objects.filter(uuid=known).first() if known else None
    if case is None:
        return redirect("requests:hub")
    return render(request, "requests/sent.html", {"case": case, "requests": case.requests.order_by("pk")})


@never_cache
@form_page
def confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the mailed link. Mail scanners open it, so only its button confirms."""
    now = timezone.now()
    try:
        if request.method == "POST":
            confirm(token, now=now)
            return redirect("requests:confirm", token=token)
        case = waiting(token, now=now)
    except LinkUnusable:
        return render(request, "requests/link_unusable.html", status=404)
    page = "requests/status.html" if case.is_confirmed else "requests/confirm.html"
    return render(request, page, {"case": case, "requests": case.requests.order_by("pk")})


@never_cache
@sensitive_post_parameters()
@form_page
def link(request: HttpRequest) -> HttpResponse:
    """A new link, for whoever gives the reference and the address that belong together. The answer never tells."""
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        brake(request, "link")
        data = form.cleaned_data
        send_new_link(email=data["email"], reference=data["reference"], now=timezone.now())
        return redirect("requests:link-sent")
    return _page(request, "requests/link.html", {"form": form})


@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "requests/link_sent.html")


def _first_missing(draft: drafts.Draft) -> str:
    return next((name for name in STEPS if name not in draft.answers), "")


def _url(name: str) -> str:
    return reverse(f"requests:{name}")


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A form page: shown again with its problems it says so in the title, but it is still an ordinary page."""
    form: Question = context["form"]
    title_prefix = _("Error: ") if form.is_bound and form.errors else ""
    return render(request, template, {**context, "title_prefix": title_prefix})
