"""How staff enter. Only what we use of allauth: nobody signs up, and addresses are changed by an administrator."""

from allauth.account import views as account
from django.urls import include, path, re_path

from staff import views

urlpatterns = [
    path("staff/sign-in/", account.login, name="account_login"),
    path("staff/sign-out/", account.logout, name="account_logout"),
    path("staff/inactive/", account.account_inactive, name="account_inactive"),
    path("staff/again/", account.reauthenticate, name="account_reauthenticate"),
    path("staff/password/", account.password_change, name="account_change_password"),
    path("staff/password/set/", account.password_set, name="account_set_password"),
    path("staff/password/reset/", account.password_reset, name="account_reset_password"),
    path("staff/password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^staff/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "staff/password/reset/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("staff/security/", include("allauth.mfa.urls")),
    path("staff/sessions/", include("allauth.usersessions.urls")),
    path("staff/stay/", views.stay, name="staff_stay"),
]
