"""Two guards behind the sign-in: sessions end when nobody is there, and the admin site waits for a second factor."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.adapter import has_second_factor

Answer = Callable[[HttpRequest], HttpResponseBase]
SEEN = "staff-seen"
# A session is written at most this often; it may end that much early.
STEP_SECONDS = 30


class IdleTimeout:
    """Whoever was not seen for IDLE_MINUTES is signed out, and told so."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without a session cookie there is nobody to sign out, and the page stays cacheable.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        now = int(time.time())
        seen = request.session.get(SEEN, now)
        if now - seen > settings.IDLE_MINUTES * 60:
            return self.sign_out(request)
        if SEEN not in request.session or now - seen >= STEP_SECONDS:
            request.session[SEEN] = now
            UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())
        return self.get_response(request)

    def sign_out(self, request: HttpRequest) -> HttpResponseBase:
        request.signed_out_because = "idle"  # type: ignore[attr-defined]
        auth.logout(request)
        messages.info(request, _("You were signed out because nothing had happened for a while."))
        if request.method not in ("GET", "HEAD"):
            return redirect("account_login")
        return self.get_response(request)


class SecondFactor:
    """Where REQUIRE_MFA is on, staff without a second factor see its set-up and nothing else of the admin site."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = settings.REQUIRE_MFA and request.path_info.startswith(reverse("admin:index"))
        if asked and request.user.is_authenticated and not has_second_factor(request.user):
            messages.warning(request, _("Set up a second step first. Until then nothing else is open to you."))
            return redirect("mfa_index")
        return self.get_response(request)
