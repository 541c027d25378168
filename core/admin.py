"""Officers see what left and what did not; contents stay sealed."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from core import holidays, outbox
from core.errors import DomainError
from core.models import BankHoliday, Controller, Outbox, RuleSet, User


def _actor(request: HttpRequest) -> str:
    assert isinstance(request.user, User)  # noqa: S101 - the admin site lets nobody else through
    return request.user.actor


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


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnlyAdmin):
    list_display = ["slug", "jurisdiction", "effective_from", "effective_to", "source"]
    ordering = ["jurisdiction", "effective_from"]


@admin.register(BankHoliday)
class BankHolidayAdmin(ModelAdmin):
    """One that is proclaimed at short notice is entered here; open due dates are then computed again."""

    list_display = ["date", "division", "title", "source"]
    list_filter = ["division"]
    date_hierarchy = "date"
    ordering = ["-date"]
    actions = ["recount"]

    def save_model(self, request: HttpRequest, obj: BankHoliday, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._tell(request, obj, "changed" if change else "entered")

    def delete_model(self, request: HttpRequest, obj: BankHoliday) -> None:
        self._tell(request, obj, "removed")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[BankHoliday]) -> None:
        for row in queryset:
            self._tell(request, row, "removed")
        super().delete_queryset(request, queryset)

    def has_recount_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_bankholiday")

    @admin.action(description=_("Compute every open due date again"), permissions=["recount"])
    def recount(self, request: HttpRequest, chosen: QuerySet[BankHoliday]) -> None:
        """Of all open requests, whichever rows were chosen: a date depends on every holiday it passes."""
        moved = holidays.recount(now=timezone.now(), actor=_actor(request))
        said = ngettext("%(n)d date moved.", "%(n)d dates moved.", moved)
        self.message_user(request, said % {"n": moved}, messages.SUCCESS)

    def _tell(self, request: HttpRequest, row: BankHoliday, what: str) -> None:
        holidays.tell(row, what, now=timezone.now(), actor=_actor(request))


@admin.register(Controller)
class ControllerAdmin(ModelAdmin):
    list_display = ["name", "jurisdiction", "dpo_contact"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
