"""Staff pages of consent forms: what is on show, drafts with a preview, and publishing with its consequences."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consents import forms, forms_checklist, forms_compare, forms_drafts, renewals
from consents.models import ConsentForm, ConsentFormVersion, ConsentRenewal
from consents.office_forms_input import DraftForm, LanguageForm, NewForm, PublishForm, SettingsForm
from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import Controller

READ, WRITE = "consents.view_consentformversion", "consents.change_consentformversion"
PUBLISH = "consents.publish_consentformversion"
FOLDER = "consents/forms"


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    """Every form, with the languages it is on show in and those that somebody is writing."""
    versions = ConsentFormVersion.objects.filter(superseded_at=None).select_related("form").order_by("locale")
    rows: dict[str, dict[str, Any]] = {
        form.slug: {"form": form, "shown": [], "drafts": []} for form in ConsentForm.objects.order_by("slug")
    }
    for version in versions:
        rows[version.form.slug]["shown" if version.published_at else "drafts"].append(version)
    context = {"title": _("Consent forms"), "rows": rows.values(), "may_write": request.user.has_perm(WRITE)}
    return page(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def add(request: HttpRequest) -> HttpResponse:
    form = NewForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = forms_drafts.create(given["slug"], settings=_settings(given), actor=actor_of(request), now=_now())
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("admin:consent-draft", made.slug, given["locale"])
    return page(request, f"{FOLDER}/add.html", {"title": _("New consent form"), "form": form})


@require_GET
@for_staff(READ)
def show(request: HttpRequest, slug: str) -> HttpResponse:
    return _show(request, _form(slug))


@require_POST
@for_staff(WRITE)
def configure(request: HttpRequest, slug: str) -> HttpResponse:
    """How the answers of this form are taken."""
    consent_form = _form(slug)
    form = SettingsForm(request.POST, form=consent_form)
    if not form.is_valid():
        return _show(request, consent_form, settings_form=form)
    try:
        changed = forms_drafts.change_settings(
            consent_form, settings=_settings(form.cleaned_data), actor=actor_of(request), now=_now()
        )
    except DomainError as error:
        refuse(form, error)
        return _show(request, consent_form, settings_form=form)
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("admin:consent-form", slug)


@require_POST
@for_staff(WRITE)
def translate(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin another language."""
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return _show(request, _form(slug), language_form=form)
    return redirect("admin:consent-draft", slug, form.cleaned_data["locale"])


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def draft(request: HttpRequest, slug: str, locale: str) -> HttpResponse:
    """The editor. Without scripts the button shows the preview; with them it follows every key."""
    consent_form = _form(slug)
    start = forms_drafts.start(consent_form, locale)
    form = DraftForm.made(_posted(request), start)
    shown = start
    if request.method == "POST" and form.is_ready:
        shown = forms_drafts.edited(consent_form, locale, form.content)
        if "preview" not in request.POST:
            return _save(request, consent_form, locale, form)
    faults = forms_checklist.faults(consent_form, shown) if shown else None
    has_draft = forms_drafts.draft_of(consent_form, locale) is not None
    context = {
        "title": _("Edit: %(slug)s, %(locale)s") % {"slug": slug, "locale": locale},
        "consent_form": consent_form,
        "locale": locale,
        "form": form,
        "version": shown,
        "faults": faults,
        "has_draft": has_draft,
        # As it is kept, and not as it is being changed.
        "is_ready": has_draft and not faults and request.method == "GET",
        "may_publish": request.user.has_perm(PUBLISH),
    }
    return page(request, f"{FOLDER}/draft.html", context)


@require_POST
@for_staff(WRITE)
def preview(request: HttpRequest, slug: str, locale: str) -> HttpResponse:
    """What people would see, and what still keeps it from being published. Nothing is saved."""
    consent_form = _form(slug)
    form = DraftForm.made(request.POST, forms_drafts.start(consent_form, locale))
    if not form.is_ready:
        return HttpResponse(status=422)
    version = forms_drafts.edited(consent_form, locale, form.content)
    return render(request, f"{FOLDER}/_preview.html", _previewed(consent_form, version))


@require_POST
@for_staff(WRITE)
def discard(request: HttpRequest, slug: str, locale: str) -> HttpResponse:
    forms_drafts.discard(_form(slug), locale)
    messages.success(request, _("The draft is thrown away. What is on show stays."))
    return redirect("admin:consent-form", slug)


@require_http_methods(["GET", "POST"])
@for_staff(PUBLISH)
def publish(request: HttpRequest, slug: str, locale: str) -> HttpResponse:
    """What changes and whom it touches, before the button that puts it on show."""
    version, now = forms_drafts.get(_form(slug), locale), _now()
    former = forms.on_show(version.form, locale)
    counts = renewals.counts(version, now=now) if former else {}
    retained = renewals.retained(former, version)
    again = [(key, f"{control['label']} ({counts[key]})") for key, control in retained.items()]
    day = (now + timedelta(days=renewals.DAYS)).astimezone(Controller.current().zone).date()
    form = PublishForm(_posted(request), again=again, is_first=former is None, initial={"until": day})
    if request.method == "POST" and form.is_valid():
        try:
            done = forms.publish(version, now=now, actor=actor_of(request), **_again(form))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _published(done))
            return redirect("admin:consent-form", slug)
    context = {
        "title": _("Publish: %(slug)s, %(locale)s") % {"slug": slug, "locale": locale},
        "version": version,
        "former": former,
        "differences": forms_compare.differences(former, version),
        "faults": forms_checklist.faults(version.form, version),
        "people": renewals.people(version, list(retained), now=now) if retained else 0,
        "form": form,
    }
    return page(request, f"{FOLDER}/publish.html", context)


@require_GET
@for_staff(READ)
def read(request: HttpRequest, slug: str, locale: str, number: int) -> HttpResponse:
    """One published version, word for word as it was shown."""
    version = ConsentFormVersion.objects.select_related("form").filter(
        form__slug=slug, locale=locale, number=number, published_at__isnull=False
    )
    found = version.first()
    if found is None:
        raise Http404
    title = _("%(slug)s, %(locale)s, version %(number)s") % {"slug": slug, "locale": locale, "number": number}
    context = {"title": title, "version": found, "is_intact": forms.digest(found) == found.sha256}
    return page(request, f"{FOLDER}/version.html", context)


def _now() -> datetime:
    return timezone.now()


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _form(slug: str) -> ConsentForm:
    found = ConsentForm.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in forms_drafts.SETTINGS}


def _show(request: HttpRequest, consent_form: ConsentForm, **bound: Any) -> HttpResponse:
    versions = list(consent_form.versions.order_by("locale", "-number"))
    open_marks = ConsentRenewal.objects.filter(form_version__form=consent_form, ended_at=None)
    context = {
        "title": consent_form.slug,
        "consent_form": consent_form,
        "shown": [version for version in versions if version.published_at and not version.superseded_at],
        "drafts": [version for version in versions if not version.published_at],
        "former": [version for version in versions if version.superseded_at],
        "outgrown": open_marks.count(),
        "settings_form": SettingsForm(form=consent_form),
        "language_form": LanguageForm(),
        "may_write": request.user.has_perm(WRITE),
        "may_publish": request.user.has_perm(PUBLISH),
        "base_url": settings.BASE_URL,
        **bound,
    }
    return page(request, f"{FOLDER}/form.html", context)


def _save(request: HttpRequest, consent_form: ConsentForm, locale: str, form: DraftForm) -> HttpResponse:
    saved = forms_drafts.save(consent_form, locale, form.content)
    if saved is None:
        messages.success(request, _("It says what is on show already, so there is nothing to publish and no draft."))
        return redirect("admin:consent-form", consent_form.slug)
    messages.success(request, _("The draft is kept."))
    return redirect("admin:consent-draft", consent_form.slug, locale)


def _previewed(consent_form: ConsentForm, version: ConsentFormVersion) -> dict[str, Any]:
    return {"version": version, "faults": forms_checklist.faults(consent_form, version)}


def _again(form: PublishForm) -> dict[str, Any]:
    given = form.cleaned_data
    if not given.get("again"):
        return {}
    until = given.get("until")
    zone = Controller.current().zone
    return {
        "asks_again": given["again"],
        "until": datetime.combine(until, time.min, tzinfo=zone) if until else None,
    }


def _published(version: ConsentFormVersion) -> str:
    if version.affected:
        return _("On show from now on. %(count)s people are asked again.") % {"count": version.affected}
    return _("On show from now on. Nobody is asked again.")


def urls(site: AdminSite) -> list[URLPattern]:
    """Below the admin site, behind its door."""
    here, words = "consent-forms/<slug:slug>/", "consent-forms/<slug:slug>/<str:locale>/"
    found = [
        path("consent-forms/", show_list, name="consent-forms"),
        path("consent-forms/new/", add, name="consent-form-add"),
        path(here, show, name="consent-form"),
        path(f"{here}settings/", configure, name="consent-form-settings"),
        path(f"{here}language/", translate, name="consent-form-language"),
        path(f"{words}draft/", draft, name="consent-draft"),
        path(f"{words}preview/", preview, name="consent-preview"),
        path(f"{words}discard/", discard, name="consent-discard"),
        path(f"{words}publish/", publish, name="consent-publish"),
        path(f"{words}<int:number>/", read, name="consent-version"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
