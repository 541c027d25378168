"""Officers write rules, put them in force, and read what the runs did. What was approved or done is only read."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from core.admin import ReadOnlyAdmin
from core.errors import DomainError
from core.models import Controller, User
from retention import (
    admin_writebacks,  # noqa: F401 - registers its page
    overlaps,
)
from retention.models import Batch, RetentionRule, Run
from retention.purge import preview
from retention.rules import activate


@admin.register(RetentionRule)
class RetentionRuleAdmin(ReadOnlyAdmin):
    """A list of every version. Rules are written, with their effect shown, on pages of their own."""

    list_display = ["slug", "version", "status", "purpose", "category", "trigger", "period", "action"]
    list_filter = ["status", "action"]
    list_select_related = ["purpose", "category"]
    ordering = ["slug", "-version"]
    actions = ["put_in_force", "count_due"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("retention.add_retentionrule")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return redirect("admin:rule-new")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:forgetting-rule", object_id)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("retention.approve_retentionrule")

    @admin.action(description=gettext_lazy("Put in force"), permissions=["approve"])
    def put_in_force(self, request: HttpRequest, chosen: QuerySet[RetentionRule]) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type; the admin lets nobody else through
        now = timezone.now()
        for rule in chosen.select_related("purpose", "category"):
            try:
                activate(rule, approved_by=request.user.actor, now=now)
                for sentence in overlaps.sentences(rule):
                    self.message_user(request, f"{rule.slug}: {sentence}", messages.WARNING)
            except DomainError as error:
                said = " ".join(str(text) for text in (error.fields or {"": error.message}).values())
                self.message_user(request, f"{rule.slug}: {said}", messages.ERROR)

    @admin.action(description=gettext_lazy("Count what is due today"), permissions=["view"])
    def count_due(self, request: HttpRequest, chosen: QuerySet[RetentionRule]) -> None:
        for rule in chosen.select_related("purpose", "category"):
            self.message_user(request, _counted(rule, timezone.now()))


class BatchInline(TabularInline):
    model = Batch
    extra = 0
    can_delete = False
    ordering = ["pk"]
    fields = ["at", "needs", "items", "keys", "identifiers", "subjects", "relationships", "restricted", "entry"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "rule", "as_of", "status", "batches_", "items_", "held", "indeterminate"]
    list_filter = ["status"]
    list_select_related = ["rule"]
    ordering = ["-pk"]
    inlines = [BatchInline]
    list_before_template = "retention/_about_runs.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        rows: QuerySet[Run] = super().get_queryset(request)
        return rows.annotate(batch_count=Count("batches"), item_count=Sum("batches__items", default=0))

    @admin.display(description=gettext_lazy("batches"))
    def batches_(self, run: Any) -> int:
        return int(run.batch_count)

    @admin.display(description=gettext_lazy("items"))
    def items_(self, run: Any) -> int:
        return int(run.item_count)


def _counted(rule: RetentionRule, now: datetime) -> str:
    report = preview(rule, as_of=now.astimezone(Controller.current().zone).date(), now=now)
    return _("%(rule)s: %(due)d due, %(held)d held, %(indeterminate)d without a date. Nothing was changed.") % {
        "rule": rule.slug,
        "due": report.due,
        "held": report.held,
        "indeterminate": report.indeterminate,
    }
