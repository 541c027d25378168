"""Published notices, to read. Publishing is notices.published.publish."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from notices.models import PrivacyNotice


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(ModelAdmin):
    list_display = ["version", "locale", "effective_from", "sha256"]
    ordering = ["-effective_from"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
