"""The register in the DPO's site. Its tables are small; a published version can be read and no more."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from core.errors import DomainError
from processing.models import (
    DataCategory,
    DecisionSystem,
    ProcessingActivity,
    Purpose,
    PurposeVersion,
    Recipient,
    System,
    VersionCategory,
    VersionRecipient,
    VersionSystem,
)


class Kept(ModelAdmin):
    """What versions and evidence refer to is never deleted, and keeps the name they know it by."""

    list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "slug"] if obj and hasattr(obj, "slug") else fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ProcessingActivity)
class ProcessingActivityAdmin(Kept):
    list_display = ["title", "slug", "owner"]
    search_fields = ["title", "slug"]


@admin.register(DataCategory)
class DataCategoryAdmin(Kept):
    list_display = ["label", "slug"]


@admin.register(System)
class SystemAdmin(Kept):
    list_display = ["name", "slug", "connector", "location"]


@admin.register(DecisionSystem)
class DecisionSystemAdmin(Kept):
    list_display = ["name", "slug", "purpose", "by_computer_alone", "in_use"]
    list_select_related = ["purpose"]
    list_filter = ["by_computer_alone", "in_use"]


@admin.register(Recipient)
class RecipientAdmin(Kept):
    list_display = ["name", "role", "ground", "country"]
    list_filter = ["role", "ground"]


@admin.register(Purpose)
class PurposeAdmin(Kept):
    list_display = ["slug", "activity"]
    list_select_related = ["activity"]
    list_filter = ["activity"]
    readonly_fields = ["uuid"]


class Listing(TabularInline):
    """A list of a version: open while the version is a draft."""

    extra = 0
    # The row above each line would only repeat an internal number.
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: PurposeVersion | None = None) -> bool:
        return super().has_add_permission(request, obj) and not (obj and obj.is_published)

    def has_change_permission(self, request: HttpRequest, obj: PurposeVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_published)

    def has_delete_permission(self, request: HttpRequest, obj: PurposeVersion | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_published)


class Categories(Listing):
    model = VersionCategory
    verbose_name, verbose_name_plural = _("category"), _("categories")


class Recipients(Listing):
    model = VersionRecipient
    verbose_name, verbose_name_plural = _("recipient"), _("recipients")


class Systems(Listing):
    model = VersionSystem
    verbose_name, verbose_name_plural = _("system"), _("systems")


@admin.register(PurposeVersion)
class PurposeVersionAdmin(Kept):
    list_display = ["title", "purpose", "number", "status", "basis", "effective_from", "effective_to"]
    list_select_related = ["purpose"]
    list_filter = ["status", "basis"]
    ordering = ["purpose__slug", "-number"]
    readonly_fields = ["status", "effective_from", "effective_to"]
    inlines = [Categories, Recipients, Systems]
    actions = ["publish"]

    def has_change_permission(self, request: HttpRequest, obj: PurposeVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_published)

    # An admin action is a POST; Unfold's buttons on the detail page are links, and a GET changes nothing.
    @admin.action(description=_("Publish the selected drafts"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[PurposeVersion]) -> None:
        now, actor = timezone.now(), request.user.actor  # type: ignore[union-attr]
        for version in queryset.select_related("purpose"):
            try:
                version.publish(now=now, actor=actor)
            except DomainError as error:
                self.message_user(request, f"{version.purpose}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, _("%(purpose)s is live.") % {"purpose": version.purpose})
