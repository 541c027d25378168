"""Forms of the second step, with their attempts counted where every process sees them."""

from datetime import timedelta

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.forms import BooleanField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff import attempts
from staff.adapter import refused


class Counted(forms.BaseAuthenticateForm):
    """Five codes in five minutes, and none of them twice."""

    def clean_code(self) -> str:
        now = timezone.now()
        what = f"code|{self.user.pk}"
        if not attempts.take(what, limit=attempts.PER_PERSON_AND_CODE, now=now):
            raise refused("too_many_login_attempts")
        code: str = super().clean_code()
        # A code that was looked at over a shoulder must not work again, in whichever process (RFC 6238, 5.2).
        used = f"used|{self.user.pk}|{code.replace(' ', '')}"
        if not attempts.take(used, limit=1, now=now, window=timedelta(minutes=2)):
            raise get_adapter().validation_error("incorrect_code")
        attempts.forget(what)
        return code


class AddKeyForm(AddWebAuthnForm):
    """allauth's, in plain words."""

    passwordless = BooleanField(
        label=_("Let this key alone open my account, without the password"),
        help_text=_("It then asks for your finger, your face or its PIN each time."),
        required=False,
    )


class AuthenticateForm(Counted, forms.AuthenticateForm):
    pass


class ReauthenticateForm(Counted, forms.ReauthenticateForm):
    pass
