"""The public pages. No account, no JavaScript; a GET changes nothing."""

from typing import Any
from uuid import uuid4

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

from requests import address, messages, references, representing, status, steps
from requests import draft as drafts
from requests.arriving import take_in, take_in_complaint
from requests.forms import ComplaintForm, LinkForm, MessageForm, NewAddressForm, Question, SendForm
from requests.intake import LinkUnusable, confirm, send_new_link, waiting
from requests.models import CaseFile, Complaint
from requests.questions import OFFERED, UNSURE
from requests.throttle import brake

SENT, COMPLAINED = "rights_sent", "complaint_sent"
# On paper there are no pages to leave out, and nothing to be unsure about: a person reads it.
PAPER = [label for value, label in OFFERED if value != UNSURE]
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def hub(request: HttpRequest) -> HttpResponse:
    return render(request, "requests/hub.html")


@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The form to print and fill in by hand."""
    return render(request, "requests/paper.html", {"offered": PAPER})


@never_cache
@sensitive_post_parameters()
@form_page
def step(request: HttpRequest, name: str) -> HttpResponse:
    """One question. The answer is kept in the draft; the next page is the first that is not answered yet."""
    draft, here = drafts.load(request), steps.BY_NAME[name]
    if steps.barred(here, draft.answers):
        return redirect(_next(draft))
    form = steps.asking(here, draft.answers).form(
        request.POST if request.method == "POST" else None, initial=draft.answers.get(name)
    )
    if request.method == "POST" and form.is_valid():
        steps.keep(here, draft.answers, form.cleaned_data)
        response = redirect(_next(draft))
        draft.keep(request, response)
        return response
    before = steps.before(here, draft.answers)
    back = reverse("requests:check") if "change" in request.GET else _url(before or "hub")
    return _page(request, "requests/question.html", {"form": form, "back": back})


@never_cache
@sensitive_post_parameters()
@form_page
def check(request: HttpRequest) -> HttpResponse:
    """Every answer with a way to change it, and the button that sends them (WCAG 2.2 SC 3.3.4)."""
    draft = drafts.load(request)
    if _is_sent(request):
        return redirect("requests:sent")
    if steps.first_missing(draft.answers):
        return redirect(_next(draft))
    form = SendForm(request.POST if request.method == "POST" else None, initial={"token": draft.token})
    if request.method == "POST" and form.is_valid():
        brake(request, "send")
        return _send(request, draft)
    summary = steps.summary(draft.answers)
    return _page(request, "requests/check.html", {"form": form, "summary": summary, "back": _url(summary[-1][0].name)})


def _send(request: HttpRequest, draft: drafts.Draft) -> HttpResponse:
    now = timezone.now()
    case = take_in(
        **steps.asked(draft.answers),
        channel=CaseFile.Channel.WEB,
        received_at=now,
        received_on=None,
        locale=_locale(),
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
    case = _sent_case(request)
    if case is None:
        return redirect("requests:hub")
    lines = status.lines(case, now=timezone.now())
    due = next((line.request.due_on for line in lines if line.is_open and not line.is_late), None)
    settled = not any(line.is_open for line in lines)
    context = {"case": case, "lines": lines, "due": due, "is_settled": settled, "corrected": "corrected" in request.GET}
    return render(request, "requests/sent.html", context)


@never_cache
@sensitive_post_parameters()
@form_page
def new_address(request: HttpRequest) -> HttpResponse:
    """A wrong address put right, in the session that sent the request and in no other."""
    case = _sent_case(request)
    if case is None:
        return redirect("requests:hub")
    form = NewAddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        brake(request, "send")
        address.correct(case.uuid, form.cleaned_data["email"], now=timezone.now())
        return redirect(f"{reverse('requests:sent')}?corrected=1")
    return _page(request, "requests/new_address.html", {"form": form})


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
    lines = status.lines(case, now=now)
    is_over = case.closed_at is not None and not any(line.is_open for line in lines)
    context = {"case": case, "token": token, "lines": lines, "counted": status.counted(lines), "is_over": is_over}
    return render(request, page, {**context, "complaints": status.complaint_lines(case)})


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


@never_cache
@sensitive_post_parameters()
@form_page
def lost(request: HttpRequest) -> HttpResponse:
    """For somebody who cannot open the mailbox any more: other ways, and a message. The answer never tells."""
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        brake(request, "message")
        data = form.cleaned_data
        messages.leave(reference=data["reference"], text=data["message"], now=timezone.now())
        return redirect("requests:lost-sent")
    return _page(request, "requests/lost.html", {"form": form})


@require_safe
def lost_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "requests/lost_sent.html")


@never_cache
@sensitive_post_parameters()
@form_page
def complain(request: HttpRequest) -> HttpResponse:
    """A complaint (DPA 2018 s.164A), on one page."""
    form = ComplaintForm(request.POST if request.method == "POST" else None, initial={"token": uuid4()})
    if request.method == "POST" and form.is_valid():
        brake(request, "complain")
        return _complain(request, form.cleaned_data)
    return _page(request, "requests/complain.html", {"form": form})


def _complain(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    now = timezone.now()
    complaint = take_in_complaint(
        requester={name: data[name] for name in ("name", "email", "address", "representative")},
        capacity=data["capacity"],
        is_child=data["age"] == "child",
        answers={name: data[name] for name in ("complaint", "wish")},
        channel=CaseFile.Channel.WEB,
        received_at=now,
        received_on=None,
        locale=_locale(),
        actor="public",
        now=now,
        case_uuid=data["token"],
    )
    request.session[COMPLAINED] = complaint.reference
    return redirect("requests:complained")


@never_cache
@require_safe
def complained(request: HttpRequest) -> HttpResponse:
    known: str = request.session.get(COMPLAINED, "")
    complaint = Complaint.objects.filter(reference=references.tidy(known)).first() if known else None
    if complaint is None:
        return redirect("requests:hub")
    context = {"complaint": complaint, "for_another": representing.of(complaint.case) is not None}
    return render(request, "requests/complained.html", context)


def _sent_case(request: HttpRequest) -> CaseFile | None:
    """The case that was sent in this session."""
    known: str = request.session.get(SENT, "")
    return CaseFile.objects.filter(uuid=known).first() if known else None


def _is_sent(request: HttpRequest) -> bool:
    """The form was sent already, and its button pressed once more."""
    return request.method == "POST" and request.POST.get("token", "") == request.session.get(SENT)


def _next(draft: drafts.Draft) -> str:
    return _url(steps.first_missing(draft.answers) or "check")


def _url(name: str) -> str:
    return reverse(f"requests:{name}")


def _locale() -> str:
    return to_locale(get_language() or settings.LANGUAGE_CODE).replace("_", "-")


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A form page: shown again with its problems it says so in the title, but it is still an ordinary page."""
    form: Question = context["form"]
    title_prefix = _("Error: ") if form.is_bound and form.errors else ""
    return render(request, template, {**context, "title_prefix": title_prefix})
