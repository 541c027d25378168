"""Forms and assessments to read. They are written and published through their own functions, never edited here."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from consents import assessments
from consents.models import AssessmentVersion, ConsentFormVersion


class ReadOnly(ModelAdmin):
    """Nobody adds, changes or deletes here; whoever may view sees everything."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConsentFormVersion)
class ConsentFormVersionAdmin(ReadOnly):
    list_display = ("form", "number", "locale", "title", "published_at", "superseded_at")
    list_filter = ("form", "locale")
    list_select_related = ("form",)
    ordering = ("form__slug", "locale", "-number")
    show_full_result_count = False


@admin.register(AssessmentVersion)
class AssessmentVersionAdmin(ReadOnly):
    list_display = ("purpose", "number", "decision", "approved_at", "review_due", "again")
    list_filter = ("decision",)
    list_select_related = ("assessment__purpose",)
    ordering = ("assessment__purpose__slug", "-number")
    show_full_result_count = False

    @admin.display(ordering="assessment__purpose__slug")
    def purpose(self, version: AssessmentVersion) -> str:
        return version.assessment.purpose.slug

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AssessmentVersion]:
        reviews = assessments.open_reviews().filter(assessment=models.OuterRef("assessment")).order_by()
        versions: models.QuerySet[AssessmentVersion] = super().get_queryset(request)
        return versions.annotate(is_reviewed=models.Exists(reviews))

    @admin.display(boolean=True, description=_("To be weighed again"))
    def again(self, version: AssessmentVersion) -> bool:
        return bool(version.is_reviewed)  # type: ignore[attr-defined]  # annotated above
