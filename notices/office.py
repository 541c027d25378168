"""Staff pages of the privacy notice: what was published, the next version, and its preview before it is published."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from notices import published, wording, writing
from notices.forms import DayForm
from notices.forms_writing import PublishForm, WriteForm
from notices.models import PrivacyNotice

READ, PUBLISH = "notices.view_privacynotice", "notices.publish_privacynotice"


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """Every version, and which is in force."""
    versions, today = list(published.versions()), _today()
    context = {
        "title": _("Privacy notice"),
        "versions": versions,
        "in_force": next((one for one in versions if one.effective_from <= today), None),
        "today": today,
        "purposes": len(writing.live_purposes()),
        "may_publish": request.user.has_perm(PUBLISH),
    }
    return page(request, "notices/office/list.html", context)


@require_http_methods(["GET", "POST"])
@for_staff(PUBLISH)
def write(request: HttpRequest) -> HttpResponse:
    """The editor. It answers with a preview, from which one goes back to it with every word, or publishes."""
    newest, today = published.versions().first(), _today()
    if request.method == "GET":
        return _editor(request, WriteForm(newest=newest, today=today, initial=_start(request, newest, today)))
    form = WriteForm(request.POST, newest=newest, today=today)
    if "edit" in request.POST or not form.is_valid():
        return _editor(request, form)
    return _preview(request, form, PublishForm())


@require_POST
@for_staff(PUBLISH)
def publish(request: HttpRequest) -> HttpResponse:
    """From the preview, after whoever publishes has said that they read it."""
    newest, today = published.versions().first(), _today()
    words = WriteForm(request.POST, newest=newest, today=today)
    if not words.is_valid():
        return _editor(request, words)
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _preview(request, words, form)
    try:
        notice = published.publish(**words.content, now=timezone.now(), actor=actor_of(request))
    except DomainError as error:
        refuse(words, error)
        return _editor(request, words)
    done = _("Version %(version)s is published. It stays as it is for ever.") % {"version": notice.version}
    messages.success(request, done)
    return redirect("admin:privacy-notices")


def _today() -> date:
    return published.local_date(timezone.now())


def _start(request: HttpRequest, newest: PrivacyNotice | None, today: date) -> dict[str, Any]:
    """The text of the version before; what the register says where there is none, or where that is asked for."""
    if newest and request.GET.get("from") != "register":
        text = newest.html
    else:
        text = writing.write(version="", effective_from="")
    first = max(today, newest.effective_from + timedelta(days=1)) if newest else today
    return {"version": _next(newest), "effective_from": first, "html": wording.body(text).strip()}


def _next(newest: PrivacyNotice | None) -> str:
    """A name for the next version, where the former ones are numbers."""
    major = newest.version.partition(".")[0] if newest else "0"
    return f"{int(major) + 1}.0" if major.isdecimal() and len(major) < 4 else ""


def _editor(request: HttpRequest, form: WriteForm) -> HttpResponse:
    context = {"title": _("Write the privacy notice"), "form": form, "newest": form.newest}
    return page(request, "notices/office/write.html", context)


def _preview(request: HttpRequest, words: WriteForm, form: PublishForm) -> HttpResponse:
    """The public page itself, with what may be done about it above."""
    notice = PrivacyNotice(**words.content)
    context = {
        "notice": notice,
        "versions": [notice, *published.versions()],
        "is_current": True,
        "form": DayForm(),
        "words": words,
        "publishing": form,
        "title_prefix": _("Error: ") if form.is_bound else _("Preview: "),
    }
    return render(request, "notices/office/preview.html", context)


def urls(site: AdminSite) -> list[URLPattern]:
    found = [
        path("privacy-notices/", show_list, name="privacy-notices"),
        path("privacy-notices/new/", write, name="privacy-notice-write"),
        path("privacy-notices/publish/", publish, name="privacy-notice-publish"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
