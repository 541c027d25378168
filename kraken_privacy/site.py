"""The DPO's site: Django's admin with the office's pages, and a home that says what is due."""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from breaches import views as breaches
from consents import office_assessments, office_forms, office_forms_consents, office_webhooks
from cookies import evidence
from cookies import urls_staff as cookies
from core.models import Controller
from core.once import once
from imports import urls as imports_urls
from imports import views as imports_views
from inbox import urls as inbox_urls
from inbox import views as inbox_views
from notices import office as notices
from office import today, views_api_keys, views_organisations, visibility
from office import urls as office_urls
from requests import office, office_actions, office_complaints
from retention import pages as forgetting
from retention import pages_runs, pages_statistics
from staff.adapter import has_second_factor

# The admin's own scripts evaluate expressions and set styles. Nothing outside /admin/ is relaxed.
_relaxed = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})


class KrakenAdminSite(UnfoldAdminSite):
    """The DPO's site."""

    index_template = "requests/office/home.html"

    def extra_urls(self) -> list[URLPattern]:
        work = [*office_urls.urls(self), *office_actions.urls(self), *inbox_urls.urls(self)]
        work += [*office_forms.urls(self), *office_forms_consents.urls(self), *office_assessments.urls(self)]
        work += [*office_webhooks.urls(self), *notices.urls(self)]
        # Before the pages about forgetting, which take any word after a run for something to do with it.
        work += [*pages_runs.urls(self), *pages_statistics.urls(self)]
        return [*work, *breaches.urls(self), *imports_urls.urls(self), *cookies.urls(self), *forgetting.urls(self)]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Behind the login, with the site at hand for pages that are no ModelAdmin's."""
        guarded: Callable[..., Any] = super().admin_view(view, cacheable)

        def here(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.admin_site = self  # type: ignore[attr-defined]
            try:
                response: HttpResponse = guarded(request, *args, **kwargs)
            except PermissionDenied as error:
                # A stranger to a page learns nothing from it, not even that it is there.
                raise Http404 from error
            return response

        relaxed: Callable[..., Any] = _relaxed(here)
        return relaxed

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Staff sign in at one door. Whoever has passed it and still comes here is not staff."""
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What is due, before the list of tables."""
        now = timezone.now()
        day = office.today(now)
        context = {
            "work": today.gather(request.user, today=day, now=now),
            "today": day,
            "now": now,
            "title": _("Today"),
            "has_role": bool(request.user.get_all_permissions()),
            "invite_factor": not has_second_factor(request.user),
            **(extra_context or {}),
        }
        with timezone.override(Controller.current().zone):
            response: TemplateResponse = super().index(request, context).render()
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What this person may see of the tables. Page, menu and search ask for it: once is enough."""
        here = super().get_app_list
        found: list[Any] = once(f"tables {app_label} {request.user.pk}", lambda: here(request, app_label))
        return found

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The office first, then the tables, as far as this person may see them."""
        work = [_link(request, _("Today"), reverse("admin:index"), "today", exact=True)]
        if request.user.has_perm(inbox_views.READ):
            work.append(_link(request, _("Mailbox"), reverse("admin:mailbox"), "mail"))
        if request.user.has_perm(office.READ):
            work.append(_link(request, _("Requests"), reverse("admin:rights-queue"), "inbox"))
        if request.user.has_perm(office_complaints.READ):
            work.append(_link(request, _("Complaints"), reverse("admin:complaints"), "campaign"))
        if request.user.has_perm(breaches.READ):
            work.append(_link(request, _("Breaches"), reverse("admin:breaches"), "emergency_home"))
        if request.user.has_perm(evidence.READ):
            work.append(_link(request, _("Cookie choices"), reverse("admin:cookie-proof"), "cookie"))
        if any(request.user.has_perm(name) for name in (visibility.READ, visibility.SELL)):
            work.append(_link(request, _("People"), reverse("admin:people"), "person_search"))
        if request.user.has_perm(views_organisations.READ):
            work.append(_link(request, _("Organisations"), reverse("admin:organisations"), "domain"))
        if request.user.has_perm(office_forms.READ):
            work.append(_link(request, _("Consent forms"), reverse("admin:consent-forms"), "check_box"))
        if request.user.has_perm(office_forms_consents.ENTER):
            work.append(_link(request, _("Consents from others"), reverse("admin:consents-told"), "forward_to_inbox"))
        if request.user.has_perm(office_assessments.READ):
            work.append(_link(request, _("Assessments"), reverse("admin:assessments"), "balance"))
        if request.user.has_perm(notices.READ):
            work.append(_link(request, _("Privacy notice"), reverse("admin:privacy-notices"), "policy"))
        if request.user.has_perm(office_webhooks.READ):
            work.append(_link(request, _("Webhooks"), reverse("admin:webhooks"), "webhook"))
        if request.user.has_perm(views_api_keys.READ):
            work.append(_link(request, _("API keys"), reverse("admin:api-keys"), "key"))
        if request.user.has_perm(forgetting.READ):
            work.append(_link(request, _("Forgetting"), reverse("admin:forgetting"), "auto_delete"))
        if request.user.has_perm(imports_views.READ):
            work.append(_link(request, _("Data in"), reverse("admin:data-in"), "upload_file"))
        tables = [
            {
                "title": app["name"],
                "separator": True,
                "collapsible": True,
                "items": [_link(request, model["name"], model["admin_url"], "") for model in app["models"]],
            }
            for app in self.get_app_list(request)
        ]
        return [{"title": _("Work"), "items": work}, *tables]


def _link(request: HttpRequest, title: str, link: str, icon: str, *, exact: bool = False) -> dict[str, Any]:
    is_here = request.path == link if exact else bool(link) and request.path.startswith(link)
    return {"title": title, "link": link, "icon": icon, "active": is_here, "has_permission": True}
