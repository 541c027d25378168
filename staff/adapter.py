"""What allauth asks us: who may sign in and how often, where mail goes, how secrets are kept."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import outbox
from core.models import Controller, User
from core.network import client_address, network_of
from staff import attempts, events, sealing

JUST_NOW_SECONDS = 300
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody signs up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("This username and this password do not go together."),
        "email_password_mismatch": gettext_lazy("This username and this password do not go together."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Wait five minutes, then try again."),
        "incorrect_password": gettext_lazy("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Count the attempt before the password is looked at; the answer is the same for unknown accounts."""
        now = timezone.now()
        account, network = credentials.get("username", ""), network_of(request)
        what = attempts.sign_in(account, network)
        free = attempts.take(f"network|{network}", limit=attempts.PER_NETWORK, now=now)
        if not (attempts.take(what, limit=attempts.PER_ACCOUNT, now=now) and free):
            raise self.validation_error("too_many_login_attempts")
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            attempts.forget(what)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        known = get_user_model().objects.filter(username__iexact=credentials.get("username", "")).first()
        events.note("sign-in-failed", known, by="public")

    def is_reauthentication_required(self, *, app: str, **given: Any) -> bool:
        """Whoever has just signed in is not asked for the password a second time."""
        records = get_authentication_records(context.request, context.request.user)
        if any(time.time() - float(record["at"]) < JUST_NOW_SECONDS for record in records):
            return False
        return bool(super().is_reauthentication_required(app=app, **given))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "::"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Through the outbox, which takes the same time for everybody and delivers even if the server is away now."""
        message = self.render_mail(template_prefix, email, context)
        now = timezone.now()
        outbox.post_mail(to=email, subject=message.subject, text=message.body, about=None, now=now)

    def format_email_subject(self, subject: str) -> str:
        return subject


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: sealed secrets, and the last one stays where one is required."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": gettext_lazy("It is your only second step, and this installation asks for one."),
        "incorrect_code": gettext_lazy(
            "This code is not right. It may have changed meanwhile: enter the one that is shown now."
        ),
    }

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return f"{Controller.current().name} privacy"

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Key %(number)d") % {"number": number}

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not settings.REQUIRE_MFA or authenticator.type not in FACTORS:
            return True
        others = Authenticator.objects.filter(user=authenticator.user, type__in=FACTORS).exclude(pk=authenticator.pk)
        return bool(others.exists())


def has_second_factor(user: Any) -> bool:
    """Recovery codes alone do not count: they come with a factor."""
    return bool(user.is_authenticated) and Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def refused(code: str) -> ValidationError:
    """An error of the sign-in pages by its code."""
    error: ValidationError = AccountAdapter().validation_error(code)
    return error
