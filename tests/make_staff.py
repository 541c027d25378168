"""Builders for the door of staff: accounts by role, second factors, codes."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import Group
from django.test import Client

from core.models import User

PASSWORD = "a long enough password"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def account(name="sam", *roles, password=PASSWORD, **given):
    user = User.objects.create_user(name, password=password, is_staff=given.pop("is_staff", True), **given)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def client_of(user, **given):
    client = Client(**given)
    client.force_login(user)
    return client


def with_app(user):
    totp.TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def code(ahead=0):
    counter = next(iter(totp.yield_hotp_counters_from_time())) + ahead
    return totp.format_hotp_value(totp.hotp_value(SECRET, counter))


def sign_in(client, name="sam", password=PASSWORD, **given):
    return client.post("/staff/sign-in/", {"login": name, "password": password}, **given)
