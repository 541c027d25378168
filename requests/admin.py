"""Complaints in the DPO's site: what waits, what was written, and the outcome. Words are masked until asked for."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnlyAdmin
from core.errors import DomainError
from requests import complaints, office
from requests.models import Complaint


@admin.register(Complaint)
class ComplaintAdmin(ReadOnlyAdmin):
    list_display = ["reference", "received_on", "acknowledge_by", "acknowledged_at", "outcome_name", "outcome_at"]
    list_filter = [("acknowledged_at", admin.EmptyFieldListFilter), "outcome"]
    fields = ["reference", "received_on", "acknowledge_by", "acknowledged_at", "outcome_name", "outcome_at"]
    ordering = ["outcome_at", "acknowledge_by", "pk"]
    actions = ["show", "acknowledge", "upheld", "partly", "not_upheld", "resolved"]

    @admin.display(description=_("Outcome"))
    def outcome_name(self, complaint: Complaint) -> str:
        return str(complaints.Outcome(complaint.outcome).label) if complaint.outcome else str(_("Open"))

    def has_work_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("requests.change_complaint")

    @admin.action(description=_("Show what was written (this is recorded)"), permissions=["view"])
    def show(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> HttpResponse:
        actor, now = office.actor_of(request), timezone.now()
        shown = [
            (one, complaints.view(one, actor=actor, now=now)) for one in chosen.select_related("case").order_by("pk")
        ]
        return office.page(request, "complaints", {"title": _("Complaints"), "shown": shown})

    @admin.action(description=_("Note that it was acknowledged by hand"), permissions=["work"])
    def acknowledge(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> None:
        for one in chosen:
            complaints.acknowledge(one, actor=office.actor_of(request), now=timezone.now())

    @admin.action(description=_("Close: upheld"), permissions=["work"])
    def upheld(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> None:
        self._close(request, chosen, complaints.Outcome.UPHELD)

    @admin.action(description=_("Close: partly upheld"), permissions=["work"])
    def partly(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> None:
        self._close(request, chosen, complaints.Outcome.PARTLY)

    @admin.action(description=_("Close: not upheld"), permissions=["work"])
    def not_upheld(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> None:
        self._close(request, chosen, complaints.Outcome.NOT_UPHELD)

    @admin.action(description=_("Close: resolved otherwise"), permissions=["work"])
    def resolved(self, request: HttpRequest, chosen: QuerySet[Complaint]) -> None:
        self._close(request, chosen, complaints.Outcome.RESOLVED)

    def _close(self, request: HttpRequest, chosen: QuerySet[Complaint], outcome: complaints.Outcome) -> None:
        for one in chosen:
            try:
                complaints.close(one, outcome, actor=office.actor_of(request), now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{one.reference}: {error.message}", messages.ERROR)
