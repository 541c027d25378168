"""What came back after its erasure, for staff to decide. There is nothing to read in it: what it held was not kept."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.admin import ReadOnlyAdmin
from core.models import User
from retention.models import WriteBack
from retention.writebacks import decide


@admin.register(WriteBack)
class WriteBackAdmin(ReadOnlyAdmin):
    list_display = ["last_at", "decision", "system", "category", "collected_on", "erased_at", "times", "expires_on"]
    list_filter = ["decision", "system"]
    ordering = ["decision", "-last_at", "-id"]
    exclude = ["hash"]
    actions = ["keep_erased", "let_back"]
    list_before_template = "retention/_about_writebacks.html"

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("retention.change_writeback")

    @admin.action(description=gettext_lazy("It stays erased"), permissions=["decide"])
    def keep_erased(self, request: HttpRequest, chosen: QuerySet[WriteBack]) -> None:
        self._decide(request, chosen, WriteBack.Decision.REFUSED)

    @admin.action(description=gettext_lazy("It may come back with its next delivery"), permissions=["decide"])
    def let_back(self, request: HttpRequest, chosen: QuerySet[WriteBack]) -> None:
        self._decide(request, chosen, WriteBack.Decision.ADMITTED)

    def _decide(self, request: HttpRequest, chosen: QuerySet[WriteBack], decision: WriteBack.Decision) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type; the admin lets nobody else through
        now, rows = timezone.now(), list(chosen)
        for row in rows:
            decide(row, decision, actor=request.user.actor, now=now)
        text = ngettext("Decided about one record: %(what)s.", "Decided about %(n)d records: %(what)s.", len(rows))
        self.message_user(request, text % {"n": len(rows), "what": decision.label}, messages.SUCCESS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> object:
        title = _("Erased records that came back")
        return super().changelist_view(request, {"title": title, **(extra_context or {})})
