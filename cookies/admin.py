"""The cookie register in the DPO's site: written here, put on show by an action that checks it, read for ever."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline

from cookies import publishing
from cookies.models import Cookie, Site, SiteVersion
from core.desk import actor_of
from core.errors import DomainError


class Register(StackedInline):
    model = Cookie
    extra = 0
    autocomplete_fields: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cookie]:
        rows: QuerySet[Cookie] = super().get_queryset(request)
        return rows.select_related("purpose").order_by("purpose__slug", "kind", "pattern")


@admin.register(Site)
class SiteAdmin(ModelAdmin):
    list_display = ["name", "slug", "on_show"]
    readonly_fields = ["snippet"]
    inlines = [Register]
    actions = ["publish"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        current = SiteVersion.objects.filter(site=models.OuterRef("pk"), superseded_at=None).values("number")
        sites: QuerySet[Site] = super().get_queryset(request)
        return sites.annotate(shown=models.Subquery(current))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Evidence and the browsers of its visitors know a site by this name.
        return [*super().get_readonly_fields(request, obj), *(["slug"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cookies.change_site")

    @admin.display(description=_("Version on show"))
    def on_show(self, site: Site) -> int | None:
        return getattr(site, "shown", None)

    @admin.display(description=_("For its pages, as the first script"))
    def snippet(self, site: Site) -> SafeString | str:
        if site.pk is None:
            return ""
        address = reverse("cookies:script", args=[site.slug])
        line = '<code>&lt;script src="{}" data-key="…"&gt;&lt;/script&gt;</code>'
        return format_html(line, settings.BASE_URL + address)

    @admin.action(description=_("Put the register on show"), permissions=["publish"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Site]) -> None:
        for site in chosen:
            try:
                version = publishing.publish(site, now=timezone.now(), actor=actor_of(request))
            except DomainError as error:
                self.message_user(request, f"{site.name}: {error.message}", messages.ERROR)
            else:
                said = _("%(site)s: version %(number)d is on show.") % {"site": site.name, "number": version.number}
                self.message_user(request, said, messages.SUCCESS)


@admin.register(SiteVersion)
class SiteVersionAdmin(ModelAdmin):
    """What was on show, and since when. Nobody changes it."""

    list_display = ["site", "number", "published_at", "superseded_at", "sha256"]
    list_select_related = ["site"]
    ordering = ["site__name", "-number"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
