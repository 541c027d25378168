"""Evidence to look at. Nothing here can be changed, by anybody."""

from typing import cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

from core.admin import ReadOnlyAdmin
from ledger.models import Entry, Seal


class Newest(Paginator):
    """The ledger only grows, so no more of it is counted than the list shows: its newest thousand rows."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Model]", self.object_list)
        return len(rows.values_list("pk")[:1000])


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "at", "kind", "purpose", "subject", "object"]
    fields = ["uuid", "at", "kind", "purpose", "subject", "object", "epoch", "xid", "body"]
    readonly_fields = fields
    ordering = ["-id"]
    sortable_by: list[str] = []
    paginator = Newest
    list_per_page = 50


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ["id", "at", "epoch", "count", "root"]
    fields = ["at", "epoch", "xid_from", "xid_to", "count", "root", "prev", "hash", "jws", "body"]
    readonly_fields = fields
    ordering = ["-id"]
    sortable_by: list[str] = []
    paginator = Newest
    list_per_page = 50
