"""Misconfiguration that would leave a door open, said at every start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def second_factor(app_configs: Any, **_rest: Any) -> list[CheckMessage]:
    if settings.REQUIRE_MFA or settings.DEMO_MODE:
        return []
    hint = "Remove REQUIRE_MFA from the environment; only a demo should do without."
    return [Warning("Staff can sign in with a password alone.", hint=hint, id="staff.W001")]


@register()
def secret_key(app_configs: Any, **_rest: Any) -> list[CheckMessage]:
    key = settings.SECRET_KEY
    if settings.DEMO_MODE or not (len(key) < 50 or key.startswith(("django-insecure", "development-only", "changeme"))):
        return []
    hint = "Sessions and links are signed with it: write 50 or more random characters into SECRET_KEY."
    return [Error("SECRET_KEY is short or well known.", hint=hint, id="staff.E001")]


@register()
def sole_officer(app_configs: Any, **_rest: Any) -> list[CheckMessage]:
    if settings.TWO_PERSON_RELEASE or not settings.SOLE_OFFICER:
        return []
    hint = "SOLE_OFFICER is an exception to TWO_PERSON_RELEASE: switch that on, or leave both out."
    return [Warning("SOLE_OFFICER does nothing here.", hint=hint, id="staff.W002")]


@register()
def idle(app_configs: Any, **_rest: Any) -> list[CheckMessage]:
    if 1 <= settings.IDLE_MINUTES <= 12 * 60:
        return []
    hint = "Choose between 1 and 720 minutes; 30 is the default."
    return [Error("IDLE_MINUTES is not a time after which to sign somebody out.", hint=hint, id="staff.E002")]
