"""Accounts of staff. Whoever makes one chooses its roles; nobody can give more than a role here."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.models import User
from core.roles import ROLES
from staff import accounts

# Secrets of factors, keys of sessions and rows nobody edits. Roles are made by core/roles.py.
for model in (Authenticator, EmailAddress, UserSession, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "roles", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("May"), {"fields": ("is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "password1", "password2", "email", "groups")}),
    )
    actions = ["forget_factors"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        # Whoever is no superuser could otherwise take over one by changing its password.
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **given: Any) -> Any:
        if db_field.name == "groups":
            given["queryset"] = Group.objects.filter(name__in=ROLES)
            given["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            given["label"] = _("Roles")
            given["help_text"] = _("What each may do stands in docs/roles.md. Without one, nothing is open.")
        return super().formfield_for_manytomany(db_field, request, **given)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        accounts.note_change(form.instance, by=request.user, is_new=not change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The ledger knows people by the id of their account: it is closed, not deleted."""
        return False

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.action(description=_("Forget their second steps (lost telephone)"), permissions=["change"])
    def forget_factors(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        for user in chosen:
            accounts.forget_factors(user, by=request.user)
        self.message_user(request, _("They set up a new second step when they next sign in."), messages.SUCCESS)
