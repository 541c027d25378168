"""Officers see what left and what did not; contents stay sealed."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from core import apikeys, outbox
from core.errors import DomainError
from core.models import ApiKey, BankHoliday, Controller, Outbox, RuleSet


class ReadOnlyAdmin(ModelAdmin):
    """Seen, never changed here: what may change does so through a function of the domain."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ["uuid", "kind", "created_at", "due_at", "attempts", "sent_at", "dead_at", "error"]
    list_filter = ["kind", ("dead_at", admin.EmptyFieldListFilter), ("sent_at", admin.EmptyFieldListFilter)]
    exclude = ["payload", "lease"]
    ordering = ["-pk"]
    actions = ["replay"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_outbox")

    @admin.action(description=_("Send again"), permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet[Outbox]) -> None:
        now = timezone.now()
        for row in chosen:
            try:
                outbox.replay(row, now=now)
            except DomainError as error:
                self.message_user(request, str(error.message), messages.ERROR)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "prefix", "scopes", "last_used_at", "expires_at", "revoked_at"]
    exclude = ["digest"]
    ordering = ["name"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_apikey")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        now = timezone.now()
        for row in chosen:
            apikeys.revoke(row, now=now)


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnlyAdmin):
    list_display = ["slug", "jurisdiction", "effective_from", "effective_to", "source"]
    ordering = ["jurisdiction", "effective_from"]


@admin.register(BankHoliday)
class BankHolidayAdmin(ModelAdmin):
    list_display = ["date", "division", "title", "source"]
    list_filter = ["division"]
    date_hierarchy = "date"
    ordering = ["-date"]


@admin.register(Controller)
class ControllerAdmin(ModelAdmin):
    list_display = ["name", "jurisdiction", "dpo_contact"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
